/** Leaving: a training that runs is not thrown away without asking, and its last weights are written. */
import type { Event } from 'electron'
import { exitCodeOf, type hearSignals, type StopSignal } from '../services/profile/signals.ts'
import type { Electron, Window } from './electron.ts'

/** What has to end well. */
export interface Closing {
  /** The training that is going on, in words; `null`: none. */
  doing(): string | null
  /** Stops what is in training, waits until its state is written, and disposes. */
  close(how?: StopSignal): Promise<void>
  /** Ends at once. */
  dispose(): void
}

/** An engine that no longer answers must not keep the program. */
const PATIENCE_MS = 60_000

async function closeInTime(closing: Closing, how?: StopSignal): Promise<void> {
  const closed = closing.close(how).then(
    () => true,
    error => console.error(error),
  )
  const impatient = new Promise<false>(resolve => setTimeout(resolve, PATIENCE_MS, false).unref())
  if (!(await Promise.race([closed, impatient]))) closing.dispose()
}

/** SIGTERM and SIGHUP stop the program without asking. Ctrl+C in its terminal asks, as closing the window does. */
export function stopAtSignals({ app }: Electron, hear: typeof hearSignals, closing: Closing): void {
  hear(
    signal => {
      if (signal === 'SIGINT') app.quit()
      else void closeInTime(closing, signal).then(() => app.exit(exitCodeOf(signal)))
    },
    code => app.exit(code),
  )
}

export function guardQuit({ app, dialog }: Electron, window: Window, closing: Closing): void {
  let state: 'open' | 'leaving' | 'left' = 'open'

  async function mayLeave(): Promise<boolean> {
    const doing = closing.doing()
    if (!doing) return true
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: `A training is going on: ${doing}.`,
      detail: 'If you quit, it is cancelled; its epochs and its last weights are kept.',
      buttons: ['Cancel the training and quit', 'Keep training'],
      defaultId: 1,
      cancelId: 1,
    })
    return response === 0
  }

  async function leave(): Promise<void> {
    state = 'leaving'
    if (!(await mayLeave())) {
      state = 'open'
      return
    }
    await closeInTime(closing)
    state = 'left'
    app.quit()
  }

  const guard = (event: Event) => {
    if (state === 'left') return
    event.preventDefault()
    if (state === 'open') void leave()
  }
  // Closing the window quits, so it is held back before it is gone.
  window.on('close', guard)
  app.on('before-quit', guard)
  app.on('window-all-closed', () => app.quit())
}
