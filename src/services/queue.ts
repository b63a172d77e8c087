/** Trainings one after another, in the order in which they were asked for. The rows are there from the first moment, as `queued`. */
import { AppError } from '../contract/errors.ts'
import type { TrainingEvent } from '../contract/runs.ts'
import type { Services } from './context.ts'
import { recordFailure, setStatus } from './run-rows.ts'
import { insertRuns, type PreparedRun, trainRun } from './training.ts'

export interface Queue {
  /** Writes the rows and trains as soon as those before have ended; returns the runs' ids. */
  add(prepared: readonly PreparedRun[]): string[]
  /** Ends a run that waits at once, and asks one that is in training to stop: it reads `running` until it has. `false`: it is not here. */
  cancel(run: string): boolean
  /** What is in training, in words. */
  readonly doing: string | null
  /** Cancels what is in training and waits for its last weights; what waits reads `interrupted`. */
  stop(): Promise<void>
  /** Ends at once: the process is about to go, or the engine has gone. */
  abandon(): void
}

interface Waiting {
  readonly run: string
  readonly prepared: PreparedRun
}

interface Current {
  readonly run: string
  readonly cancellation: AbortController
  readonly epochs: number
  epoch: number
}

export function makeQueue(services: Services): Queue {
  const waiting: Waiting[] = []
  let current: Current | null = null
  let working: Promise<void> | null = null

  async function train({ run, prepared }: Waiting): Promise<void> {
    const mine: Current = { run, cancellation: new AbortController(), epochs: prepared.config.recipe.epochs, epoch: 1 }
    current = mine
    const { signal } = mine.cancellation
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'step') mine.epoch = event.epoch
    }
    try {
      setStatus(services, run, 'running', null)
      const engine = await services.jobs(signal).catch(error => {
        recordFailure(services, run, error)
        throw error
      })
      await trainRun(services, engine, run, prepared, { onEvent, signal })
    } catch (error) {
      // The run's row says how it ended; the next one has a chance of its own.
      if (!(error instanceof AppError)) console.error(error)
    } finally {
      current = null
    }
  }

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) await train(next)
    working = null
  }

  /** What waits will not be trained any more. */
  function giveUpWaiting(): void {
    for (const { run } of waiting.splice(0))
      setStatus(services, run, 'interrupted', 'The program was closed before the run had begun.')
  }

  return {
    add(prepared) {
      const runs = insertRuns(services, prepared, 'queued')
      for (const [i, run] of runs.entries()) waiting.push({ run, prepared: prepared[i] })
      working ??= work()
      return runs
    },
    cancel(run) {
      const place = waiting.findIndex(each => each.run === run)
      if (place >= 0) {
        waiting.splice(place, 1)
        setStatus(services, run, 'cancelled', 'Cancelled before it had begun.')
        return true
      }
      if (current?.run !== run) return false
      current.cancellation.abort()
      return true
    },
    get doing() {
      return current && `run ${current.run}: epoch ${current.epoch}/${current.epochs}`
    },
    async stop() {
      giveUpWaiting()
      current?.cancellation.abort()
      await working
    },
    abandon() {
      giveUpWaiting()
      if (current) setStatus(services, current.run, 'interrupted', 'The program was closed while the run was going on.')
    },
  }
}
