/** Computes a reproduction on the command line, and shows its progress. */
import type { TrainingEvent } from '../contract/runs.ts'
import { formatDuration } from '../presentation/numbers.ts'
import type { Services } from '../services/open.ts'
import type { Steps } from '../services/reproduction/driver.ts'
import {
  type Begun,
  type Plan,
  type PlannedTraining,
  progressOf,
  trainingLabel,
} from '../services/reproduction/index.ts'
import { trainAtOnce } from '../services/reproduction/trainers.ts'
import type { Session } from './session.ts'
import { say, trainingProgress } from './terminal.ts'

/** One progress display per training, one after another. */
function parts(services: Services, plan: Plan) {
  let current: ReturnType<typeof trainingProgress> | null = null
  return {
    onPart(training: PlannedTraining | null) {
      if (current && !training) say('Scoring …')
      current?.stop()
      current = null
      if (!training) return
      const { done, planned, secondsLeft } = progressOf(services.profile, plan)
      const left = secondsLeft === null ? '' : `, about ${formatDuration(secondsLeft)} of training left`
      const label = trainingLabel(plan, training)
      say(`${label} (${done + 1} of ${planned}${left}) …`)
      current = trainingProgress(label)
    },
    onEvent: (event: TrainingEvent) => current?.onEvent(event),
    stop: () => current?.stop(),
  }
}

/** Returns when every row is finished or has failed. */
export async function carryOut(
  { services, signal, stop }: Session,
  begun: Begun,
  options: Pick<Steps, 'stopAtFailure'> = {},
): Promise<void> {
  const progress = parts(services, begun.plan)
  const { onPart, onEvent } = progress
  const onBusy = (owner: string) => say(`waiting for ${owner} (Ctrl+C gives up)`)
  try {
    await begun.carryOut(
      trainAtOnce(services, () => ({ signal, stop, onEvent, onBusy })),
      { ...options, onPart, signal },
    )
  } catch (error) {
    if (signal.aborted) say('Finished trainings are kept. The same command continues from here.')
    throw error
  } finally {
    progress.stop()
  }
}
