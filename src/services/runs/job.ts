/** One training of the queue: waits for the device, trains, and stores how the training ended. */
import type { TrainingEvent } from '../../contract/runs.ts'
import type { Lock } from '../profile/db/lock.ts'
import { takeDevice } from '../profile/device.ts'
import type { EnginePool } from '../profile/engine-pool.ts'
import type { Profile } from '../profile/profile.ts'
import { onceThereIsRoom } from '../profile/room.ts'
import type { Stop } from './ending.ts'
import { logEvent } from './log.ts'
import { beginRun } from './store.ts'
import { endRun, type PreparedRun, trainRun } from './training.ts'

/** A run with the status `queued`. */
export interface Waiting {
  readonly run: string
  readonly prepared: PreparedRun
}

interface JobContext {
  readonly profile: Profile
  readonly engines: Pick<EnginePool, 'jobs'>
  /** Called when the run has the device and its status is `running`. */
  readonly onBegin: () => void
}

export class Job {
  readonly run: string
  readonly #prepared: PreparedRun
  readonly #context: JobContext
  readonly #controller = new AbortController()
  #stop: Stop = 'cancel'
  #epoch = 1
  #begun = false
  #givenUp = false
  /** The reason for the present wait, in words. */
  #waitsFor: string | null = null

  constructor({ run, prepared }: Waiting, context: JobContext) {
    this.run = run
    this.#prepared = prepared
    this.#context = context
  }

  /** Whether the run has the device. Until then its status is `queued`. */
  get begun(): boolean {
    return this.#begun
  }

  /** Whether the row already says that the run will not begin in this program. */
  get givenUp(): boolean {
    return this.#givenUp
  }

  /** Whether the run waits for the device and was not stopped. */
  get waits(): boolean {
    return !this.#begun && !this.#controller.signal.aborted
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
    this.#controller.abort()
  }

  /** Stops without waiting, because the process or the engine is about to end. */
  dispose(stop: Stop): void {
    this.#stop = stop
    this.#controller.abort()
  }

  /** Takes the device, trains, and stores how the training ended. */
  async carryOut(): Promise<void> {
    const device = await this.#device()
    if (!device) return
    try {
      await this.#train(device)
    } finally {
      device.release()
    }
  }

  /** `null`: the run was stopped before it had the device. */
  async #device(): Promise<Lock | null> {
    const { profile } = this.#context
    const onWait = (owner: string) => {
      this.#waitsFor = `waiting for ${owner}`
      const words = `Waiting for the device, on which ${owner} trains.`
      logEvent(profile, this.run, { type: 'waiting', reason: 'device in use', path: null, words })
    }
    try {
      return await takeDevice({ signal: this.#controller.signal, onWait })
    } catch (error) {
      if (!this.#givenUp) await endRun(profile, this.run, error, this.#stop)
      return null
    }
  }

  async #train(device: Lock): Promise<void> {
    const { profile, engines, onBegin } = this.#context
    const { signal } = this.#controller
    this.#waitsFor = null
    this.#begun = true
    device.name(this.run)
    await onceThereIsRoom(() => beginRun(profile, this.run), signal)
    onBegin()
    const engine = await engines.jobs(signal).catch(async error => {
      await endRun(profile, this.run, error, this.#stop)
      throw error
    })
    await trainRun(profile, engine, this.run, this.#prepared, {
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
    if (event.type === 'waiting') this.#waitsFor = `the disk is full (${event.path}); waiting for free space`
    if (event.type === 'continued') this.#waitsFor = null
  }
}
