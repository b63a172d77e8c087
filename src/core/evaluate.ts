/** Scores a volume's reconstruction as fastMRI does, with one mask (seeded by file name) or several seeded masks. */
import type { ClassicalChoice } from '../contract/classical.ts'
import { AppError } from '../contract/errors.ts'
import { FOREGROUND_THRESHOLD, type Metrics, type Protocol, type VolumeScore } from '../contract/evaluation.ts'
import { faultInWords, type SliceSelection, selectSlices, type VolumeInfo } from '../contract/volumes.ts'
import { remarksOn } from './classical.ts'
import type { Arithmetic } from './compute.ts'
import { accelerationOf, measurableAccelerationOf, seededMaskOf } from './data/patterns.ts'
import { leftOut, type Reference, usableSlices } from './data/slices.ts'
import { largestFinite } from './data/truth.ts'
import type { Volume } from './data/volume.ts'
import type { Masking } from './mri/draw.ts'
import { scoreVolume, type VolumeMetrics } from './mri/metrics.ts'
import { centreCropReal, cropShape } from './mri/transform.ts'
import type { Pause } from './pause.ts'
import { isClassical, type OnShare, type Reconstructor, reconstructSlices } from './reconstruct.ts'
import { mean, standardDeviation } from './statistics.ts'

export interface EvaluationSettings {
  readonly mask: Masking
  /** `null`: one mask, seeded by the file's name. N: masks from seeds 0 … N − 1, and the mean of each metric. */
  readonly maskDraws: number | null
  /** Seed of the one mask, in place of the file's name. Only if `maskDraws` is `null`. */
  readonly maskSeed?: number
  readonly slices: SliceSelection
  readonly reference: NonNullable<Reference>
}

/** What the images of scored volumes are compared with. Volumes without ground truth are not scored. */
function referenceOf(reference: EvaluationSettings['reference'], volumes: readonly Referred[]): Protocol['reference'] {
  if (reference === 'noise-free') return 'reconstruction_noise_free'
  const scored = volumes.filter(({ targetShape }) => targetShape !== null)
  if (!scored.some(({ truth }) => truth === 'computed')) return 'reconstruction_esc or reconstruction_rss'
  return scored.every(({ truth }) => truth === 'computed')
    ? 'computed from full k-space'
    : 'reconstruction_esc or reconstruction_rss, or computed from full k-space'
}

type Referred = Pick<VolumeInfo, 'targetShape' | 'truth'>

/**
 * @param volumes The volumes that are scored.
 * @param classical With complete settings. `null`: a network, or zero-filled.
 */
export const protocolOf = (
  { mask, maskDraws, maskSeed, slices, reference }: EvaluationSettings,
  volumes: readonly Referred[],
  classical: ClassicalChoice | null = null,
): Protocol => ({
  mask,
  maskSeed: maskDraws !== null ? 'seeded draws' : maskSeed === undefined ? 'file name' : `seed ${maskSeed}`,
  maskDraws: maskDraws ?? 1,
  crop: 'ground truth size, centred',
  dataRange: 'volume maximum of the ground truth',
  ssim: '7 × 7 uniform window, K1 0.01, K2 0.03, per slice, mean over slices',
  reference: referenceOf(reference, volumes),
  foreground: { threshold: FOREGROUND_THRESHOLD, of: 'volume maximum, ground truth averaged over 7 × 7' },
  slices,
  ...(classical && { classical }),
})

/**
 * What a volume is scored against. `target`: ground truth of the selected slices, cropped, [slice, height, width].
 * `maximum`: largest finite number of the cropped ground truth over all slices.
 */
export function readReference(volume: Volume, indices: readonly number[], reference: EvaluationSettings['reference']) {
  const { info } = volume
  const crop = cropShape(info)
  const pixels = crop[0] * crop[1]
  const target = new Float32Array(indices.length * pixels)
  const places = new Map(indices.map((index, place) => [index, place]))
  let maximum = Number.NEGATIVE_INFINITY
  for (let index = 0; index < info.slices; index++) {
    const place = places.get(index)
    if (place === undefined) {
      maximum = Math.max(maximum, largestFinite(volume, index, reference))
      continue
    }
    const image = reference === 'noise-free' ? volume.readNoiseFree(index)! : volume.readTarget(index)!
    const cropped = centreCropReal(image, info.targetShape!, crop)
    target.set(cropped, place * pixels)
    for (const value of cropped) if (value > maximum) maximum = value
  }
  return { target, maximum, shape: [indices.length, ...crop] as const }
}

const overAll = (scores: readonly Metrics[], statistic: (values: number[]) => number): Metrics => ({
  ssim: statistic(scores.map(score => score.ssim)),
  psnr: statistic(scores.map(score => score.psnr)),
  nmse: statistic(scores.map(score => score.nmse)),
})

export const meanOfMetrics = (scores: readonly Metrics[]): Metrics => overAll(scores, mean)

/** Standard deviations (n − 1) over at least two scores. */
export const sdOfMetrics = (scores: readonly Metrics[]): Metrics => overAll(scores, standardDeviation)

/** Why a volume cannot be scored, or `null` if it can. */
export function unscorable(volume: Volume, settings: EvaluationSettings): string | null {
  if (settings.reference === 'noise-free' && !volume.info.noiseFree)
    return 'It carries no noise-free image (reconstruction_noise_free).'
  if (!volume.info.targetShape)
    return (
      'It has no ground truth (reconstruction_esc or reconstruction_rss), and its k-space is no full measurement ' +
      'from which one could be computed: reconstruct it instead.'
    )
  if (selectSlices(settings.slices, volume.info.slices).length === 0)
    return `None of its ${volume.info.slices} slices is selected.`
  if (usableSlices(volume.info, settings.slices, settings.reference).length === 0) {
    const faults = leftOut(volume.info, settings.slices, settings.reference).map(faultInWords)
    return `None of its selected slices can be scored: ${faults.join(', ')}.`
  }
  return null
}

/** Throws `NOT_FINITE`, with the reason, if a metric is not finite. */
export function requireFiniteScore(
  { foreground, ...whole }: Metrics & { readonly foreground: Metrics },
  maximum: number,
  path: string,
): void {
  const wrongOf = (metrics: Metrics, of: string) =>
    Object.entries(metrics).flatMap(([name, value]) =>
      Number.isFinite(value) ? [] : [`${name.toUpperCase()}${of} ${value}`],
    )
  const wrong = [...wrongOf(whole, ''), ...wrongOf(foreground, ' of the foreground')]
  if (wrong.length === 0) return
  const reason =
    whole.nmse === 0 || foreground.nmse === 0
      ? 'The reconstruction equals the ground truth. Score with a mask that leaves samples out.'
      : `No pixel of the selected slices reaches ${FOREGROUND_THRESHOLD} of the volume maximum, ${maximum}. ` +
        'Select other slices.'
  throw new AppError('NOT_FINITE', `Expected finite scores, got ${wrong.join(', ')}, in ${path}. ${reason}`)
}

/**
 * Scores one volume that `unscorable` accepts. If `reconstructor` is null, the zero-filled image is scored.
 * Throws `NOT_FINITE` if an image or a score is not finite.
 */
export async function evaluateVolume(
  volume: Volume,
  reconstructor: Reconstructor | null,
  settings: EvaluationSettings,
  compute: Arithmetic,
  pause: Pause,
  onShare: OnShare = () => {},
): Promise<VolumeScore> {
  const { info } = volume
  const indices = usableSlices(info, settings.slices, settings.reference)
  const faults = leftOut(info, settings.slices, settings.reference)
  const { target, maximum, shape } = readReference(volume, indices, settings.reference)
  const isGiven = volume.mask || settings.mask.stored // of which there is only one
  const draws = isGiven ? 1 : (settings.maskDraws ?? 1)
  const scores: (VolumeMetrics & { acceleration: number; measurable: number | null })[] = []
  for (let draw = 0; draw < draws; draw++) {
    const mask = seededMaskOf(volume, settings.mask, settings.maskDraws === null ? (settings.maskSeed ?? null) : draw)
    const onSlices: OnShare = share => onShare((draw + share) / draws)
    const prediction = await reconstructSlices(volume, indices, mask, reconstructor, compute, pause, onSlices)
    scores.push({
      ...scoreVolume({ prediction, target, shape, maximum }),
      acceleration: accelerationOf(volume, mask, indices),
      measurable: measurableAccelerationOf(volume, mask, indices),
    })
  }
  const accelerations = scores.map(score => score.acceleration)
  const measurable = scores.flatMap(score => score.measurable ?? [])
  const overDraws = { ...meanOfMetrics(scores), foreground: meanOfMetrics(scores.map(score => score.foreground)) }
  requireFiniteScore(overDraws, maximum, info.path)
  const ofImages = isClassical(reconstructor) ? remarksOn(info, reconstructor) : []
  const remarks = [...(info.content?.remarks ?? []), ...ofImages]
  return {
    file: info.file,
    path: info.path,
    slices: indices.length,
    acquisition: info.acquisition,
    origin: info.origin,
    sampling: volume.mask ? 'sub-sampled in the file' : 'masked here',
    ...(faults.length > 0 && { leftOut: faults }),
    ...(remarks.length > 0 && { remarks }),
    acceleration: mean(accelerations),
    ...(measurable.length > 0 && { measurableAcceleration: mean(measurable) }),
    ...overDraws,
    sliceWise: {
      psnr: mean(scores.map(score => score.sliceWise.psnr)),
      nmse: mean(scores.map(score => score.sliceWise.nmse)),
    },
    ...(draws > 1 && {
      draws: scores.map(({ ssim, psnr, nmse }) => ({ ssim, psnr, nmse })),
      sd: { ...sdOfMetrics(scores), acceleration: standardDeviation(accelerations) },
    }),
  }
}
