/** Scoring a volume's reconstruction as fastMRI's evaluation does, over one mask (seeded by file name) or several seeded draws. */
import {
  FOREGROUND_THRESHOLD,
  type MaskSpec,
  type Metrics,
  type Protocol,
  type VolumeScore,
} from '../contract/evaluation.ts'
import { faultInWords, type SliceSelection, selectSlices } from '../contract/volumes.ts'
import { leftOut, type Reference, usableSlices } from './data/slices.ts'
import type { Volume } from './data/volume.ts'
import { scoreVolume, type VolumeMetrics } from './mri/metrics.ts'
import { centreCropReal, cropShape } from './mri/transform.ts'
import type { Pause } from './pause.ts'
import { accelerationOf, type Model, reconstructSlices, seededMaskOf } from './reconstruct.ts'
import { mean, standardDeviation } from './statistics.ts'

export interface EvaluationSettings {
  readonly mask: MaskSpec
  /** `null`: one mask, seeded by the file's name. N: masks from seeds 0 … N − 1, each metric averaged over them. */
  readonly maskDraws: number | null
  /** One mask from this seed instead; only where `maskDraws` is `null`. */
  readonly maskSeed?: number
  readonly slices: SliceSelection
  readonly reference: NonNullable<Reference>
}

export const protocolOf = ({ mask, maskDraws, maskSeed, slices, reference }: EvaluationSettings): Protocol => ({
  mask,
  maskSeed: maskDraws !== null ? 'seeded draws' : maskSeed === undefined ? 'file name' : `seed ${maskSeed}`,
  maskDraws: maskDraws ?? 1,
  crop: 'ground truth size, centred',
  dataRange: 'volume maximum of the ground truth',
  ssim: '7 × 7 uniform window, K1 0.01, K2 0.03, per slice, mean over slices',
  reference: reference === 'noise-free' ? 'reconstruction_noise_free' : 'reconstruction_esc or reconstruction_rss',
  foreground: { threshold: FOREGROUND_THRESHOLD, of: 'volume maximum, ground truth averaged over 7 × 7' },
  slices,
})

/** Ground truth of the selected slices, cropped, and its maximum over all slices of the volume that can be used. */
function readReference(volume: Volume, indices: readonly number[], settings: EvaluationSettings) {
  const { info } = volume
  const crop = cropShape(info)
  const pixels = crop[0] * crop[1]
  const target = new Float32Array(indices.length * pixels)
  let maximum = Number.NEGATIVE_INFINITY
  for (const index of usableSlices(info, { kind: 'all' }, settings.reference)) {
    const image = settings.reference === 'noise-free' ? volume.readNoiseFree(index)! : volume.readTarget(index)!
    const cropped = centreCropReal(image, info.targetShape!, crop)
    for (const value of cropped) maximum = Math.max(maximum, value)
    const place = indices.indexOf(index)
    if (place >= 0) target.set(cropped, place * pixels)
  }
  return { target, maximum, shape: [indices.length, ...crop] as const }
}

const overAll = (scores: readonly Metrics[], statistic: (values: number[]) => number): Metrics => ({
  ssim: statistic(scores.map(score => score.ssim)),
  psnr: statistic(scores.map(score => score.psnr)),
  nmse: statistic(scores.map(score => score.nmse)),
})

export const meanOfMetrics = (scores: readonly Metrics[]): Metrics => overAll(scores, mean)

/** Over at least two. */
export const sdOfMetrics = (scores: readonly Metrics[]): Metrics => overAll(scores, standardDeviation)

/** Why a volume cannot be scored, or `null` if it can. */
export function unscorable(volume: Volume, settings: EvaluationSettings): string | null {
  if (settings.reference === 'noise-free' && !volume.info.noiseFree)
    return 'It carries no noise-free image (reconstruction_noise_free).'
  if (!volume.info.targetShape)
    return 'It has no ground truth (reconstruction_esc or reconstruction_rss): reconstruct it instead.'
  if (selectSlices(settings.slices, volume.info.slices).length === 0)
    return `None of its ${volume.info.slices} slices is selected.`
  if (usableSlices(volume.info, settings.slices, settings.reference).length === 0)
    return `None of its selected slices can be scored: ${leftOut(volume.info, settings.slices, settings.reference).map(faultInWords).join(', ')}.`
  return null
}

/** Scores one volume that `unscorable` lets through. `model` null is the zero-filled reconstruction. */
export async function evaluateVolume(
  volume: Volume,
  model: Model | null,
  settings: EvaluationSettings,
  pause: Pause,
): Promise<VolumeScore> {
  const { info } = volume
  const indices = usableSlices(info, settings.slices, settings.reference)
  const faults = leftOut(info, settings.slices, settings.reference)
  const { target, maximum, shape } = readReference(volume, indices, settings)
  const draws = volume.mask ? 1 : (settings.maskDraws ?? 1) // a file's own mask is the only one it has
  const scores: (VolumeMetrics & { acceleration: number })[] = []
  for (let draw = 0; draw < draws; draw++) {
    const mask = seededMaskOf(volume, settings.mask, settings.maskDraws === null ? (settings.maskSeed ?? null) : draw)
    const prediction = await reconstructSlices(volume, indices, mask, model, pause)
    scores.push({ ...scoreVolume({ prediction, target, shape, maximum }), acceleration: accelerationOf(volume, mask) })
  }
  const accelerations = scores.map(score => score.acceleration)
  return {
    file: info.file,
    path: info.path,
    slices: indices.length,
    acquisition: info.acquisition,
    synthetic: info.synthetic,
    sampling: volume.mask ? 'sub-sampled in the file' : 'masked here',
    ...(faults.length > 0 && { leftOut: faults }),
    acceleration: mean(accelerations),
    ...meanOfMetrics(scores),
    foreground: meanOfMetrics(scores.map(score => score.foreground)),
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
