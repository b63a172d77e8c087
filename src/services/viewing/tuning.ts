/**
 * Finds λ of a classical method on the validation volumes of a study, and stores it as named settings with the curve.
 * No other volume is opened. Scores are stored one by one, so that a tuning that was cancelled continues.
 */

import { createHash } from 'node:crypto'
import type { ClassicalChoice, ClassicalId } from '../../contract/classical.ts'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import { requireOneOrigin } from '../../contract/origin.ts'
import type { Study } from '../../contract/studies.ts'
import type { NamedSettings, Tuning, TuningPoint, TuningRequest } from '../../contract/tuning.ts'
import type { SkippedFile, VolumeInfo } from '../../contract/volumes.ts'
import { type EvaluationSettings, protocolOf } from '../../core/evaluate.ts'
import { classicalMethod } from '../../core/mri/sense/index.ts'
import { mean } from '../../core/statistics.ts'
import { searchLambda, type TuningScore, tuningScore } from '../../core/tune.ts'
import type { Engine } from '../../engine/process/client.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import { bestPoint, isBetter, tunedName } from '../../presentation/tuning.ts'
import { keepMask } from '../profile/mask-files.ts'
import type { Profile } from '../profile/profile.ts'
import { onceThereIsRoom } from '../profile/room.ts'
import { chosenSettings } from '../runs/chosen-settings.ts'
import { volumesToScore } from '../studies/contents/chosen.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf } from '../studies/contents/ready.ts'
import { requireSeparatePatients, studyById, volumesOf } from '../studies/studies.ts'
import { freeSettingsName, saveSettings } from './classical.ts'
import { scoreKey } from './score-key.ts'

interface Options {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

type Settings = ClassicalChoice['config']

/** Shares of a method's usual number of iterations that are tried. */
const SHARES = [1 / 6, 1 / 3, 2 / 3, 1]

interface Grid {
  readonly classical: ClassicalId
  readonly config: Settings
  /** Ascending. */
  readonly iterations: readonly number[]
}

/** Checks what is tuned. Throws `INVALID_ARGUMENT` for a method without λ. */
function gridOf({ classical, config: given, iterations: asked }: TuningRequest): Grid {
  const { label, config: schema } = classicalMethod(classical)
  const config = chosenSettings(schema, given, { of: label }) as Settings
  if (config.lambda === undefined)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a method with a λ, got ${classical}: ${label} has no λ, so there is nothing to tune. ` +
        'Tune cg-sense, l1-wavelet or total-variation.',
    )
  const usual = schema.parse({}).iterations
  const iterations = asked ?? SHARES.map(share => Math.round(share * usual))
  return { classical, config, iterations: [...new Set(iterations)].sort((a, b) => a - b) }
}

/** The validation volumes. Throws `INVALID_ARGUMENT` if there are none. */
function validationVolumes(study: Study) {
  requireSeparatePatients(study)
  const volumes = volumesOf(study, 'val')
  requireOneOrigin(volumes, 'a search for λ')
  if (volumes.length > 0) return volumes
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected validation patients in study "${study.name}", got none. λ must not be found on training or test ` +
      'patients. Import a study of at least three patients, or one with a folder named val.',
  )
}

const choiceAt = ({ classical, config }: Grid, lambda: number, iterations: number): ClassicalChoice => ({
  classical,
  config: { ...config, lambda, iterations },
})

interface Work {
  readonly grid: Grid
  readonly settings: EvaluationSettings
  readonly engine: Engine
  readonly signal?: AbortSignal
}

/** The scores of a volume after each number of iterations, kept or computed, or why there are none. */
async function scoresOf(
  profile: Profile,
  volume: VolumeInfo,
  lambda: number,
  { grid, settings, engine, signal }: Work,
): Promise<readonly TuningScore[] | { readonly reason: string }> {
  const keys = grid.iterations.map(iterations =>
    createHash('sha256')
      .update(scoreKey(settings, [volume], choiceAt(grid, lambda, iterations)))
      .digest('hex'),
  )
  const read = profile.db.prepare('SELECT score FROM tuning_scores WHERE key = ?').pluck()
  const stored = keys.flatMap(key => (read.get(key) as string | undefined) ?? [])
  if (stored.length === keys.length) return stored.map(score => JSON.parse(score))
  const params = {
    file: fileOf(volume),
    salt: profile.salt,
    choice: choiceAt(grid, lambda, grid.iterations.at(-1)!),
    iterations: grid.iterations,
    settings,
  }
  // Scores stay when the tuning has finished, because a tuning by another criterion uses them. A row has about 0.2 kB:
  // 20 volumes, 13 λ and 4 numbers of iterations add 1040 rows, 0.2 MB.
  const scores = await engine.call('tune', params, { signal })
  if ('reason' in scores) return scores
  const write = profile.db.prepare('INSERT OR REPLACE INTO tuning_scores (key, score) VALUES (?, ?)')
  const store = profile.db.transaction(() => {
    for (const [i, key] of keys.entries()) write.run(key, JSON.stringify(scores[i]))
  })
  await onceThereIsRoom(store, signal, profile.onBusy)
  return scores
}

/** Volumes that were scored for every λ. */
interface Scored {
  readonly volumes: readonly VolumeInfo[]
  readonly skipped: readonly SkippedFile[]
  readonly lambdas: readonly number[]
  readonly edge: Tuning['edge']
  /** For each λ, for each of the volumes, for each number of iterations. */
  readonly scores: readonly (readonly (readonly TuningScore[])[])[]
}

/**
 * Scores every volume for every λ of the search. A volume that the first λ cannot score is left out of all means. A
 * later λ must score all other volumes, because losses of other volumes cannot be compared: else throws
 * `FILE_UNREADABLE`.
 */
async function search(
  profile: Profile,
  { volumes: all, skipped: unusable }: Awaited<ReturnType<typeof volumesToScore>>,
  criterion: Tuning['criterion'],
  work: Work,
  onProgress: Options['onProgress'],
): Promise<Scored> {
  const { grid, signal } = work
  const skipped = new Map<VolumeInfo, string>()
  const leftOut = () => [...unusable, ...[...skipped].map(([{ path }, reason]) => ({ path, reason }))]
  const kept = () => all.filter(volume => !skipped.has(volume))
  const scores = new Map<number, Map<VolumeInfo, readonly TuningScore[]>>()
  const meanOf = (lambda: number, iteration: number) =>
    mean(kept().map(volume => scores.get(lambda)!.get(volume)![iteration][criterion]))
  let done = 0
  const { lambdas, edge } = await searchLambda(async (lambda, left) => {
    const ofLambda = new Map<VolumeInfo, readonly TuningScore[]>()
    scores.set(lambda, ofLambda)
    for (const volume of kept()) {
      throwIfCancelled(signal)
      const total = (scores.size + left) * all.length
      onProgress?.({ done: done++, total, label: `λ ${lambda}, ${volume.file}` })
      const found = await scoresOf(profile, volume, lambda, work)
      if (!('reason' in found)) ofLambda.set(volume, found)
      else if (scores.size === 1) skipped.set(volume, found.reason)
      else throw lateFault(volume, lambda, found.reason)
    }
    if (kept().length === 0) throw noVolume(leftOut())
    const means = grid.iterations.map((_, iteration) => meanOf(lambda, iteration))
    const best = means.reduce((one, other) => (isBetter(criterion, other, one) ? other : one))
    return criterion === 'foreground-ssim' ? 1 - best : best
  })
  onProgress?.({ done: 1, total: 1, label: '' })
  return {
    volumes: kept(),
    skipped: leftOut(),
    lambdas,
    edge,
    scores: lambdas.map(lambda => kept().map(volume => scores.get(lambda)!.get(volume)!)),
  }
}

const lateFault = ({ path }: VolumeInfo, lambda: number, reason: string) =>
  new AppError(
    'FILE_UNREADABLE',
    `Expected a score of ${path} for λ ${lambda}, because other λ scored the file, got: ${reason} ` +
      'The computed scores are kept. Repair the file and tune again, or tune on a study without the file.',
  )

const noVolume = (skipped: readonly SkippedFile[]) =>
  new AppError(
    'UNSUPPORTED_FORMAT',
    'Expected validation volumes that can be scored, got none. Repair these files, or tune on a study with other ' +
      `validation volumes:${skipped.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('')}`,
  )

/** The mean of the zero-filled images of these volumes. `null`: one of them could not be scored. */
async function zeroFilledScore(
  profile: Profile,
  volumes: readonly VolumeInfo[],
  criterion: Tuning['criterion'],
  { engine, settings, signal }: Work,
): Promise<number | null> {
  const params = { files: volumes.map(fileOf), salt: profile.salt, reconstructor: null, settings }
  const { volumes: scored, skipped } = await engine.call('evaluate', params, { signal })
  if (skipped.length > 0) return null
  return mean(scored.map(score => tuningScore(score)[criterion]))
}

function pointsOf({ lambdas, scores, volumes }: Scored, iterations: readonly number[], criterion: Tuning['criterion']) {
  return lambdas.flatMap((lambda, i) =>
    iterations.map((number, j): TuningPoint => {
      const ofVolumes = volumes.map((_, k) => scores[i][k][j][criterion])
      return { lambda, iterations: number, scores: ofVolumes, mean: mean(ofVolumes) }
    }),
  )
}

/**
 * Throws `INVALID_ARGUMENT` for a method without λ and for a study without validation patients, and `CANCELLED` if
 * cancelled. Nothing is saved then, but computed scores are kept for the next call.
 */
export async function tune(
  opened: OpenProfile,
  request: TuningRequest,
  { onProgress, signal }: Options = {},
): Promise<NamedSettings> {
  const { mask, slices, criterion } = request
  const grid = gridOf(request)
  const study = studyById(opened.profile, request.study)
  const { profile } = opened
  const chosen = { study, volumes: validationVolumes(study) }
  const whole = await volumesToScore(opened, chosen, { onProgress, signal })
  keepMask(profile, mask)
  const settings: EvaluationSettings = { mask, maskDraws: null, slices, reference: 'ground truth' }
  const work = { grid, settings, engine: await opened.engines.local(signal), signal }
  const scored = await search(profile, whole, criterion, work, onProgress)
  const zeroFilled = await zeroFilledScore(profile, scored.volumes, criterion, work)
  const points = pointsOf(scored, grid.iterations, criterion)
  const best = bestPoint({ criterion, points })
  const tuning: Tuning = {
    study: { id: study.id, name: study.name },
    criterion,
    protocol: protocolOf(settings, scored.volumes),
    volumes: scored.volumes.map(({ file, patient, content }) => ({ file, patient, scan: content!.scan })),
    skipped: [...scored.skipped],
    zeroFilled,
    points,
    edge: scored.edge,
  }
  throwIfCancelled(signal)
  const { config } = choiceAt(grid, best.lambda, best.iterations)
  const found = { classical: grid.classical, config, tuning }
  const save = () => {
    const name = request.name ?? freeSettingsName(profile, tunedName(study.name, mask), found)
    return saveSettings(profile, { ...found, name })
  }
  return onceThereIsRoom(save, signal, profile.onBusy)
}
