/** Computes a reproduction on the command line, and shows its progress. */
import process from 'node:process'
import type { TrainingEvent } from '../contract/runs.ts'
import { formatDuration } from '../presentation/numbers.ts'
import type { Steps } from '../services/reproduction/driver.ts'
import { type Begun, type PlannedRow, type PlannedTraining, partLabel } from '../services/reproduction/index.ts'
import { trainAtOnce } from '../services/reproduction/trainers.ts'
import type { Session } from './session.ts'
import { type Bar, progressBar, say, trainingProgress } from './terminal.ts'

/** One progress display per training or classical row, one after another. */
function parts({ plan, progress }: Begun) {
  let training: ReturnType<typeof trainingProgress> | null = null
  let classical: { readonly row: PlannedRow; readonly bar: Bar; quarters: number } | null = null
  const stop = () => {
    training?.stop()
    classical?.bar.stop()
    training = null
    classical = null
  }
  /** Stops the display of the part before. */
  function begin(part: PlannedTraining | PlannedRow): string {
    stop()
    const { done, planned, secondsLeft } = progress()
    const left = secondsLeft === null ? '' : `, about ${formatDuration(secondsLeft)} left`
    const label = partLabel(plan, part)
    say(`${label} (${done + 1} of ${planned}${left}) …`)
    return label
  }
  return {
    onPart(planned: PlannedTraining | null) {
      if (training && !planned) say('Scoring …')
      stop()
      if (planned) training = trainingProgress(begin(planned))
    },
    onClassical(row: PlannedRow, share: number) {
      const shown =
        classical?.row === row ? classical : { row, bar: progressBar(begin(row)), quarters: Math.floor(4 * share) }
      classical = shown
      shown.bar.update(Math.round(100 * share), 100, '')
      // Without a terminal there is no bar, so a line tells each quarter.
      if (process.stderr.isTTY || share === 1 || Math.floor(4 * share) <= shown.quarters) return
      shown.quarters = Math.floor(4 * share)
      say(`${partLabel(plan, row)}: ${25 * shown.quarters} %`)
    },
    onEvent: (event: TrainingEvent) => training?.onEvent(event),
    stop,
  }
}

/** Returns when every row is finished or has failed. */
export async function carryOut(
  { services, signal, stop }: Session,
  begun: Begun,
  options: Pick<Steps, 'stopAtFailure'> = {},
): Promise<void> {
  const progress = parts(begun)
  const { onPart, onClassical, onEvent } = progress
  const onBusy = (owner: string) => say(`waiting for ${owner} (Ctrl+C gives up)`)
  try {
    await begun.carryOut(
      trainAtOnce(services, () => ({ signal, stop, onEvent, onBusy })),
      { ...options, onPart, onClassical, signal },
    )
  } catch (error) {
    if (signal.aborted) say('Finished trainings are kept. The same command continues from here.')
    throw error
  } finally {
    progress.stop()
  }
}
