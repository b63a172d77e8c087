/**
 * A training that is the same as a shorter one as far as that goes: equal weights to start from, batches, optimizer and learning rates. It
 * goes on where the shorter one ended, and ends with the weights that it would have had from its own beginning, bit for bit.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../../contract/errors.ts'
import type { Recipe, RunConfig, RunRow } from '../../contract/runs.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../core/training/checkpoint.ts'
import { sameRates } from '../../core/training/schedules.ts'
import { decodeState, encodeState } from '../../core/training/state.ts'
import type { WrittenFile } from '../../engine/protocol.ts'
import type { Services } from '../context.ts'
import { logEvent } from '../log.ts'
import { makeFolder, runDirectory, runFile, storedRunFile } from '../profile.ts'
import { setStatus } from '../run-rows.ts'
import { statesOf } from '../runs.ts'
import { insertRuns, type PreparedRun } from '../training.ts'

/** All but how long it is. */
const withoutLength = (config: RunConfig) => ({
  ...config,
  fineTuning: null,
  recipe: { ...config.recipe, epochs: 0, warmup: 0, schedule: null, milestones: [] },
})

/** Whether one recipe's training is how the other's begins. */
export const isBeginning = (shorter: Recipe, longer: Recipe): boolean =>
  shorter.epochs < longer.epochs &&
  shorter.earlyStopping === null &&
  longer.milestones.every(epoch => epoch > shorter.epochs || shorter.milestones.includes(epoch)) &&
  sameRates(shorter, longer, shorter.epochs)

/** The longest of these finished runs, which have the volumes and the start of `config`, with which it begins. */
export function beginningOf(config: RunConfig, runs: readonly RunRow[]): RunRow | null {
  const fitting = runs.filter(({ status, config: { recipe, ...rest } }) => {
    if (status !== 'finished' || recipe === null || !isBeginning(recipe, config.recipe)) return false
    return isDeepStrictEqual(withoutLength({ ...rest, recipe }), withoutLength(config))
  })
  return fitting.toSorted((a, b) => b.config.recipe!.epochs - a.config.recipe!.epochs)[0] ?? null
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function readWhole({ path, sha256 }: WrittenFile): Uint8Array {
  const bytes = readFileSync(path)
  if (digest(bytes) === sha256) return bytes
  throw new AppError('CHECKPOINT_DAMAGED', `Expected SHA-256 ${sha256}, got another, in ${path}`)
}

const EPOCH = 'epoch, loss, learning_rate, seconds, validation_loss, ssim, psnr, nmse, extra'

/** Gives a run what the shorter one has done: its epochs, the weights kept so far and the state at its end, in files of its own. */
function takeOver(services: Services, run: string, { id }: RunRow): void {
  const { db } = services
  const directory = runDirectory(services, run)
  makeFolder(directory)
  const own = (path: string) => join(directory, basename(path))
  const stored = (path: string) => storedRunFile(services, own(path))
  const ids = { run: Number(run), shorter: Number(id) }

  const [end] = statesOf(services, ids.shorter)
  if (!end) throw new AppError('CHECKPOINT_DAMAGED', `Expected a state of run ${id}, got none`)
  const { progress, plain } = decodeState(decodeCheckpoint(readWhole(end), end.path), id, end.path)
  const best = progress.best && { ...progress.best, path: own(progress.best.path) }
  const state = encodeCheckpoint(encodeState(run, { progress: { ...progress, best, last: null }, plain }))
  writeFileSync(own(end.path), state)
  db.prepare(
    'INSERT INTO states (run_id, step, epoch, best_epoch, path, sha256, written_at) VALUES (@run, @step, @epoch, @best, @path, @sha256, @at)',
  ).run({
    run: ids.run,
    step: progress.step,
    epoch: progress.epoch,
    best: best?.epoch ?? null,
    path: stored(end.path),
    sha256: digest(state),
    at: new Date().toISOString(),
  })

  const kept = db.prepare("SELECT * FROM checkpoints WHERE run_id = ? AND role <> 'last'").all(ids.shorter)
  const add = db.prepare(
    'INSERT INTO checkpoints (run_id, role, epoch, step, path, sha256, written_at) VALUES (@run_id, @role, @epoch, @step, @path, @sha256, @written_at)',
  )
  for (const checkpoint of kept as WrittenFile[]) {
    const whole = readWhole({ ...checkpoint, path: runFile(services, checkpoint.path) })
    writeFileSync(own(checkpoint.path), whole)
    add.run({ ...checkpoint, run_id: ids.run, path: stored(checkpoint.path) })
  }
  db.prepare(`INSERT INTO epochs (run_id, ${EPOCH}) SELECT @run, ${EPOCH} FROM epochs WHERE run_id = @shorter`).run(ids)
  // So that it is told where something else computes now.
  db.prepare('UPDATE runs SET environment = (SELECT environment FROM runs WHERE id = @shorter) WHERE id = @run').run(
    ids,
  )
  const text = `Begins as run ${id} did, with the same weights, batches and rates: its first ${progress.epoch} epochs are taken from there.`
  const data = { run: id, epochs: progress.epoch }
  logEvent(services, run, { type: 'note', level: 'info', code: 'begins-as-run', data, text })
}

/** Writes a run down that has done what the shorter one has, to be resumed; `null` where a file of that one is damaged or gone. */
export function goOnFrom(services: Services, prepared: PreparedRun, shorter: RunRow): string | null {
  try {
    return services.db.transaction(() => {
      const [run] = insertRuns(services, [prepared], 'running')
      takeOver(services, run, shorter)
      setStatus(services, run, 'interrupted', `It goes on where run ${shorter.id} ended.`)
      return run
    })()
  } catch (error) {
    if (error instanceof AppError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
