/** A training from its checks to its end: prepared, written down, trained. */
import { createHash } from 'node:crypto'
import { AppError, asCancelled } from '../contract/errors.ts'
import type { Recipe, RunConfig, RunRow, TrainingEvent } from '../contract/runs.ts'
import type { Study, StudyVolume } from '../contract/studies.ts'
import { methodOf } from '../core/ssl/index.ts'
import { requireTrainable } from '../core/trainable.ts'
import type { Engine } from '../engine/client.ts'
import type { WrittenFile } from '../engine/protocol.ts'
import type { Services } from './context.ts'
import { takeDevice } from './device.ts'
import { runDirectory } from './profile.ts'
import { makeRecorder } from './recorder.ts'
import { onceThereIsRoom } from './room.ts'
import { insertRow, type Parent, recordFailure, type Stop, setStatus } from './run-rows.ts'
import { findRun, modelOf, requireUnseen } from './runs.ts'
import { requireSeparatePatients, volumesOf } from './studies.ts'

export interface RunRequest {
  readonly study: Study
  readonly config: RunConfig
  readonly parent: Parent
}

export interface TrainOptions {
  readonly onEvent?: (event: TrainingEvent) => void
  /** Called when writing down what happens waits for room on the disk, and (null) when it goes on. */
  readonly onWait?: (words: string | null) => void
  readonly signal?: AbortSignal
  /** What it means when the signal is aborted. */
  readonly stop?: () => Stop
}

export interface RunOptions extends Pick<TrainOptions, 'onEvent' | 'signal' | 'stop'> {
  /** Called with the run's id before it begins. */
  readonly onStart?: (run: string) => void
  /** Another program trains on the device: called with which, or else refused with `DEVICE_BUSY`. */
  readonly onBusy?: (owner: string) => void
  readonly noWait?: boolean
}

/** What a training has to say whatever it is for. */
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
  /** Checkpoint whose weights are the start. */
  readonly start: string | null
  /** States to go on from instead, newest first. */
  readonly states: readonly WrittenFile[]
  /** Tells the volumes from others. */
  readonly data: string
  readonly notes: readonly string[]
}

const usable = (volumes: readonly StudyVolume[], kind: RunConfig['kind']) =>
  kind === 'pretrain' ? volumes : volumes.filter(volume => volume.targetShape)

function startOf(services: Services, parent: Parent): string | null {
  if (parent === null) return null
  return 'run' in parent ? modelOf(services, parent.run, parent.epoch).checkpoint : parent.file
}

/** Of the volumes in their order: what they are, wherever they lie. */
function dataDigest(volumes: readonly StudyVolume[]): string {
  const facts = volumes.map(({ file, role, patient, slices, rows, columns, bytes }) =>
    [file, role, patient, slices, rows, columns, bytes].join('|'),
  )
  return createHash('sha256').update(facts.join('\n')).digest('hex')
}

/** Checks a request; throws `PATIENT_LEAK`, `INVALID_ARGUMENT`, or what is wrong with the checkpoint it starts from. */
export function prepareRun(services: Services, request: RunRequest, states: readonly WrittenFile[] = []): PreparedRun {
  const { study, config, parent } = request
  if (study.kind === 'scans') {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a study, got "${study.name}", whose files are there to be reconstructed: nothing is trained on them. Import them as a study first.`,
    )
  }
  requireSeparatePatients(study)
  const train = usable(volumesOf(study, 'train'), config.kind)
  const validation = usable(volumesOf(study, 'val'), config.kind)
  if (train.length === 0) {
    const need = config.kind === 'pretrain' ? '' : ' with ground truth'
    throw new AppError('INVALID_ARGUMENT', `Expected training volumes${need}, got none in study "${study.name}".`)
  }
  const held = study.volumes.filter(volume => volume.role !== 'train')
  if (parent && 'run' in parent) requireUnseen(services, parent.run, held)
  const method = config.method === null ? null : methodOf(config.method)
  if (config.recipe.accumulate > 1 && method && !method.separable) {
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected batches that are taken whole (accumulate 1), as ${method.label} compares the samples of a batch with each other, got accumulate ${config.recipe.accumulate}.`,
    )
  }
  requireTrainable(config, train, validation)
  const leftOut = volumesOf(study, 'train').length - train.length
  const notes = leftOut > 0 ? [`${leftOut} training volumes without ground truth are left out.`] : []
  const caution = config.pretext && method?.caution?.(method.config.parse(config.methodConfig), config.pretext)
  if (caution) notes.push(caution)
  const start = states.length > 0 ? null : startOf(services, parent)
  return { ...request, train, validation, start, states, data: dataDigest([...train, ...validation]), notes }
}

/** Writes the rows of runs together, all or none: their ids, in order. */
export function insertRuns(
  services: Services,
  prepared: readonly PreparedRun[],
  status: 'queued' | 'running',
): string[] {
  const { db } = services
  const add = db.prepare('INSERT OR IGNORE INTO run_patients (run_id, patient, role) VALUES (?, ?, ?)')
  return db.transaction(() =>
    prepared.map(({ study, config, parent, train, validation, data }) => {
      const run = insertRow(services, { study: study.id, config, parent, status, data })
      for (const { patient } of train) add.run(Number(run), patient, 'train')
      for (const { patient } of validation) add.run(Number(run), patient, 'val')
      return run
    }),
  )()
}

/**
 * Trains a run whose row is there and reads `running`. When it fails or is stopped the row says so with the reason; epochs, checkpoints and
 * states written until then stay, and the error is thrown on.
 */
export async function trainRun(
  services: Services,
  engine: Engine,
  run: string,
  { config, train, validation, start, states, notes }: PreparedRun,
  { onEvent, onWait, signal, stop }: TrainOptions = {},
): Promise<void> {
  const recorder = makeRecorder(services, run, { signal, onWait })
  try {
    const summary = await engine.call(
      'train',
      { run, config, train, validation, start, states, directory: runDirectory(services, run), notes },
      {
        signal,
        onEvent(event) {
          onEvent?.(event)
          return recorder.record(event)
        },
      },
    )
    await recorder.flush()
    await onceThereIsRoom(() => setStatus(services, run, 'finished', null, { summary }), signal)
  } catch (error) {
    const asked = signal?.aborted ? asCancelled(error) : error
    await endRun(services, run, asked, stop?.())
    throw asked
  } finally {
    if (services.db.open) recorder.close()
  }
}

/** Writes down how a run ended that did not finish, as soon as there is room; a program that closes does not wait for it. */
export async function endRun(services: Services, run: string, error: unknown, stop: Stop = 'cancel'): Promise<void> {
  const never = stop === 'cancel' || stop === 'pause' ? undefined : AbortSignal.abort()
  await onceThereIsRoom(() => recordFailure(services, run, error, stop), never).catch((failure: unknown) => {
    if (!(failure instanceof AppError)) throw failure
  })
}

/** Trains now, whatever waits in a queue, as soon as the device is free. */
export async function trainNow(
  services: Services,
  prepared: PreparedRun,
  begin: () => string,
  { onEvent, onStart, onBusy, noWait, signal, stop }: RunOptions,
): Promise<RunRow> {
  const engine = await services.jobs(signal)
  const device = await takeDevice({ signal, onWait: onBusy, noWait })
  try {
    const run = begin()
    device.name(run)
    onStart?.(run)
    await trainRun(services, engine, run, prepared, { onEvent, signal, stop })
    return findRun(services, run)
  } finally {
    device.release()
  }
}

/** Trains now and returns the finished run. Its row is there from the first moment. */
export async function startRun(services: Services, request: RunRequest, options: RunOptions = {}): Promise<RunRow> {
  const prepared = prepareRun(services, request)
  return trainNow(services, prepared, () => insertRuns(services, [prepared], 'running')[0], options)
}
