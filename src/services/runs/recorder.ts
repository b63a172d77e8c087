/** Writes down what happens in a run's training as it comes, and takes away files that are no longer needed. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TrainingEvent } from '../../contract/runs.ts'
import { runDirectory, runFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { isPassing, onceThereIsRoom, reasonToWait } from '../profile/room.ts'
import { asStored, logEvent } from './log.ts'
import { makeNumbers } from './numbers.ts'
import { recordCheckpoint, recordDevice, recordEpoch, recordState, rewind } from './store-training.ts'

export interface Recorder {
  /**
   * A promise where the disk is full or the database is held: the event is kept, and those after it, until it can be
   * written.
   */
  record(event: TrainingEvent): void | Promise<void>
  /** Resolves when everything is written. */
  flush(): Promise<void>
  /** Completes the run's numbers, after its row says how it ended. */
  close(): void
}

interface RecorderOptions {
  /** Nothing is waited for any more. */
  readonly signal?: AbortSignal
  /** Called when writing waits for room, and (null) when it goes on. */
  readonly onWait?: (words: string | null) => void
}

/** Of steps, of which an engine may send ten a second, the log takes two. */
const STEP_INTERVAL_MS = 500

/** Files of a process that died while it wrote them. */
const partialFiles = (directory: string): string[] => {
  try {
    return readdirSync(directory)
      .filter(name => name.startsWith('.') && name.endsWith('.part'))
      .map(name => join(directory, name))
  } catch {
    return [] // the folder is not there yet
  }
}

/** One a training: it begins with what one before may have left half-written. */
export function makeRecorder(profile: Profile, run: string, { signal, onWait }: RecorderOptions = {}): Recorder {
  const { db } = profile
  const numbers = makeNumbers(profile, run)
  for (const path of partialFiles(runDirectory(profile, run))) rmSync(path, { force: true })
  const kept: TrainingEvent[] = []
  let waiting: Promise<void> | null = null
  let stepAt = Number.NEGATIVE_INFINITY

  /** Gives the paths of files that are to be removed. */
  const write = db.transaction((event: TrainingEvent): string[] => {
    let gone: string[] = []
    switch (event.type) {
      case 'device': {
        const note = recordDevice(profile, run, event)
        if (note) logEvent(profile, run, note)
        return []
      }
      case 'started':
        gone = rewind(profile, run, { step: 0, epoch: 0 })
        break
      case 'resumed':
        gone = rewind(profile, run, event.from)
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
    if (!db.open) return // the program is on its way out
    const gone = write.immediate(asStored(profile, event))
    if (event.type === 'started' || event.type === 'resumed') numbers.restart()
    for (const path of gone) rmSync(runFile(profile, path), { force: true })
    numbers.update()
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
