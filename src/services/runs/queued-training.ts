/** One training of the queue: waits for the device, trains, and stores how the training ended. */
import type { TrainingEvent } from '../../contract/runs.ts'
import type { EnginePool } from '../places/engine-pool.ts'
import type { Place } from '../places/place.ts'
import type { Profile } from '../profile/profile.ts'
import { onceThereIsRoom } from '../profile/room.ts'
import type { Stop } from './ending.ts'
import { logEvent } from './log.ts'
import { beginRun } from './store.ts'
import { endRun, type PreparedRun, trainRun, withNotes } from './training.ts'

/** A run with the status `queued`. */
export interface Waiting {
  readonly run: string
  readonly prepared: PreparedRun
}

interface Context {
  readonly profile: Profile
  readonly engines: Pick<EnginePool, 'take'>
  /** Called when the run has a place, so that the run no longer waits in this queue. */
  readonly onBegin: () => void
}

export class QueuedTraining {
  readonly run: string
  readonly #prepared: PreparedRun
  readonly #context: Context
  readonly #controller = new AbortController()
  #stop: Stop = 'cancel'
  #epoch = 1
  #place: Place | null = null
  #givenUp = false
  /** The reason for the present wait, in words. */
  #waitsFor: string | null = null

  constructor({ run, prepared }: Waiting, context: Context) {
    this.run = run
    this.#prepared = prepared
    this.#context = context
  }

  /** The place of the run. `null`: the run waits for a place. */
  get place(): Place | null {
    return this.#place
  }

  /** Whether the row already says that the run will not begin in this program. */
  get givenUp(): boolean {
    return this.#givenUp
  }

  /** Whether the run waits for a place and was not stopped. */
  get waits(): boolean {
    return !this.#place && !this.#controller.signal.aborted
  }

  /** The run's present activity in words. */
  get doing(): string {
    return `run ${this.run}: ${this.#waitsFor ?? `epoch ${this.#epoch}/${this.#prepared.config.recipe.epochs}`}`
  }

  /** Marks the run as given up. The caller stores the reason in the row. */
  giveUp(): void {
    this.#givenUp = true
  }

  /** Asks the training to stop. The first reason counts. */
  stop(stop: Stop): void {
    if (!this.#controller.signal.aborted) this.#stop = stop
    this.#controller.abort(stop)
  }

  /** Stops without waiting, because the process or the engine is about to end. */
  dispose(stop: Stop): void {
    this.#stop = stop
    this.#controller.abort(stop)
  }

  /** Takes a place, trains, and stores how the training ended. */
  async carryOut(): Promise<void> {
    this.#place = await this.#take()
    if (!this.#place) return
    try {
      await this.#train(this.#place)
    } finally {
      this.#place.release()
    }
  }

  /** `null`: the run was stopped before it had a place, or there is no engine. */
  async #take(): Promise<Place | null> {
    const { profile, engines } = this.#context
    const onWait = (what: string) => {
      this.#waitsFor = `waiting for ${what}`
      const words = `Waiting for ${what}.`
      logEvent(profile, this.run, { type: 'waiting', reason: 'device in use', path: null, words })
    }
    try {
      return await engines.take({ signal: this.#controller.signal, onWait, run: this.run })
    } catch (error) {
      if (!this.#givenUp) await endRun(profile, this.run, error, this.#stop)
      return null
    }
  }

  async #train({ engine, isRemote, notes, name }: Place): Promise<void> {
    const { profile, onBegin } = this.#context
    const { signal } = this.#controller
    this.#waitsFor = null
    name(this.run)
    if (!isRemote) await onceThereIsRoom(() => beginRun(profile, this.run), signal)
    onBegin()
    await trainRun(profile, engine, this.run, withNotes(this.#prepared, notes), {
      onEvent: event => this.#hear(event),
      onWait: words => {
        this.#waitsFor = words
      },
      signal,
      stop: () => this.#stop,
    })
  }

  #hear(event: TrainingEvent): void {
    if (event.type === 'step') this.#epoch = event.epoch
    if (event.type === 'started' || event.type === 'resumed') this.#waitsFor = null
    if (event.type === 'waiting') this.#waitsFor = `the disk is full (${event.path}); waiting for free space`
    if (event.type === 'continued') this.#waitsFor = null
    if (event.type === 'job') this.#waitsFor = event.job.state === 'running' ? null : event.job.words
  }
}
