/**
 * Carries out a plan: each training begins as soon as a place is free and the trainings that it needs have finished.
 * Finished trainings are used, interrupted trainings are resumed, and missing trainings are started. The rows of a
 * training are scored at once, at the place of the training. With one place everything goes on in the plan's order.
 */
import { AppError, type ErrorCode, reasonOf, throwIfCancelled } from '../../contract/errors.ts'
import { withPlace } from '../places/place.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { timeRow } from './classical-pace.ts'
import { type Course, ensure, type Trainer } from './ensure.ts'
import { inTurn } from './order.ts'
import type { Plan } from './plan.ts'
import { needsOf, type PlannedRow, type PlannedTraining } from './planned.ts'
import { score } from './scores.ts'

export interface Steps {
  /** Called when a training begins. `slots`: the number of trainings that may go on at once. */
  readonly onTraining?: (planned: PlannedTraining, slots: number) => void
  /** Called when a training has finished, and its rows are scored. */
  readonly onScoring?: (planned: PlannedTraining) => void
  /** Called when a training with its scores, or a row without a training, has ended or failed. */
  readonly onEnd?: (part: PlannedTraining | PlannedRow) => void
  /** Called with the computed share of a classical row, 0 to 1. */
  readonly onClassical?: (row: PlannedRow, share: number, slots: number) => void
  /** See `TakeOptions.onWait`. Called if a scoring must wait. */
  readonly onBusy?: (words: string) => void
  readonly signal?: AbortSignal
  /** If true, the first failure is thrown. If false, failures are collected, and the other rows are computed. */
  readonly stopAtFailure?: boolean
}

/** Reasons for missing trainings and rows, by key. */
export type Failures = Map<string, string>

/** Errors that end the whole reproduction. */
const ENDING: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'JOB_REFUSED', 'JOB_CONTINUES'])

/** The error after a stop by the user. A message about jobs says more than the others. */
function stopped(errors: readonly unknown[]): unknown {
  const jobs = errors.filter(error => error instanceof AppError && error.code === 'JOB_CONTINUES')
  if (jobs.length < 2) return jobs[0] ?? errors[0]
  return new AppError(
    'JOB_CONTINUES',
    `${jobs.length} jobs go on. Resume the reproduction to follow the jobs.`,
    jobs[0],
  )
}

type Work = () => Promise<void>

class Driver {
  readonly #course: Course
  readonly #steps: Steps
  readonly #failures: Failures
  /** The number of trainings that may go on at once. */
  #slots = 1
  /** Keys of the trainings and rows that have begun, and of those that have ended. */
  readonly #begun = new Set<string>()
  readonly #ended = new Set<string>()
  /** Trainings whose rows are to be scored. */
  readonly #unscored = new Set<PlannedTraining>()

  constructor(course: Omit<Course, 'onTraining'>, steps: Steps, failures: Failures) {
    this.#course = { ...course, onTraining: planned => steps.onTraining?.(planned, this.#slots) }
    this.#steps = steps
    this.#failures = failures
  }

  /** Carries out the plan. Rejects with the first error that ends the whole, after all works have ended. */
  async carryOut(leave: () => void): Promise<void> {
    const { engines, profile } = this.#course.opened
    const errors: unknown[] = []
    const going = new Set<Promise<void>>()
    const begin = (work: Work) => {
      const promise = work()
        .catch((error: unknown) => {
          errors.push(error)
          leave()
        })
        .finally(() => going.delete(promise))
      going.add(promise)
    }
    let wake = () => {}
    const unlisten = profile.settingsBell.listen(() => wake())
    try {
      while (errors.length === 0) {
        const changed = new Promise<void>(resolve => {
          wake = resolve
        })
        this.#slots = await engines.slots() // the setting may change
        while (going.size < this.#slots) {
          const work = this.#next()
          if (!work) break
          begin(work)
        }
        if (going.size === 0) break
        await Promise.race([...going, changed])
      }
    } finally {
      unlisten()
      if (going.size > 0) leave()
      await Promise.all(going)
    }
    if (errors.length > 0) throw this.#steps.signal?.aborted ? stopped(errors) : errors[0]
  }

  /** The next work that can begin. `null`: all works have begun, or wait for others. */
  #next(): Work | null {
    const { plan, finished } = this.#course
    for (const training of this.#unscored) {
      if (!this.#isZeroFilledScored(training)) continue
      this.#unscored.delete(training)
      return () => this.#scoreTraining(training)
    }
    const isNew = ({ key }: { readonly key: string }) => !this.#begun.has(key)
    const row = plan.rows.find(each => each.training === null && isNew(each) && !plan.known.has(each.key))
    if (row) {
      this.#begun.add(row.key)
      return () => this.#scoreUntrained(row)
    }
    const isReady = (training: PlannedTraining) => needsOf(training).every(key => this.#ended.has(key))
    const planned = inTurn(plan, finished).find(each => isNew(each) && isReady(each))
    if (!planned) return null
    this.#begun.add(planned.key)
    return () => this.#train(planned)
  }

  /** A row's scores are compared with the zero-filled scores of its fold. */
  #isZeroFilledScored({ fold }: PlannedTraining): boolean {
    const { rows, known } = this.#course.plan
    return rows
      .filter(row => row.kind === 'zero-filled' && row.fold === fold)
      .every(({ key }) => known.has(key) || this.#ended.has(key))
  }

  /** Carries out a part of the plan. A failure is noted, unless it ends the whole. */
  async #attempt(key: string, work: () => Promise<void>): Promise<void> {
    const { opened, signal } = this.#course
    try {
      await work()
    } catch (error) {
      const isEnding = error instanceof AppError && ENDING.has(error.code)
      if (!opened.profile.db.open) throw new AppError('CANCELLED', 'The program was closed.')
      if (!isEnding) throwIfCancelled(signal)
      if (isEnding || this.#steps.stopAtFailure) throw error
      if (!(error instanceof AppError)) console.error(error)
      this.#failures.set(key, reasonOf(error))
    }
  }

  async #train(planned: PlannedTraining): Promise<void> {
    const { finished } = this.#course
    await this.#attempt(planned.key, async () => {
      finished.set(planned.key, await ensure(this.#course, planned))
    })
    this.#ended.add(planned.key)
    if (finished.has(planned.key)) this.#unscored.add(planned)
    else this.#steps.onEnd?.(planned)
  }

  async #scoreTraining(planned: PlannedTraining): Promise<void> {
    const { plan, finished } = this.#course
    this.#steps.onScoring?.(planned)
    const rows = plan.rows.filter(({ key, training }) => training === planned.key && !plan.known.has(key))
    await this.#score(rows, finished.get(planned.key)!.id)
    this.#steps.onEnd?.(planned)
  }

  async #scoreUntrained(row: PlannedRow): Promise<void> {
    await this.#score([row])
    this.#ended.add(row.key)
    this.#steps.onEnd?.(row)
  }

  /** Scores rows at one place, if possible at the place of `run`. */
  async #score(rows: readonly PlannedRow[], run?: string): Promise<void> {
    const { opened, plan, finished, signal } = this.#course
    const { onClassical, onBusy } = this.#steps
    await withPlace(opened.engines, { signal, prefer: run, onWait: onBusy }, async place => {
      const named = async () => {
        const taken = await place()
        if (run) taken.name(run)
        return taken
      }
      for (const row of rows)
        await this.#attempt(row.key, () => {
          const time = row.classical && timeRow(opened.profile, plan, row)
          const onShare = (share: number) => {
            time?.(share)
            if (time) onClassical?.(row, share, this.#slots)
          }
          return score(opened, plan, row, finished, named, { signal, onShare })
        })
    })
  }
}

/**
 * Carries out a plan, and adds its failures to `failures`, which are returned. Rejects with `CANCELLED` if the signal
 * is aborted or the program closes. Finished trainings and scores stay. An error that ends the whole stops the other
 * trainings, and is thrown when these have stopped.
 */
export async function goThrough(
  opened: OpenProfile,
  plan: Plan,
  trainer: Trainer,
  steps: Steps = {},
  failures: Failures = new Map(),
): Promise<Failures> {
  const leaving = new AbortController()
  const signal = AbortSignal.any([...(steps.signal ? [steps.signal] : []), leaving.signal])
  const course = { opened, plan, trainer, signal, finished: new Map(), computing: new Map() }
  await new Driver(course, steps, failures).carryOut(() => leaving.abort('leave'))
  return failures
}
