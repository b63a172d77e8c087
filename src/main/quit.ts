/** Quits the app. Asks before it cancels a running training, and waits until the last weights are written. */
import type { Event } from 'electron'
import { exitCodeOf, type hearSignals, type StopSignal } from '../services/profile/signals.ts'
import type { Electron, Window } from './electron.ts'

/** The services that must be closed before the app quits. */
export interface Closing {
  /** The running training in words. `null`: no training runs. */
  doing(): string | null
  /** Stops the running training, waits until its state is written, and disposes the services. */
  close(how?: StopSignal): Promise<void>
  /** Disposes the services at once. */
  dispose(): void
}

/** The longest wait for an engine that no longer answers. */
const PATIENCE_MS = 60_000

async function closeInTime(closing: Closing, how?: StopSignal): Promise<void> {
  const closed = closing.close(how).then(
    () => true,
    error => console.error(error),
  )
  const impatient = new Promise<false>(resolve => setTimeout(resolve, PATIENCE_MS, false).unref())
  if (!(await Promise.race([closed, impatient]))) closing.dispose()
}

/**
 * SIGTERM and SIGHUP stop the program without a question. Ctrl+C in the terminal asks, as closing the window does. See
 * docs/decisions/0004-signals-stop-in-order.md.
 */
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
      message: `A training is running: ${doing}.`,
      detail: 'If you quit, the training is cancelled. Its finished epochs and its last weights are kept.',
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
  // Closing the window quits the app, so the close event is stopped until the app may quit.
  window.on('close', guard)
  app.on('before-quit', guard)
  app.on('window-all-closed', () => app.quit())
}
