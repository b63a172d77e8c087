/** Computes a reproduction on the command line, and shows its progress. */
import process from 'node:process'
import type { TrainingEvent } from '../contract/runs.ts'
import { formatDuration } from '../presentation/numbers.ts'
import type { Steps } from '../services/reproduction/driver.ts'
import {
  type Begun,
  type PlannedRow,
  type PlannedTraining,
  partLabel,
  partNames,
} from '../services/reproduction/index.ts'
import { trainAtOnce } from '../services/reproduction/trainers.ts'
import type { Session } from './session.ts'
import { type Bar, type Display, SINGLE, say, severalBars, trainingProgress } from './terminal.ts'

interface ClassicalProgress {
  readonly bar: Bar
  /** Quarters of the row that a line has told. */
  quarters: number
}

/** One progress display for each training or classical row that goes on. */
function parts({ plan, progress }: Begun) {
  const names = partNames(plan)
  const trainings = new Map<string, ReturnType<typeof trainingProgress>>()
  const classical = new Map<string, ClassicalProgress>()
  let display: Display = SINGLE
  const nameOf = (part: PlannedTraining | PlannedRow) =>
    display.isSingle ? partLabel(plan, part) : names.get(part.key)!

  function stop(key: string): void {
    trainings.get(key)?.stop()
    classical.get(key)?.bar.stop()
    trainings.delete(key)
    classical.delete(key)
  }
  /** Tells that a part begins. Returns the part's name. */
  function begin(part: PlannedTraining | PlannedRow, slots: number): string {
    if (display.isSingle && slots > 1) display = severalBars()
    const { done, planned, secondsLeft } = progress(slots)
    const left = secondsLeft === null ? '' : `, about ${formatDuration(secondsLeft)} left`
    const number = Math.min(planned, done + trainings.size + classical.size + 1)
    display.say(`${nameOf(part)} (${number} of ${planned}${left}) …`)
    return nameOf(part)
  }
  return {
    onTraining(planned: PlannedTraining, slots: number) {
      trainings.set(planned.key, trainingProgress(begin(planned, slots), display))
    },
    onScoring(planned: PlannedTraining) {
      if (!trainings.has(planned.key)) return
      display.say(display.isSingle ? 'Scoring …' : `${nameOf(planned)}: scoring …`)
      stop(planned.key)
    },
    onClassical(row: PlannedRow, share: number, slots: number) {
      const shown = classical.get(row.key) ?? { bar: display.bar(begin(row, slots)), quarters: Math.floor(4 * share) }
      classical.set(row.key, shown)
      shown.bar.update(Math.round(100 * share), 100, '')
      // Without a terminal there is no bar, so a line tells each quarter.
      if (process.stderr.isTTY || share === 1 || Math.floor(4 * share) <= shown.quarters) return
      shown.quarters = Math.floor(4 * share)
      display.say(`${nameOf(row)}: ${25 * shown.quarters} %`)
    },
    onEnd: ({ key }: PlannedTraining | PlannedRow) => stop(key),
    onEvent: ({ key }: PlannedTraining, event: TrainingEvent) => trainings.get(key)?.onEvent(event),
    onBusy: (words: string, planned?: PlannedTraining) => {
      const who = display.isSingle || !planned ? '' : `${nameOf(planned)}: `
      display.say(`${who}waiting for ${words} (Ctrl+C gives up)`)
    },
    stop() {
      for (const key of [...trainings.keys(), ...classical.keys()]) stop(key)
      display.stop()
    },
  }
}

/** Returns when every row is finished or has failed. */
export async function carryOut(
  { services, signal, stop }: Session,
  begun: Begun,
  options: Pick<Steps, 'stopAtFailure'> = {},
): Promise<void> {
  const { stop: stopAll, onEvent, onBusy, ...steps } = parts(begun)
  try {
    await begun.carryOut(
      trainAtOnce(services, planned => ({
        signal,
        stop,
        onEvent: event => onEvent(planned, event),
        onBusy: words => onBusy(words, planned),
      })),
      { ...options, ...steps, onBusy, signal },
    )
  } catch (error) {
    if (signal.aborted) say('Finished trainings are kept. The same command continues from here.')
    throw error
  } finally {
    stopAll()
  }
}
