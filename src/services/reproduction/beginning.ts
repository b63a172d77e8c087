/**
 * Starts a training from the end of a shorter training, if the shorter training is its beginning: equal initial
 * weights, batches, optimizer and learning rates. The final weights are equal, bit for bit, to a training from the
 * start, if the kernels are the same. The copied state names its kernels, so a change of kernels is noted.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../../contract/errors.ts'
import type { Note } from '../../contract/notes.ts'
import type { Recipe } from '../../contract/recipes.ts'
import type { CheckpointRole, RunConfig, RunRow } from '../../contract/runs.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../core/training/checkpoint.ts'
import { sameRates } from '../../core/training/schedules.ts'
import { decodeState, encodeState } from '../../core/training/state.ts'
import type { WrittenFile } from '../../engine/process/protocol.ts'
import { makeFolder, runDirectory, runFile, storedRunFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { logEvent } from '../runs/log.ts'
import { statesOf } from '../runs/runs.ts'
import { insertRun, interruptRun } from '../runs/store.ts'
import { recordCheckpoint, recordState, takeOverEpochs } from '../runs/store-training.ts'
import { newRun, type PreparedRun } from '../runs/training.ts'

/** The configuration without everything that depends on the number of epochs. */
const withoutLength = (config: RunConfig) => ({
  ...config,
  fineTuning: null,
  recipe: { ...config.recipe, epochs: 0, warmup: 0, schedule: null, milestones: [] },
})

/** Whether the training of recipe `shorter` is the beginning of the training of recipe `longer`. */
export const isBeginning = (shorter: Recipe, longer: Recipe): boolean =>
  shorter.epochs < longer.epochs &&
  shorter.earlyStopping === null &&
  longer.milestones.every(epoch => epoch > shorter.epochs || shorter.milestones.includes(epoch)) &&
  sameRates(shorter, longer, shorter.epochs)

interface Candidate {
  readonly id: string
  /** `null`: an unknown recipe. */
  readonly config: RunConfig | null
}

/** The longest run that is the beginning of `config`. `runs` are finished, with the same volumes and parent. */
export function beginningOf(config: RunConfig, runs: readonly Candidate[]): string | null {
  const fitting = runs.flatMap(({ id, config: other }) =>
    other && isBeginning(other.recipe, config.recipe) && isDeepStrictEqual(withoutLength(other), withoutLength(config))
      ? [{ id, epochs: other.recipe.epochs }]
      : [],
  )
  return fitting.toSorted((a, b) => b.epochs - a.epochs)[0]?.id ?? null
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function readWhole({ path, sha256 }: WrittenFile): Uint8Array {
  const bytes = readFileSync(path)
  if (digest(bytes) === sha256) return bytes
  throw new AppError('CHECKPOINT_DAMAGED', `Expected SHA-256 ${sha256}, got another, in ${path}`)
}

interface Kept extends WrittenFile {
  readonly role: CheckpointRole
  readonly epoch: number
  readonly step: number
}

/** Copies from the shorter run: its epochs, its kept weights, and its final state. The run gets its own files. */
function takeOver(profile: Profile, run: string, shorter: RunRow): void {
  const { id } = shorter
  const directory = runDirectory(profile, run)
  makeFolder(directory)
  const own = (path: string) => join(directory, basename(path))
  const stored = (path: string) => storedRunFile(profile, own(path))

  const [end] = statesOf(profile, Number(id))
  if (!end) throw new AppError('CHECKPOINT_DAMAGED', `Expected a state of run ${id}, got none`)
  const { progress, plain } = decodeState(decodeCheckpoint(readWhole(end), end.path), id, end.path)
  const best = progress.best && { ...progress.best, path: own(progress.best.path) }
  const state = encodeCheckpoint(encodeState(run, { progress: { ...progress, best, last: null }, plain }))
  writeFileSync(own(end.path), state)
  const { step, epoch } = progress
  const at = { step, epoch }
  recordState(profile, run, { at, bestEpoch: best?.epoch ?? null, path: stored(end.path), sha256: digest(state) })
  const kept = profile.db
    .prepare("SELECT role, epoch, step, path, sha256 FROM checkpoints WHERE run_id = ? AND role <> 'last'")
    .all(Number(id)) as Kept[]
  for (const checkpoint of kept) {
    const whole = readWhole({ ...checkpoint, path: runFile(profile, checkpoint.path) })
    writeFileSync(own(checkpoint.path), whole)
    recordCheckpoint(profile, run, { ...checkpoint, path: stored(checkpoint.path) })
  }
  takeOverEpochs(profile, run, shorter)
  const text =
    `The first ${epoch} epochs are copied from run ${id}, ` +
    'which had the same initial weights, batches and learning rates.'
  const data = { run: id, epochs: epoch }
  logEvent(profile, run, { type: 'note', level: 'info', code: 'begins-as-run', data, text })
}

/**
 * Adds a run that has the shorter run's epochs and state, and can be resumed. Logs `notes`.
 * `null`: a file of the shorter run is damaged or missing.
 */
export function goOnFrom(
  profile: Profile,
  prepared: PreparedRun,
  shorter: RunRow,
  notes: readonly Note[] = [],
): string | null {
  try {
    return profile.db.transaction(() => {
      const run = insertRun(profile, newRun(prepared, 'running'))
      takeOver(profile, run, shorter)
      for (const note of notes) logEvent(profile, run, { type: 'note', ...note })
      interruptRun(profile, run, `The run continues from the end of run ${shorter.id}.`)
      return run
    })()
  } catch (error) {
    if (error instanceof AppError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
