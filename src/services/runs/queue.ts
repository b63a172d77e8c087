/**
 * The queue: one training at each place, and one after another if there is one place. The order can be changed. Rows
 * are stored at once, with status `queued`.
 */
import { AppError } from '../../contract/errors.ts'
import type { Profile } from '../profile/profile.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { type Closing, closedReason } from './ending.ts'
import { QueuedTraining, type Waiting } from './queued-training.ts'
import type { Resumption } from './resume.ts'
import { cancelRun, insertRuns, interruptRun, pauseRun, setQueuePlaces } from './store.ts'
import { newRun, type PreparedRun } from './training.ts'

export interface Queue {
  /** Stores the runs and queues them. Returns their ids. */
  add(prepared: readonly PreparedRun[]): string[]
  /** Queues a run again that has ended. The run continues from its last state. */
  resume(run: string, resumption: Resumption): void
  /**
   * Stops a queued run at once. A running run is asked to stop. Its status is `running` until its state is written.
   * `false`: the run is not in this queue.
   */
  stopRun(run: string, stop: 'cancel' | 'pause'): boolean
  /** Moves a queued run before another queued run, or to the end (`null`). `false`: a run is not queued here. */
  move(run: string, before: string | null): boolean
  /** Begins waiting runs if there are more places than before, because settings have changed. */
  refill(): Promise<void>
  /** The trainings that have a place or wait for one next. */
  readonly doing: readonly Doing[]
  /**
   * Stops the running trainings and waits for their states. All runs of the queue become `interrupted`. Jobs go on,
   * unless `cancelJobs` is true.
   * After a signal, queued runs keep their places, and the next window of the profile continues them.
   */
  stop(how?: Closing, cancelJobs?: boolean): Promise<void>
  /** The reason why the queue was closed. `null`: the queue is open. */
  readonly closed: Closing | null
  /** Whether jobs may go on after the queue was closed. */
  readonly leavesJobs: boolean
  /** `stop` also stops the follower, and waits for its end. */
  follow(follower: Follower): void
  /** Ends at once, because the process is about to end or the engine has ended. */
  dispose(): void
}

/** A work that ends with the queue, such as a reproduction. */
export interface Follower {
  stop(how: Closing): void
  /** Resolves when the work has ended and its status is stored. */
  readonly ended: Promise<void>
}

/** A training of the queue. */
export interface Doing {
  readonly run: string
  /** The run's present activity in words. */
  readonly words: string
  /** Slot of this machine. `null`: the training is a job, or waits for a place. */
  readonly slot: number | null
  /** Whether the training is a job, which goes on without this program, or waits for a place among jobs. */
  readonly isJob: boolean
}

/** An open profile with its queue of trainings. */
export interface WithQueue extends OpenProfile {
  readonly queue: Queue
}

/** The order with `run` moved before another run, or to the end (`null`). Returns `null` if a run is not queued. */
function reordered<Each extends { readonly run: string }>(
  waiting: readonly Each[],
  run: string,
  before: string | null,
): Each[] | null {
  const moved = waiting.find(each => each.run === run)
  if (!moved || (before !== null && !waiting.some(each => each.run === before))) return null
  if (run === before) return [...waiting]
  const others = waiting.filter(each => each !== moved)
  return others.toSpliced(before === null ? others.length : others.findIndex(each => each.run === before), 0, moved)
}

/** Interrupts a run. Does nothing if the run has ended, or if another program has taken the run. */
function interruptUnlessEnded(profile: Profile, run: string, reason: string): void {
  try {
    interruptRun(profile, run, reason)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'STATE_CONFLICT') throw error
  }
}

class TrainingQueue implements Queue {
  readonly #opened: Pick<OpenProfile, 'profile' | 'engines'>
  #waiting: Waiting[] = []
  /** Trainings that have a place or wait for one next, with the promises of their ends. */
  readonly #trainings = new Map<QueuedTraining, Promise<void>>()
  readonly #followers = new Set<Follower>()
  #closed: Closing | null = null
  #leavesJobs = false

  constructor(opened: Pick<OpenProfile, 'profile' | 'engines'>) {
    this.#opened = opened
  }

  get doing(): readonly Doing[] {
    return [...this.#trainings.keys()].map(({ run, doing, place }) => ({
      run,
      words: doing,
      slot: place && !place.isRemote ? place.slot : null,
      isJob: place?.isRemote ?? this.#opened.engines.isRemote,
    }))
  }

  get closed(): Closing | null {
    return this.#closed
  }

  get leavesJobs(): boolean {
    return this.#leavesJobs
  }

  follow(follower: Follower): void {
    this.#followers.add(follower)
    void follower.ended.finally(() => this.#followers.delete(follower))
  }

  add(prepared: readonly PreparedRun[]): string[] {
    this.#requireOpen()
    const added = prepared.map(each => newRun(each, 'queued'))
    const runs = insertRuns(this.#opened.profile, added)
    this.#begin(runs.map((run, i) => ({ run, prepared: prepared[i] })))
    return runs
  }

  resume(run: string, { prepared, claim }: Resumption): void {
    this.#requireOpen()
    claim()
    this.#begin([{ run, prepared }])
  }

  stopRun(run: string, stop: 'cancel' | 'pause'): boolean {
    const { profile } = this.#opened
    const others = this.#waiting.filter(each => each.run !== run)
    if (others.length < this.#waiting.length) {
      this.#waiting = others
      if (stop === 'cancel') cancelRun(profile, run, 'Cancelled before it had begun.')
      else pauseRun(profile, run)
      this.#writePlaces()
      return true
    }
    const training = this.#running.find(each => each.run === run)
    training?.stop(stop)
    return training !== undefined
  }

  move(run: string, before: string | null): boolean {
    const order = reordered(this.#waiting, run, before)
    if (!order) return false
    this.#waiting = order
    if (run !== before) this.#writePlaces()
    return true
  }

  async stop(how: Closing = 'close', cancelJobs = false): Promise<void> {
    this.#closed = how
    const placed = this.#running.flatMap(({ place }) => place ?? [])
    const { isRemote } = this.#opened.engines // decides about scorings, which are not in this queue
    this.#leavesJobs = !cancelJobs && (placed.length > 0 ? placed.some(each => each.isRemote) : isRemote)
    this.#giveUpWaiting(how)
    for (const training of this.#running) training.stop(cancelJobs && training.place?.isRemote ? 'cancel' : how)
    const followers = [...this.#followers]
    for (const follower of followers) follower.stop(how)
    await Promise.all([...this.#trainings.values(), ...followers.map(({ ended }) => ended)])
  }

  dispose(): void {
    this.#closed ??= 'close'
    this.#giveUpWaiting(this.#closed)
    const reason = closedReason(this.#closed, 'while the run was going on')
    for (const training of this.#running) {
      if (!training.givenUp) interruptUnlessEnded(this.#opened.profile, training.run, reason)
      training.dispose(this.#closed)
    }
  }

  /** Throws `CANCELLED` if the program is closing, because new runs would not be trained. */
  #requireOpen(): void {
    if (this.#closed) throw new AppError('CANCELLED', 'The program is being closed.')
  }

  #begin(added: readonly Waiting[]): void {
    this.#waiting.push(...added)
    this.#fill(1)
    this.#writePlaces()
    void this.refill()
  }

  /** Without a device one run begins, whose row then says what is wrong. */
  async refill(): Promise<void> {
    this.#fill(await this.#opened.engines.slots().catch(() => 1))
  }

  /**
   * Begins waiting runs until `slots` runs are begun. Trainings of this machine are not counted among jobs, nor jobs
   * among trainings of this machine.
   */
  #fill(slots: number): void {
    if (this.#waiting.length === 0) return
    const { isRemote } = this.#opened.engines
    while (this.#running.filter(({ place }) => !place || place.isRemote === isRemote).length < slots) {
      const next = this.#waiting.shift()
      if (!next) return
      const training = new QueuedTraining(next, { ...this.#opened, onBegin: () => this.#hasBegun() })
      this.#trainings.set(training, this.#carryOut(training))
    }
  }

  #hasBegun(): void {
    this.#writePlaces()
    void this.refill()
  }

  /** Carries out a training, and then begins the next run. */
  async #carryOut(training: QueuedTraining): Promise<void> {
    try {
      await training.carryOut()
    } catch (error) {
      // The row of the run has the error. The next run is trained nevertheless.
      if (!(error instanceof AppError)) console.error(error)
    } finally {
      this.#trainings.delete(training)
      await this.refill()
    }
  }

  get #running(): readonly QueuedTraining[] {
    return [...this.#trainings.keys()]
  }

  #writePlaces(): void {
    const names = (of: readonly { readonly run: string }[]) => of.map(({ run }) => run)
    const first = this.#running.filter(({ place }) => !place)
    const begun = this.#running.filter(({ place }) => place)
    setQueuePlaces(this.#opened.profile, names([...first, ...this.#waiting]), names(begun))
  }

  /** Marks all queued runs as interrupted, because this program will not train them. */
  #giveUpWaiting(how: Closing): void {
    const { profile } = this.#opened
    const given = this.#waiting.splice(0).map(({ run }) => run)
    const next = this.#running.filter(({ waits }) => waits)
    for (const training of next) training.giveUp()
    given.unshift(...next.map(({ run }) => run))
    for (const run of given) interruptUnlessEnded(profile, run, closedReason(how, 'before the run had begun'))
    if (how !== 'close') setQueuePlaces(profile, given)
  }
}

export const makeQueue = (opened: Pick<OpenProfile, 'profile' | 'engines'>): Queue => new TrainingQueue(opened)
