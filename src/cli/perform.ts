/** A training on the terminal. */
import type { RunRow } from '../contract/runs.ts'
import type { Services } from '../services/open.ts'
import type { RunOptions } from '../services/runs/training.ts'
import type { Session } from './session.ts'
import { readingBar, say, trainingProgress } from './terminal.ts'

interface Performance {
  readonly session: Session
  readonly title: string
  readonly noWait: boolean
  /** Names the study in the line that reports the start. */
  readonly on: string
}

/** Starts a training and shows its progress on the terminal. */
export async function perform(
  { session, title, noWait, on }: Performance,
  train: (services: Services, options: RunOptions) => Promise<RunRow>,
): Promise<RunRow> {
  const reading = readingBar()
  const progress = trainingProgress(title)
  try {
    return await train(session.services, {
      onEvent: progress.onEvent,
      onProgress: reading.onProgress,
      onStart(run) {
        reading.stop()
        say(`${title}: run ${run} on ${on}`)
      },
      onBusy(words) {
        reading.stop()
        say(`${title}: waiting for ${words} (Ctrl+C gives up)`)
      },
      noWait,
      signal: session.signal,
      stop: session.stop,
    })
  } finally {
    reading.stop()
    progress.stop()
  }
}
