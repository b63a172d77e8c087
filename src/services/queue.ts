/** Trainings one after another, in an order that can be changed. The rows are there from the first moment, as `queued`. */
import { AppError } from '../contract/errors.ts'
import type { TrainingEvent } from '../contract/runs.ts'
import type { OpenProfile } from './contents/reader.ts'
import { takeDevice } from './device.ts'
import { logEvent } from './log.ts'
import type { Resumption } from './resume.ts'
import { onceThereIsRoom } from './room.ts'
import { type Closing, closedReason, type Stop } from './runs/ending.ts'
import { beginRun, cancelRun, insertRuns, interruptRun, pauseRun, setQueuePlaces } from './runs/store.ts'
import { endRun, newRun, type PreparedRun, trainRun } from './training.ts'

export interface Queue {
  /** Writes the rows and trains as soon as those before have ended; returns the runs' ids. */
  add(prepared: readonly PreparedRun[]): string[]
  /** Queues a run that has ended again, to go on where it was. */
  resume(run: string, resumption: Resumption): void
  /**
   * Stops a run that waits at once, and asks one that is in training to stop: it reads `running` until its state is written. `false`: it is
   * not here.
   */
  stopRun(run: string, stop: 'cancel' | 'pause'): boolean
  /** Puts a run that waits before another one (`null`: at the end). `false`: one of them does not wait here. */
  move(run: string, before: string | null): boolean
  /** What is in training, in words. */
  readonly doing: string | null
  /**
   * Stops what is in training and waits for its state; it and what waits read `interrupted`. Stopped by a signal, what waits keeps its place:
   * the next window of this profile goes on with it.
   */
  stop(how?: Closing): Promise<void>
  /** What has closed it, if anything has. */
  readonly closed: Closing | null
  /** Ends at once: the process is about to go, or the engine has gone. */
  abandon(): void
}

/** An open profile with the trainings that wait for their turn. */
export interface WithQueue extends OpenProfile {
  readonly queue: Queue
}

interface Waiting {
  readonly run: string
  readonly prepared: PreparedRun
}

interface Current {
  readonly run: string
  readonly controller: AbortController
  readonly epochs: number
  stop: Stop
  epoch: number
  /** Whether it has the device; before, its row still reads `queued`. */
  begun: boolean
  /** Its row says already that it will not begin here. */
  givenUp: boolean
  /** What it stands still for, in words. */
  waitsFor: string | null
}

export function makeQueue(opened: OpenProfile): Queue {
  const waiting: Waiting[] = []
  let current: Current | null = null
  let working: Promise<void> | null = null

  const place = () =>
    setQueuePlaces(
      opened.profile,
      [...(current && !current.begun ? [current] : []), ...waiting].map(({ run }) => run),
    )

  /** With the device to itself; however it ends, the row says so. */
  async function train({ run, prepared }: Waiting, mine: Current): Promise<void> {
    const { signal } = mine.controller
    const stop = () => mine.stop
    const onWait = (words: string | null) => {
      mine.waitsFor = words
    }
    const onBusy = (owner: string) => {
      mine.waitsFor = `waiting for ${owner}`
      const words = `Waits for the device, on which ${owner} trains.`
      logEvent(opened.profile, run, { type: 'waiting', reason: 'device in use', path: null, words })
    }
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'step') mine.epoch = event.epoch
      if (event.type === 'waiting') mine.waitsFor = `the disk is full (${event.path}); waiting for room`
      if (event.type === 'continued') mine.waitsFor = null
    }
    const device = await takeDevice({ signal, onWait: onBusy }).catch(async error => {
      if (!mine.givenUp) await endRun(opened.profile, run, error, stop())
    })
    if (!device) return
    try {
      mine.waitsFor = null
      mine.begun = true
      device.name(run)
      await onceThereIsRoom(() => beginRun(opened.profile, run), signal)
      place()
      const engine = await opened.engines.jobs(signal).catch(async error => {
        await endRun(opened.profile, run, error, stop())
        throw error
      })
      await trainRun(opened.profile, engine, run, prepared, { onEvent, onWait, signal, stop })
    } finally {
      device.release()
    }
  }

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { run, prepared } = next
      current = {
        run,
        controller: new AbortController(),
        epochs: prepared.config.recipe.epochs,
        stop: 'cancel',
        epoch: 1,
        begun: false,
        givenUp: false,
        waitsFor: null,
      }
      try {
        await train(next, current)
      } catch (error) {
        // The run's row says how it ended; the next one has a chance of its own.
        if (!(error instanceof AppError)) console.error(error)
      } finally {
        current = null
      }
    }
    working = null
  }

  let closed: Closing | null = null

  /** Throws `CANCELLED` once the program closes: nothing would train them. */
  function requireOpen(): void {
    if (closed) throw new AppError('CANCELLED', 'The program is being closed.')
  }

  function begin(added: readonly Waiting[]): void {
    waiting.push(...added)
    working ??= work()
    place()
  }

  /** What waits will not be trained any more, at least not here. */
  function giveUpWaiting(how: Closing): void {
    const given = waiting.splice(0).map(({ run }) => run)
    if (current && !current.begun && !current.controller.signal.aborted) {
      current.givenUp = true
      given.unshift(current.run)
    }
    for (const run of given) interruptRun(opened.profile, run, closedReason(how, 'before the run had begun'))
    if (how !== 'close') setQueuePlaces(opened.profile, given)
  }

  return {
    add(prepared) {
      requireOpen()
      const runs = insertRuns(
        opened.profile,
        prepared.map(each => newRun(each, 'queued')),
      )
      begin(runs.map((run, i) => ({ run, prepared: prepared[i] })))
      return runs
    },
    resume(run, { prepared, claim }) {
      requireOpen()
      claim()
      begin([{ run, prepared }])
    },
    stopRun(run, stop) {
      const at = waiting.findIndex(each => each.run === run)
      if (at >= 0) {
        waiting.splice(at, 1)
        if (stop === 'cancel') cancelRun(opened.profile, run, 'Cancelled before it had begun.')
        else pauseRun(opened.profile, run)
        place()
        return true
      }
      if (current?.run !== run) return false
      if (!current.controller.signal.aborted) current.stop = stop
      current.controller.abort()
      return true
    },
    move(run, before) {
      const moved = waiting.find(each => each.run === run)
      if (!moved || (before !== null && !waiting.some(each => each.run === before))) return false
      if (run === before) return true
      waiting.splice(waiting.indexOf(moved), 1)
      const at = before === null ? waiting.length : waiting.findIndex(each => each.run === before)
      waiting.splice(at, 0, moved)
      place()
      return true
    },
    get doing() {
      if (!current) return null
      const { run, epoch, epochs, waitsFor } = current
      return `run ${run}: ${waitsFor ?? `epoch ${epoch}/${epochs}`}`
    },
    get closed() {
      return closed
    },
    async stop(how = 'close') {
      closed = how
      giveUpWaiting(how)
      if (current && !current.controller.signal.aborted) current.stop = how
      current?.controller.abort()
      await working
    },
    abandon() {
      closed ??= 'close'
      giveUpWaiting(closed)
      if (!current) return
      if (!current.givenUp)
        interruptRun(opened.profile, current.run, closedReason(closed, 'while the run was going on'))
      current.stop = closed
      current.controller.abort()
    },
  }
}
