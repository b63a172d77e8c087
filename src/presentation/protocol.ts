/** What a metric depends on, in words, once for screen and print. */
import { classicalInWords } from '../contract/classical.ts'
import {
  type MaskKind,
  type MaskSpec,
  maskPairs,
  type POINT_KINDS,
  type Protocol,
  type VolumeScore,
} from '../contract/evaluation.ts'
import type { RunConfig } from '../contract/runs.ts'
import { formatAcceleration } from './numbers.ts'

export const RESEARCH_ONLY = 'Research use only. Not a medical device.'

/** Why the whole-image SSIM of classical images must not rank them alone. */
export const CLASSICAL_CAUTION =
  'Do not rank classical images by whole-image SSIM alone. In air, the ground truth (RSS) has a noise floor. ' +
  'Classical images have less noise there, and SSIM counts this difference as a fault. Compare foreground scores too.'

const POINTS: Readonly<Record<(typeof POINT_KINDS)[number], string>> = {
  poisson_disc: 'Poisson-disc points',
  gaussian_2d: 'Gaussian points',
  uniform_2d: 'uniform points',
}

/** 'random columns', 'Poisson-disc points' */
export const maskKindInWords = (kind: MaskKind): string =>
  kind in POINTS ? POINTS[kind as keyof typeof POINTS] : `${kind.replaceAll('_', ' ')} columns`

/** Digits of a hash that tell files apart. */
const HASH_DIGITS = 12

/** 'random columns, 4×, centre fraction 0.08'; of several pairs: '…, 4× with centre fraction 0.08 or 8× with …' */
export function maskInWords(mask: MaskSpec): string {
  if (mask.file) {
    const { path, sha256 } = mask.file
    return `mask file ${path.split(/[\\/]/).at(-1)} (SHA-256 ${sha256.slice(0, HASH_DIGITS)})`
  }
  const pairs = maskPairs(mask)
  const between = pairs.length > 1 ? ' with' : ','
  const each = pairs.map(pair => `${pair.acceleration}×${between} centre fraction ${pair.centerFraction}`)
  return `${maskKindInWords(mask.kind as MaskKind)}, ${each.join(' or ')}`
}

/** The mask of a training. A pre-training under a mask file keeps the file's samples within the centre fraction. */
export const trainingMaskInWords = (mask: MaskSpec, kind: RunConfig['kind']): string =>
  mask.file && kind === 'pretrain' ? `${maskInWords(mask)}, centre fraction ${mask.centerFraction}` : maskInWords(mask)

/** A drawn mask and its seed. A mask file has no seed. */
export const seededMaskInWords = (mask: MaskSpec, seed: string): string =>
  mask.file ? maskInWords(mask) : `${maskInWords(mask)}, ${seed}`

/** The seed of a mask's random numbers in words. `null`: the seed is made of the file's name. */
export const maskSeedInWords = (seed: number | null): string =>
  seed === null ? 'seeded by the file name' : `one draw, seed ${seed}`

function drawsInWords({ maskSeed, maskDraws }: Protocol): string {
  if (maskSeed === 'file name') return maskSeedInWords(null)
  if (maskSeed !== 'seeded draws') return `one draw, ${maskSeed}`
  return maskDraws === 1 ? maskSeedInWords(0) : `mean over ${maskDraws} draws, seeds 0 to ${maskDraws - 1}`
}

function slicesInWords(slices: Protocol['slices']): string {
  if (slices.kind === 'range') return `${slices.from + 1} to ${slices.to + 1}`
  if (slices.kind === 'every') return slices.n === 1 ? 'all' : `one in ${slices.n}, from the first`
  return slices.kind === 'middle' ? 'the middle slice of each volume' : 'all'
}

/** A mask's acceleration as drawn, which may differ from the acceleration that was asked for. */
export const asDrawn = (acceleration: number): string => `as drawn ${formatAcceleration(acceleration)}`

type Accelerations = Pick<VolumeScore, 'acceleration' | 'measurableAcceleration'>

/**
 * '4.85×', and over the columns that could be measured if the header says that some could not: '… (4.20× of …)'.
 * `sd`: standard deviation of the first number.
 */
export function accelerationInWords({ acceleration, measurableAcceleration }: Accelerations, sd?: number): string {
  const over =
    measurableAcceleration === undefined
      ? ''
      : ` (${formatAcceleration(measurableAcceleration)} of the measurable columns)`
  return formatAcceleration(acceleration) + (sd === undefined ? '' : ` ± ${formatAcceleration(sd)}`) + over
}

/** The protocol as names and values, in reading order. */
export function protocolParts(protocol: Protocol): readonly (readonly [name: string, value: string])[] {
  const { foreground, classical } = protocol
  return [
    ...(classical ? [['Method', `${classicalInWords(classical)}, no eigenvalue crop`] as const] : []),
    ['Mask', seededMaskInWords(protocol.mask, drawsInWords(protocol))],
    ['Crop', protocol.crop],
    ['Data range', protocol.dataRange],
    ['SSIM', protocol.ssim],
    ['Reference', protocol.reference],
    ['Foreground', `at least ${foreground.threshold} of the ${foreground.of}`],
    ['Slices', slicesInWords(protocol.slices)],
  ]
}

/** Everything a metric depends on, as one line of text. */
export function protocolSentence(protocol: Protocol): string {
  return `${protocolParts(protocol)
    .map(([name, value]) => `${name}: ${value}`)
    .join('. ')}.`
}

/** One line for each part, for a hover note beside one volume's scores. */
export function protocolLines(protocol: Protocol, drawn: Accelerations | null): string {
  return protocolParts(protocol)
    .map(
      ([name, value]) =>
        `${name}: ${value}${name === 'Mask' && drawn ? `, as drawn ${accelerationInWords(drawn)}` : ''}.`,
    )
    .join('\n')
}

interface Scored {
  readonly rows: readonly { readonly volumes: readonly VolumeScore[] }[]
}

/**
 * The scored test volumes, each once. Rows score all test volumes, or the volumes of their fold. Rows of another
 * machine have other paths for these volumes, so volumes are compared by file name and acceleration.
 */
function testVolumes({ rows }: Scored): readonly VolumeScore[] {
  const named = rows.flatMap(({ volumes }) =>
    volumes.map(volume => [`${volume.file} ${volume.acceleration}`, volume] as const),
  )
  return [...new Map(named).values()]
}

const NAMED_VOLUMES = 8

/** The test volumes with the acceleration of their masks as drawn. A long list is cut after its first names. */
export function volumesSentence(report: Scored): string {
  const volumes = testVolumes(report)
  if (volumes.length === 0) return 'Test volumes: none could be scored.'
  const named = volumes.slice(0, NAMED_VOLUMES).map(volume => {
    const own = volume.sampling === 'sub-sampled in the file' ? ', sub-sampled in the file' : ''
    return `${volume.file} (${accelerationInWords(volume)}${own})`
  })
  const [least, most] = [Math.min, Math.max].map(of =>
    formatAcceleration(of(...volumes.map(volume => volume.acceleration))),
  )
  const more = volumes.length - NAMED_VOLUMES
  const rest = more > 0 ? ` and ${more} more; all between ${least} and ${most}` : ''
  return `Test volumes, with the real acceleration: ${named.join(', ')}${rest}.`
}
