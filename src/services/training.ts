/** A training from its checks to its end: prepared, written down, trained. */
import { AppError } from '../contract/errors.ts'
import type { Recipe, RunConfig, RunRow, TrainingEvent } from '../contract/runs.ts'
import type { Study, StudyVolume } from '../contract/studies.ts'
import type { Engine } from '../engine/client.ts'
import type { Services } from './context.ts'
import { runDirectory } from './profile.ts'
import { insertRow, type Parent, recorder, recordFailure, setStatus } from './run-rows.ts'
import { findRun, modelOf, requireUnseen } from './runs.ts'
import { requireSeparatePatients, volumesOf } from './studies.ts'

export interface RunRequest {
  readonly study: Study
  readonly config: RunConfig
  readonly parent: Parent
}

export interface RunOptions {
  readonly onEvent?: (event: TrainingEvent) => void
  /** Called with the run's id before it begins. */
  readonly onStart?: (run: string) => void
  readonly signal?: AbortSignal
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
})

/** A request that has passed every check that needs no engine. */
export interface PreparedRun extends RunRequest {
  readonly train: readonly StudyVolume[]
  readonly validation: readonly StudyVolume[]
  /** Checkpoint whose weights are the start. */
  readonly start: string | null
  readonly notes: readonly string[]
}

const usable = (volumes: readonly StudyVolume[], kind: RunConfig['kind']) =>
  kind === 'pretrain' ? volumes : volumes.filter(volume => volume.targetShape)

/** Checks a request; throws `PATIENT_LEAK`, `INVALID_ARGUMENT`, or what is wrong with the checkpoint it starts from. */
export function prepareRun(services: Services, request: RunRequest): PreparedRun {
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
  const start = parent === null ? null : 'run' in parent ? modelOf(services, parent.run).checkpoint : parent.file
  const leftOut = volumesOf(study, 'train').length - train.length
  const notes = leftOut > 0 ? [`${leftOut} training volumes without ground truth are left out.`] : []
  return { ...request, train, validation, start, notes }
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
    prepared.map(({ study, config, parent, train, validation }) => {
      const run = insertRow(services, { study: study.id, config, parent, status })
      for (const { patient } of train) add.run(Number(run), patient, 'train')
      for (const { patient } of validation) add.run(Number(run), patient, 'val')
      return run
    }),
  )()
}

/**
 * Trains a run whose row is there and reads `running`. When it fails or is cancelled the row says so with the reason, epochs and checkpoints
 * written until then stay, and the error is thrown on.
 */
export async function trainRun(
  services: Services,
  engine: Engine,
  run: string,
  { config, train, validation, start, notes }: PreparedRun,
  { onEvent, signal }: Pick<RunOptions, 'onEvent' | 'signal'> = {},
): Promise<void> {
  const record = recorder(services, run)
  try {
    const summary = await engine.call(
      'train',
      { run, config, train, validation, start, directory: runDirectory(services, run), notes },
      {
        signal,
        onEvent(event) {
          record(event)
          onEvent?.(event)
        },
      },
    )
    setStatus(services, run, 'finished', null, summary)
  } catch (error) {
    recordFailure(services, run, error)
    throw error
  }
}

/** Trains now, whatever waits in a queue, and returns the finished run. Its row is there from the first moment. */
export async function startRun(
  services: Services,
  request: RunRequest,
  { onEvent, onStart, signal }: RunOptions = {},
): Promise<RunRow> {
  const prepared = prepareRun(services, request)
  const engine = await services.jobs(signal)
  const [run] = insertRuns(services, [prepared], 'running')
  onStart?.(run)
  await trainRun(services, engine, run, prepared, { onEvent, signal })
  return findRun(services, run)
}
