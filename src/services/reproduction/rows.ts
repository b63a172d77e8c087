/** Makes a row of the report from a planned row and its scores. */
import type { Evaluation, Metrics } from '../../contract/evaluation.ts'
import type { ReproductionRow, RowTraining } from '../../contract/reproduction.ts'
import { HELD_OUT_CHANCE, OWN_LOSS, type RunRow } from '../../contract/runs.ts'
import { sameKind, trainedOnInWords } from '../../contract/trained-on.ts'
import { meanOfMetrics, sdOfMetrics } from '../../core/evaluate.ts'
import { mean } from '../../core/statistics.ts'
import type { Profile } from '../profile/profile.ts'
import { methodOf, networkOf } from '../runs/catalogue.ts'
import { trainedOnOf } from '../runs/environment.ts'
import { epochsOf, storedRun } from '../runs/runs.ts'
import { identityOf } from './known.ts'
import type { Finished } from './lookup.ts'
import { type HadCompany, paceDoubts, timedRun } from './pace-doubts.ts'
import type { Plan } from './plan.ts'
import type { PlannedRow } from './planned.ts'
import { MASK_DRAWS, type RowScores, type Weights, weightsOfRow } from './scores.ts'

/** The method's own settings, and the settings that all methods have. */
function settingsOf({ config }: RunRow): RowTraining['settings'] {
  const own = Object.entries(config.methodConfig).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return [[name, value ? 'yes' : 'no'] as const]
    return typeof value === 'number' || typeof value === 'string' ? [[name, value] as const] : []
  })
  const { optimizer, schedule } = config.recipe!
  return {
    ...Object.fromEntries(own),
    ...(config.pretext && {
      measurement: config.pretext.measurement,
      viewMasks: config.pretext.viewMasks,
      reconstruction: config.pretext.reconstruction,
    }),
    optimizer: optimizer.kind,
    rate: schedule.rate,
    schedule: schedule.kind,
  }
}

const stepSeconds = (curve: RowTraining['curve']) => curve.reduce((sum, { seconds }) => sum + seconds, 0)

/** Seconds of a training's steps until the end of an epoch. */
function secondsUntil({ seconds, curve }: RowTraining, epoch: number): number {
  const part = curve.filter(figures => figures.epoch <= epoch)
  return seconds.steps * (stepSeconds(part) / stepSeconds(curve))
}

/** The training as it was after an epoch whose weights were kept. */
function until(training: RowTraining, { epoch, path, sha256 }: Weights): RowTraining {
  if (epoch === null) return training
  const curve = training.curve.filter(figures => figures.epoch <= epoch)
  const share = epoch / training.epochs
  const { loss, validationLoss, extra } = curve.at(-1)!
  return {
    ...training,
    epochs: epoch,
    steps: Math.round(training.steps * share),
    seconds: {
      steps: secondsUntil(training, epoch),
      validation: training.seconds.validation * share,
      preparation: training.seconds.preparation,
    },
    loss,
    ...(training.ownLoss !== undefined && { ownLoss: extra[OWN_LOSS] ?? loss }),
    validationLoss,
    bestEpoch: training.bestEpoch === null ? null : epoch,
    kernels: training.kernels.filter(span => span.epoch <= epoch),
    checkpoint: { path, sha256 },
    figures: figuresOf(curve),
    curve,
  }
}

/** The last figures of the method. The last epoch may have none, because not every epoch is validated. */
function figuresOf(curve: RowTraining['curve']): RowTraining['figures'] {
  const figures = curve.map(({ extra: { [OWN_LOSS]: _own, [HELD_OUT_CHANCE]: _chance, ...rest } }) => rest)
  return figures.findLast(each => Object.keys(each).length > 0) ?? {}
}

function trainingOf(profile: Profile, weights: Weights): RowTraining {
  const { run } = weights
  const curve = epochsOf(profile, run.id)
  const trainedOn = trainedOnOf(storedRun(profile, run.id).environment)
  return until({ ...run.summary!, settings: settingsOf(run), figures: figuresOf(curve), curve, trainedOn }, weights)
}

const wordsOf = ({ trainedOn = [] }: RowTraining) => trainedOnInWords(trainedOn, { inOrder: true })

/** Where the row's trainings were computed. */
function deviceInWords(training: RowTraining, pretraining: RowTraining | null): string {
  const words = wordsOf(training)
  const before = pretraining ? wordsOf(pretraining) : words
  return before === words ? words : `${before} (pre-training); ${words} (training)`
}

/**
 * The curve of a row's baseline. If the baseline's row is from an earlier report, its curve is used, so that all rows
 * are compared with the baseline in the report.
 */
function baselineCurve(profile: Profile, plan: Plan, row: PlannedRow, run: RunRow | undefined) {
  const shown = plan.rows.find(({ kind, training }) => kind === 'baseline' && training === row.baseline)
  return (shown && plan.known.get(shown.key)?.training?.curve) ?? (run && epochsOf(profile, run.id))
}

const bestSsim = (curve: RowTraining['curve']) =>
  Math.max(...curve.map(({ validation }) => validation?.ssim ?? Number.NEGATIVE_INFINITY))

function reach(bound: number, training: RowTraining, before: number): ReproductionRow['toBaseline'] {
  const first = training.curve.find(({ validation }) => validation && validation.ssim >= bound)
  return first ? { seconds: before + secondsUntil(training, first.epoch), epoch: first.epoch } : null
}

const plain = ({ ssim, psnr, nmse }: Metrics): Metrics => ({ ssim, psnr, nmse })

/** Scores over many masks. `sd` is the standard deviation of the mean over volumes, over the mask draws. */
function overMasks({ volumes, mean: all }: Evaluation): NonNullable<ReproductionRow['manyMasks']> {
  const draws = Array.from({ length: MASK_DRAWS }, (_, i) =>
    meanOfMetrics(volumes.map(({ draws, ...one }) => draws?.[i] ?? one)),
  )
  return { draws: MASK_DRAWS, mean: plain(all!), sd: sdOfMetrics(draws) }
}

export function reproductionRow(
  profile: Profile,
  plan: Plan,
  row: PlannedRow,
  { byFileName, manyMasks, noiseFree, pretrained }: RowScores,
  finished: Finished,
  hadCompany: HadCompany,
): ReproductionRow {
  const { weights, pretrained: start } = weightsOfRow(profile, plan, row, finished)
  const config = weights?.run.config ?? null
  const training = weights && trainingOf(profile, weights)
  const pretraining = start && trainingOf(profile, start)
  const before = pretraining?.seconds.steps ?? 0
  const baseline = row.baseline === null ? undefined : finished.get(row.baseline)
  const comparable = training && baseline && sameKind(training, timedRun(profile, baseline))
  const planned = plan.trainings.find(each => each.key === row.training)
  const doubts = planned ? paceDoubts(profile, planned, finished, hadCompany) : []
  const bound = baselineCurve(profile, plan, row, baseline)
  const { key, kind, label, method, seed, fold, epoch, patients, classical, block } = row
  const { volumes } = byFileName
  const sliceWise = volumes.map(volume => volume.sliceWise!)
  return {
    key,
    identity: identityOf(plan, row),
    kind,
    label,
    method,
    methodLabel: method && methodOf(method).label,
    network: config?.network ?? null,
    networkLabel: config && networkOf(config.network).label,
    channels: weights?.run.channels ?? null,
    seed,
    fold,
    epoch,
    ...(classical && { classical }),
    ...(kind === 'U-Net of equal time' && { equalTo: block! }),
    patients,
    pretraining,
    training,
    totalSeconds: before + (training?.seconds.steps ?? 0),
    ...(training && { device: deviceInWords(training, pretraining) }),
    ...(comparable && { baselineSeconds: baseline.summary!.seconds.steps }),
    ...(doubts.length > 0 && { paceDoubts: doubts }),
    metrics: byFileName.mean!,
    sliceWise: { psnr: mean(sliceWise.map(({ psnr }) => psnr)), nmse: mean(sliceWise.map(({ nmse }) => nmse)) },
    manyMasks: manyMasks && overMasks(manyMasks),
    noiseFree: noiseFree && plain(noiseFree.mean!),
    volumes,
    toBaseline: training && bound ? reach(bestSsim(bound), training, before) : null,
    pretrainedSsim: pretrained && pretrained.mean!.ssim,
  }
}
