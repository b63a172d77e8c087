/** Stores the events of a training, and deletes files that are no longer needed. */
import type { TrainingEvent } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { isPassing, onceThereIsRoom, reasonToWait } from '../profile/room.ts'
import { asStored, forgetJobWords, logEvent } from './log.ts'
import { makeNumbers } from './numbers.ts'
import { beginRun } from './store.ts'
import {
  deviceChange,
  recordCheckpoint,
  recordDevice,
  recordEpoch,
  recordJob,
  recordState,
  rewind,
} from './store-training.ts'
import { makeTidy } from './tidy.ts'

export interface Recorder {
  /**
   * Stores an event. Returns a promise if the disk is full or the database is locked. The event and all later events
   * are then kept until they can be written.
   */
  record(event: TrainingEvent): void | Promise<void>
  /** Resolves when all events are written. */
  flush(): Promise<void>
  /** Completes the files of the run's numbers. Call after the final status is stored. */
  close(): void
}

interface RecorderOptions {
  /** The run is queued. Its first event that is not about its job changes its status to `running`. */
  readonly begins?: boolean
  /** Aborted: waiting ends. */
  readonly signal?: AbortSignal
  /** Called when writing waits, and with `null` when writing continues. */
  readonly onWait?: (words: string | null) => void
}

/** Least time between two logged steps. An engine may send more than ten steps per second. */
const STEP_INTERVAL_MS = 500

/** Makes the recorder of a training. */
export function makeRecorder(
  profile: Profile,
  run: string,
  { signal, onWait, begins = false }: RecorderOptions = {},
): Recorder {
  const { db } = profile
  const numbers = makeNumbers(profile, run)
  const kept: TrainingEvent[] = []
  let waiting: Promise<void> | null = null
  let waitsForBegin = begins
  let stepAt = Number.NEGATIVE_INFINITY
  const tidy = makeTidy(profile, run)

  function noteDevice(step: number): void {
    const note = deviceChange(profile, run, step)
    if (note) logEvent(profile, run, note)
  }

  /** Stores an event, and returns the paths of files to delete. */
  const write = db.transaction((event: TrainingEvent): string[] => {
    let gone: string[] = []
    if (waitsForBegin && event.type !== 'job') beginRun(profile, run)
    switch (event.type) {
      case 'device':
        recordDevice(profile, run, event)
        return []
      case 'job':
        recordJob(profile, run, event)
        if (forgetJobWords(profile, run, event.job)) numbers.restart()
        break
      case 'started':
        gone = rewind(profile, run, { step: 0, epoch: 0 })
        break
      case 'resumed':
        gone = rewind(profile, run, event.from)
        noteDevice(event.from.step)
        break
      case 'epoch':
        recordEpoch(profile, run, event)
        break
      case 'checkpoint':
        gone = recordCheckpoint(profile, run, event)
        break
      case 'state':
        gone = recordState(profile, run, event)
        break
    }
    logEvent(profile, run, event)
    return gone
  })

  function writeDown(event: TrainingEvent): void {
    if (!db.open) return // the program is closing
    const gone = write.immediate(asStored(profile, event))
    if (event.type !== 'job') waitsForBegin = false // only after the transaction is stored
    if (event.type === 'started' || event.type === 'resumed') numbers.restart()
    if (event.type === 'job') tidy.heed(event.job)
    else tidy.remove(gone)
    numbers.update(event)
  }

  async function writeKept(error: unknown): Promise<void> {
    onWait?.(reasonToWait(error))
    try {
      while (kept.length > 0) {
        await onceThereIsRoom(() => writeDown(kept[0]), signal)
        kept.shift()
      }
    } finally {
      waiting = null
      onWait?.(null)
    }
  }

  return {
    record(event) {
      if (event.type === 'step') {
        if (waiting || performance.now() - stepAt < STEP_INTERVAL_MS) return
        stepAt = performance.now()
      }
      if (!waiting) {
        try {
          return writeDown(event)
        } catch (error) {
          if (!isPassing(error)) throw error
          kept.push(event)
          waiting = writeKept(error)
          return waiting
        }
      }
      kept.push(event)
      return waiting
    },
    async flush() {
      await waiting
    },
    close() {
      numbers.update()
    },
  }
}
