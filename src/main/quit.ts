/** Quits the app. Asks before it stops running trainings, and waits until their states are written. */
import type { Event, MessageBoxOptions } from 'electron'
import { exitCodeOf, type hearSignals, type StopSignal } from '../services/profile/signals.ts'
import type { Electron, Window } from './electron.ts'

/** A training of the queue. */
export interface Doing {
  /** The training in words. */
  readonly words: string
  /** Whether the training is a job, which goes on without this program, or waits for a place among jobs. */
  readonly isJob: boolean
}

/** The services that must be closed before the app quits. */
export interface Closing {
  /** The trainings that run, or begin next. */
  doing(): readonly Doing[]
  /**
   * Stops the trainings of this machine, waits until their states are written, and disposes the services. Jobs go on,
   * unless `cancelJobs` is true.
   */
  close(how?: StopSignal | 'close', cancelJobs?: boolean): Promise<void>
  /** Disposes the services at once. */
  dispose(): void
}

/** The longest wait for an engine that no longer answers. */
const PATIENCE_MS = 60_000

async function closeInTime(closing: Closing, how: StopSignal | 'close', cancelJobs = false): Promise<void> {
  const closed = closing.close(how, cancelJobs).then(
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

/** How the user answers. `leave`: jobs go on. */
type Answer = 'leave' | 'cancel' | 'stay'

interface Question {
  readonly box: Pick<MessageBoxOptions, 'message' | 'detail' | 'defaultId' | 'cancelId'> & { buttons: string[] }
  /** One answer for each button. */
  readonly answers: readonly Answer[]
}

const linesOf = (doing: readonly Doing[]) => `${doing.map(({ words }) => words).join('\n')}\n\n`

/** 'A training is running: run 3: epoch 2/10.' Several trainings have a line each below. */
function running(doing: readonly Doing[]): { message: string; lines: string } {
  if (doing.length === 1) return { message: `A training is running: ${doing[0].words.replace(/\.$/, '')}.`, lines: '' }
  return { message: `${doing.length} trainings are running.`, lines: linesOf(doing) }
}

const JOBS_GO_ON =
  'Jobs go on without this program, and the program finds them again when it opens. Queued runs without a job are ' +
  'interrupted. Cancelled jobs keep their finished epochs and their last states.'

/** @param doing at least one training */
function questionOf(doing: readonly Doing[]): Question {
  const jobs = doing.filter(({ isJob }) => isJob)
  const local = doing.filter(({ isJob }) => !isJob)
  if (jobs.length === 0) {
    const { message, lines } = running(local)
    const [what, whose] = local.length === 1 ? ['training is', 'Its'] : ['trainings are', 'Their']
    return {
      box: {
        message,
        detail: `${lines}If you quit, the ${what} cancelled. ${whose} finished epochs and last weights are kept.`,
        buttons: [`Cancel the ${local.length === 1 ? 'training' : 'trainings'} and quit`, 'Keep training'],
        defaultId: 1,
        cancelId: 1,
      },
      answers: ['leave', 'stay'],
    }
  }
  const here =
    local.length > 0
      ? `Trainings of this machine are cancelled, and their last weights are kept: ` +
        `${local.map(({ words }) => words).join('; ')}.\n\n`
      : ''
  return {
    box: {
      message: jobs.length === 1 ? '1 job goes on or waits.' : `${jobs.length} jobs go on or wait.`,
      detail: `${linesOf(jobs)}${here}${JOBS_GO_ON}`,
      buttons: ['Leave the jobs running and quit', 'Cancel the jobs and quit', 'Keep the window open'],
      defaultId: 0,
      cancelId: 2,
    },
    answers: ['leave', 'cancel', 'stay'],
  }
}

export function guardQuit({ app, dialog }: Electron, window: Window, closing: Closing): void {
  let state: 'open' | 'leaving' | 'left' = 'open'

  async function ask(): Promise<Answer> {
    const doing = closing.doing()
    if (doing.length === 0) return 'leave'
    const { box, answers } = questionOf(doing)
    const { response } = await dialog.showMessageBox(window, { type: 'question', ...box })
    return answers[response]
  }

  async function leave(): Promise<void> {
    state = 'leaving'
    const answer = await ask()
    if (answer === 'stay') {
      state = 'open'
      return
    }
    await closeInTime(closing, 'close', answer === 'cancel')
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
