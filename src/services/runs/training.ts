/** Checks a request for a training, stores the run, and trains. */

import { AppError, asCancelled } from '../../contract/errors.ts'
import type { Note } from '../../contract/notes.ts'
import { requireOneOrigin } from '../../contract/origin.ts'
import type { Recipe } from '../../contract/recipes.ts'
import type { RunConfig, RunRow, TrainingEvent } from '../../contract/runs.ts'
import type { Study, StudyVolume } from '../../contract/studies.ts'
import { some } from '../../contract/words.ts'
import { requireMask } from '../../core/mri/require-mask.ts'
import { cautionsOf } from '../../core/ssl/cautions.ts'
import { methodOf } from '../../core/ssl/index.ts'
import { dataNotes, requireFittingData } from '../../core/training/fitting-data.ts'
import { requireTrainable } from '../../core/training/trainable.ts'
import type { Engine } from '../../engine/process/client.ts'
import type { ScoreAfter, WrittenFile } from '../../engine/process/protocol.ts'
import { jobFolderOf } from '../places/jobs/job-files.ts'
import { removeEvents } from '../places/jobs/job-folder.ts'
import type { TakeOptions } from '../places/place.ts'
import { keepMask } from '../profile/mask-files.ts'
import { runDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { onceThereIsRoom } from '../profile/room.ts'
import type { OpenProfile, ReadOptions } from '../studies/contents/reader.ts'
import { readyStudy } from '../studies/contents/ready.ts'
import { irregularFiles } from '../studies/remarks.ts'
import { requireSeparatePatients, volumesOf } from '../studies/studies.ts'
import { contentDigest, trainable } from '../studies/training-data.ts'
import { recordFailure, type Stop } from './ending.ts'
import { modelOf } from './kept-model.ts'
import { requireUnseen } from './leaks.ts'
import { makeRecorder } from './recorder.ts'
import { findRun, storedRun } from './runs.ts'
import { finishRun, insertRun, type NewRun, type Parent } from './store.ts'

export interface RunRequest {
  readonly study: Study
  readonly config: RunConfig
  readonly parent: Parent
  /** Scores that a job computes after the training. */
  readonly scores?: readonly ScoreAfter[]
}

export interface TrainOptions {
  readonly onEvent?: (event: TrainingEvent) => void
  /** Called when storing an event waits for disk space, and with `null` when it continues. */
  readonly onWait?: (words: string | null) => void
  readonly signal?: AbortSignal
  /** The reason, if the signal is aborted. */
  readonly stop?: () => Stop
}

export interface RunOptions extends Pick<TrainOptions, 'onEvent' | 'signal' | 'stop'>, Pick<ReadOptions, 'onProgress'> {
  /** Called with the run's id before the training begins. */
  readonly onStart?: (run: string) => void
  /** See `TakeOptions.onWait`. With `noWait`: throws `DEVICE_BUSY`. */
  readonly onBusy?: (words: string) => void
  readonly noWait?: boolean
}

/** Settings that every training has. */
export type CommonConfig = Pick<RunConfig, 'network' | 'networkConfig' | 'mask' | 'slices' | 'seed'>

/** A fine-tuning or a training from scratch. */
export const supervisedConfig = (kind: 'finetune' | 'train', common: CommonConfig, recipe: Recipe): RunConfig => ({
  ...common,
  kind,
  method: null,
  methodConfig: {},
  pretext: null,
  recipe,
  fineTuning: null,
})

/** A request that has passed every check that needs no engine. */
export interface PreparedRun extends RunRequest {
  readonly train: readonly StudyVolume[]
  readonly validation: readonly StudyVolume[]
  /** Path of the checkpoint from which the training starts. `null`: from scratch, or from a state. */
  readonly start: string | null
  /** States from which the training continues, newest first. */
  readonly states: readonly WrittenFile[]
  /** `contentDigest` of the volumes. */
  readonly content: string
  readonly notes: readonly Note[]
}

function startOf(profile: Profile, parent: Parent): string | null {
  if (parent === null) return null
  return 'run' in parent ? modelOf(profile, parent.run, parent.epoch).checkpoint : parent.file
}

/** Notes that say why volumes are not used. */
function leftOutNotes(study: Study, kind: RunConfig['kind']): Note[] {
  return (['train', 'val'] as const).flatMap(role => {
    const word = role === 'train' ? 'training' : 'validation'
    const all = volumesOf(study, role)
    const used = new Set(trainable(study, role, kind))
    const irregular = irregularFiles(all)
    const unlabelled = all.filter(volume => !used.has(volume)).length - irregular.length
    const note = (volumes: number, code: string, text: string): Note[] =>
      volumes > 0 ? [{ level: 'info', code, data: { volumes, role }, text }] : []
    return [
      ...note(unlabelled, 'no-ground-truth', `${unlabelled} ${word} volumes without ground truth are not used.`),
      ...note(
        irregular.length,
        'irregular-sampling',
        `${irregular.length} ${word} volumes are not used, because their slices have no common set of measured ` +
          `columns: ${some(irregular)}.`,
      ),
    ]
  })
}

/** Throws `INVALID_ARGUMENT` if there are no training volumes. The message names unusable volumes. */
function requireSome(train: readonly StudyVolume[], study: Study, kind: RunConfig['kind']): void {
  if (train.length > 0) return
  const need = kind === 'pretrain' ? '' : ' with ground truth'
  const irregular = irregularFiles(volumesOf(study, 'train'))
  if (irregular.length === 0)
    throw new AppError('INVALID_ARGUMENT', `Expected training volumes${need}, got none in study "${study.name}".`)
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected training volumes${need} whose slices have a common set of measured columns, got ` +
      `${some(irregular)} in study "${study.name}". Choose a study with fully sampled volumes.`,
  )
}

/** Throws `DATA_CHANGED` if a volume is unread. A reproduction may look for runs of an unread study. */
function requireRead(study: Study, volumes: readonly StudyVolume[]): void {
  const unread = volumes.filter(({ content }) => !content)
  if (unread.length === 0) return
  throw new AppError(
    'DATA_CHANGED',
    `Expected volumes of study "${study.name}" whose files have been read, got ${unread.length} unread files, ` +
      `such as ${unread[0].file}. Read the files with: self-mri studies scan "${study.name}"`,
  )
}

/** Checks that need no contents of files. Throws `PATIENT_LEAK` or `INVALID_ARGUMENT`. */
function requireSound(profile: Profile, { study, parent }: RunRequest): void {
  if (study.kind === 'scans') {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a study for training, got "${study.name}", whose files are only for reconstruction. ` +
        'Import the files as a study first.',
    )
  }
  requireSeparatePatients(study)
  requireOneOrigin(study.volumes, 'training')
  const held = study.volumes.filter(volume => volume.role !== 'train')
  if (parent && 'run' in parent) requireUnseen(profile, parent.run, held)
}

/**
 * Checks a request whose volumes have been read (`readyRequest`). Throws `PATIENT_LEAK`, `INVALID_ARGUMENT`, or an
 * error of the mask file or of the checkpoint from which the training starts.
 */
export function prepareRun(profile: Profile, request: RunRequest, states: readonly WrittenFile[] = []): PreparedRun {
  requireSound(profile, request)
  const { study, config, parent } = request
  const train = trainable(study, 'train', config.kind)
  const validation = trainable(study, 'val', config.kind)
  requireRead(study, [...train, ...validation])
  requireSome(train, study, config.kind)
  const method = config.method === null ? null : methodOf(config.method)
  if (config.recipe.accumulate > 1 && method && !method.separable) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected accumulate 1, because ${method.label} compares the samples of a batch with each other, ` +
        `got accumulate ${config.recipe.accumulate}.`,
    )
  }
  requireTrainable(config, train, validation)
  const used = [...train, ...validation]
  const mask = keepMask(profile, config.mask)
  requireMask(mask, used)
  requireFittingData(config, mask, used)
  const notes = [...leftOutNotes(study, config.kind), ...dataNotes(config, used)]
  for (const text of cautionsOf(config)) notes.push({ level: 'warning', code: 'caution', text })
  const start = states.length > 0 ? null : startOf(profile, parent)
  return { ...request, train, validation, start, states, content: contentDigest(used), notes }
}

/** Reads the volumes of a request and checks that they are unchanged. Throws `DATA_CHANGED`. */
export async function readyRequest<Request extends RunRequest>(
  opened: OpenProfile,
  request: Request,
  options: ReadOptions = {},
): Promise<Request> {
  requireSound(opened.profile, request)
  const { study, config } = request
  const used = (['train', 'val'] as const).flatMap(role => trainable(study, role, config.kind))
  return { ...request, study: await readyStudy(opened, study, used, options) }
}

/** The values for the row of a new run. */
export const newRun = (
  { study, config, parent, train, validation, content }: PreparedRun,
  status: 'queued' | 'running',
): NewRun => ({ study: study.id, config, parent, status, content, used: { train, val: validation } })

/**
 * Trains a run. A queued run becomes `running` with the first event of its training. If the training fails or is
 * stopped, the reason is stored and the error is thrown. Epochs, checkpoints and states that were written stay.
 */
export async function trainRun(
  profile: Profile,
  engine: Engine,
  run: string,
  { config, train, validation, start, states, notes, scores }: PreparedRun,
  { onEvent, onWait, signal, stop }: TrainOptions = {},
): Promise<void> {
  const begins = storedRun(profile, run).status === 'queued'
  const recorder = makeRecorder(profile, run, { signal, onWait, begins })
  try {
    const summary = await engine.call(
      'train',
      { run, config, train, validation, start, states, directory: runDirectory(profile, run), notes, scores },
      {
        signal,
        onEvent(event) {
          onEvent?.(event)
          return recorder.record(event)
        },
      },
    )
    await recorder.flush()
    await onceThereIsRoom(() => finishRun(profile, run, summary), signal, profile.onBusy)
    removeEvents(jobFolderOf(runDirectory(profile, run)))
  } catch (error) {
    const asked = signal?.aborted ? asCancelled(error) : error
    await endRun(profile, run, asked, stop?.())
    throw asked
  } finally {
    if (profile.db.open) recorder.close()
  }
}

/** Stores why a run did not finish. Waits for disk space, unless the program is closing. */
export async function endRun(profile: Profile, run: string, error: unknown, stop: Stop = 'cancel'): Promise<void> {
  const never = stop === 'cancel' || stop === 'pause' ? undefined : AbortSignal.abort()
  await onceThereIsRoom(() => recordFailure(profile, run, error, stop), never).catch((failure: unknown) => {
    if (!(failure instanceof AppError)) throw failure
  })
}

/** A run with the notes of its place. */
export const withNotes = (prepared: PreparedRun, notes: readonly Note[]): PreparedRun => ({
  ...prepared,
  notes: [...prepared.notes, ...notes],
})

/**
 * Trains as soon as a place is free, without the queue.
 * @param begin makes the run's row. At a remote place the run is queued until its job begins.
 */
export async function trainNow(
  opened: OpenProfile,
  prepared: PreparedRun,
  begin: (status: 'queued' | 'running') => string,
  { onEvent, onStart, onBusy, noWait, signal, stop, run: known }: RunOptions & Pick<TakeOptions, 'run'>,
): Promise<RunRow> {
  const place = await opened.engines.take({ signal, onWait: onBusy, noWait, run: known })
  try {
    const run = begin(place.isRemote ? 'queued' : 'running')
    place.name(run)
    onStart?.(run)
    await trainRun(opened.profile, place.engine, run, withNotes(prepared, place.notes), { onEvent, signal, stop })
    return findRun(opened.profile, run)
  } finally {
    place.release()
  }
}

/** Stores a run, trains it without the queue, and returns the finished run. */
export async function startRun(opened: OpenProfile, request: RunRequest, options: RunOptions = {}): Promise<RunRow> {
  const prepared = prepareRun(opened.profile, await readyRequest(opened, request, options))
  return trainNow(opened, prepared, status => insertRun(opened.profile, newRun(prepared, status)), options)
}
