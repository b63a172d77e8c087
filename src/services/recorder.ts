/** Writes down what happens in a run's training as it comes, and takes away files that are no longer needed. */
import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Position, TrainingEvent } from '../contract/runs.ts'
import type { Services } from './context.ts'
import { asStored, forgetAfter, logEvent } from './log.ts'
import { makeNumbers } from './numbers.ts'
import { runDirectory, runFile } from './profile.ts'
import { isPassing, onceThereIsRoom, reasonToWait } from './room.ts'

export interface Recorder {
  /** A promise where the disk is full or the database is held: the event is kept, and those after it, until it can be written. */
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

/** The newest, and the one before in case that is damaged. */
const STATES_KEPT = 2

type Written<Type extends TrainingEvent['type']> = Extract<TrainingEvent, { type: Type }>

/** The rows of one run. What the removing ones return are the stored paths of files that nothing names any longer. */
function makeRows(services: Services, run: string) {
  const { db } = services
  const id = Number(run)
  const now = () => new Date().toISOString()
  const remove = (sql: string, parameters: object = {}) =>
    db
      .prepare(`${sql} RETURNING path`)
      .pluck()
      .all({ run: id, ...parameters }) as string[]

  return {
    addEpoch({ figures }: Written<'epoch'>): void {
      const { epoch, loss, learningRate, seconds, validationLoss, validation, extra } = figures
      db.prepare(
        'INSERT INTO epochs (run_id, epoch, loss, learning_rate, seconds, validation_loss, ssim, psnr, nmse, extra) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ).run(
        id,
        epoch,
        loss,
        learningRate,
        seconds,
        validationLoss,
        validation?.ssim ?? null,
        validation?.psnr ?? null,
        validation?.nmse ?? null,
        JSON.stringify(extra),
      )
    },
    /** The last weights before are no longer needed; best ones are as long as a state names them. */
    addCheckpoint({ role, epoch, step, path, sha256 }: Written<'checkpoint'>): string[] {
      const before = role === 'last' ? remove("DELETE FROM checkpoints WHERE run_id = @run AND role = 'last'") : []
      db.prepare(
        'INSERT OR REPLACE INTO checkpoints (run_id, role, epoch, step, path, sha256, written_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(id, role, epoch, step, path, sha256, now())
      return before.filter(old => old !== path)
    },
    addState({ at, bestEpoch, path, sha256 }: Written<'state'>): string[] {
      db.prepare(
        'INSERT OR REPLACE INTO states (run_id, step, epoch, best_epoch, path, sha256, written_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(id, at.step, at.epoch, bestEpoch, path, sha256, now())
      const states = remove(
        `DELETE FROM states WHERE run_id = @run AND (step, epoch) NOT IN
          (SELECT step, epoch FROM states WHERE run_id = @run ORDER BY step DESC, epoch DESC LIMIT ${STATES_KEPT})`,
      )
      const best = remove(
        `DELETE FROM checkpoints WHERE run_id = @run AND role = 'best'
          AND epoch < (SELECT MAX(epoch) FROM checkpoints WHERE run_id = @run AND role = 'best')
          AND epoch NOT IN (SELECT best_epoch FROM states WHERE run_id = @run AND best_epoch IS NOT NULL)`,
      )
      return [...states, ...best]
    },
    /** What came after a position will come again. */
    rewind({ step, epoch }: Position): string[] {
      db.prepare('DELETE FROM epochs WHERE run_id = ? AND epoch > ?').run(id, epoch)
      forgetAfter(services, run, { step, epoch })
      return [
        ...remove("DELETE FROM checkpoints WHERE run_id = @run AND role <> 'last' AND step > @step", { step }),
        ...remove('DELETE FROM states WHERE run_id = @run AND (step, epoch) > (@step, @epoch)', { step, epoch }),
      ]
    },
    /** What computes now; a note where it is not what computed before. */
    setDevice({ device }: Written<'device'>): Written<'note'> | null {
      const read = db.prepare('SELECT environment FROM runs WHERE id = ?').pluck()
      const before = JSON.parse(read.get(id) as string) as Partial<Record<keyof typeof device, string | null>>
      db.prepare('UPDATE runs SET environment = json_patch(environment, ?) WHERE id = ?').run(
        JSON.stringify(device),
        id,
      )
      const changed = (['tensorflow', 'tfjs', 'device', 'gpu', 'compiler'] as const).filter(
        name => before.device !== undefined && (before[name] ?? null) !== device[name],
      )
      if (changed.length === 0) return null
      const text = `Goes on with ${changed.map(name => `${name} ${device[name] ?? 'none'}, not ${before[name] ?? 'none'}`).join('; ')}: the last digits may differ.`
      return { type: 'note', level: 'info', code: 'device-changed', data: { changed: changed.join() }, text }
    },
  }
}

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

/** A checkpoint, and the pretext's head beside it where there is one. */
const withHead = (path: string): string[] => [path, join(dirname(path), basename(path).replace(/^last-/, 'head-'))]

/** One a training: it begins with what one before may have left half-written. */
export function makeRecorder(services: Services, run: string, { signal, onWait }: RecorderOptions = {}): Recorder {
  const { db } = services
  const rows = makeRows(services, run)
  const numbers = makeNumbers(services, run)
  for (const path of partialFiles(runDirectory(services, run))) rmSync(path, { force: true })
  const kept: TrainingEvent[] = []
  let waiting: Promise<void> | null = null
  let stepAt = Number.NEGATIVE_INFINITY

  /** Gives the paths of files that are to be removed. */
  const write = db.transaction((event: TrainingEvent): string[] => {
    let gone: string[] = []
    switch (event.type) {
      case 'device': {
        const note = rows.setDevice(event)
        if (note) logEvent(services, run, note)
        return []
      }
      case 'started':
        gone = rows.rewind({ step: 0, epoch: 0 })
        break
      case 'resumed':
        gone = rows.rewind(event.from)
        break
      case 'epoch':
        rows.addEpoch(event)
        break
      case 'checkpoint':
        gone = rows.addCheckpoint(event)
        break
      case 'state':
        gone = rows.addState(event)
        break
    }
    logEvent(services, run, event)
    return gone
  })

  function writeDown(event: TrainingEvent): void {
    if (!db.open) return // the program is on its way out
    const gone = write.immediate(asStored(services, event))
    if (event.type === 'started' || event.type === 'resumed') numbers.restart()
    for (const path of gone.flatMap(withHead)) rmSync(runFile(services, path), { force: true })
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
