/** The picture that a pane shows of a source's slice: one function for every `Show`. */
import { AppError } from '../../contract/errors.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import { type OverMasks, type Show, type SliceMetrics, SPREAD_SEEDS } from '../../contract/images.ts'
import { isWhole } from '../data/slices.ts'
import { croppedTruth } from '../data/truth.ts'
import type { Volume } from '../data/volume.ts'
import type { Kernels } from '../kernels.ts'
import type { Model } from '../models/model.ts'
import {
  largest,
  logMagnitude,
  logSpectrum,
  maskedKspace,
  maskGrid,
  norm,
  phaseImage,
  pixelStatistics,
  residualOf,
  ssimImage,
} from '../mri/aspects.ts'
import type { Fourier } from '../mri/fourier.ts'
import { acceleration } from '../mri/mask.ts'
import { cropShape, normalise, type Shape, voxelSizeOf } from '../mri/transform.ts'
import { accelerationOf, seededMaskOf } from '../reconstruct.ts'
import { mean } from '../statistics.ts'
import { featureMaps } from './features.ts'
import { type Picture, sliceMetrics } from './frame.ts'

/** A slice of a source. */
export interface Subject {
  readonly volume: Volume
  readonly slice: number
  readonly source: 'truth' | 'network'
  /** `null`: the zero-filled image, or the ground truth. */
  readonly model: Model | null
  /** Whether the image is in the units of the file, so that metrics fit it. */
  readonly scored: boolean
  readonly mask: MaskSpec
  /** `null`: the mask is seeded by the file's name. */
  readonly seed: number | null
  /** Maximum of the ground truth over the volume; `null` without ground truth. */
  readonly volumeMaximum: number | null
  /** Layer and channel (from 0) of a `feature`. */
  readonly layer: string
  readonly channel: number
  readonly kernels: Kernels
  readonly fourier: Fourier
  /** As `reconstructSlice`. The function may keep images, because several shows of a slice need its image. */
  readonly reconstruct: (volume: Volume, index: number, mask: Uint8Array, model: Model | null) => Promise<Float32Array>
}

const refuse = (message: string): never => {
  throw new AppError('INVALID_ARGUMENT', message)
}

const drawnMask = ({ volume, mask, seed }: Subject) => seededMaskOf(volume, mask, seed)

/** The mask with which the source was made; `undefined` for the ground truth, which was fully sampled. */
const maskOfSource = (subject: Subject) => (subject.source === 'truth' ? undefined : drawnMask(subject))

/** Mask and acceleration of the source. */
function samplingOf(subject: Subject): Pick<Picture, 'mask' | 'acceleration'> {
  const mask = maskOfSource(subject)
  return mask ? { mask, acceleration: accelerationOf(subject.volume, mask) } : {}
}

/** Refuses a file whose measured samples are not described by a mask over columns. */
function requireColumns({ volume: { info } }: Subject, what: string): void {
  if (info.sampling.kind === 'irregular')
    refuse(
      `Expected one set of measured columns for ${what}, got sampling of another kind (${info.sampling.pattern}), ` +
        `in ${info.path}. Look at its k-space instead.`,
    )
}

function truthOf({ volume, slice }: Subject): Float32Array {
  return (
    croppedTruth(volume, slice) ??
    refuse(`Expected a ground truth, got none, in ${volume.info.path}. Look at its k-space instead.`)
  )
}

/** The source's magnitude, [crop height, crop width]. */
const magnitudeOf = async (subject: Subject): Promise<Float32Array> =>
  subject.source === 'truth'
    ? truthOf(subject)
    : subject.reconstruct(subject.volume, subject.slice, drawnMask(subject), subject.model)

/** The columns that the source uses. The ground truth uses all columns. */
function columnsOf(subject: Subject): Uint8Array {
  const { path, columns } = subject.volume.info
  if (subject.source === 'truth' && subject.volume.mask)
    refuse(
      `Expected fully sampled k-space, got a file that was sub-sampled in the scanner, ${path}. ` +
        'Look at the zero-filled source instead.',
    )
  return maskOfSource(subject) ?? new Uint8Array(columns).fill(1)
}

/** Shape of k-space, [rows, columns]. */
const gridOf = ({ volume: { info } }: Subject): Shape => [info.rows, info.columns]

/** The k-space that the source uses. */
function measurementOf(subject: Subject) {
  const { volume, slice } = subject
  const mask = columnsOf(subject)
  const measured = maskedKspace(volume.readKspace(slice), mask)
  return { measured, mask, shape: gridOf(subject), crop: cropShape(volume.info) }
}

function requireScored({ scored }: Subject, what: string): void {
  if (!scored)
    refuse(
      `Expected an image in the units of the file for ${what}, got a pre-training’s output, ` +
        'which is in arbitrary units. Fine-tune the run first.',
    )
}

/** Whether an image is compared with a ground truth: not the ground truth itself, and both without a fault. */
export const hasMetrics = ({ source, scored, volume, slice, volumeMaximum }: Subject): boolean =>
  source !== 'truth' && scored && volumeMaximum !== null && isWhole(volume.info, slice, 'ground truth')

/** Metrics of the image against the ground truth; `null` if they do not apply. */
export async function metricsOf(subject: Subject): Promise<SliceMetrics | null> {
  if (!hasMetrics(subject)) return null
  const image = await magnitudeOf(subject)
  return sliceMetrics(image, truthOf(subject), cropShape(subject.volume.info), subject.volumeMaximum!)
}

/** Pixel size, mm [down, right]. */
function pixelSizeOf({ volume, source }: Subject): [number, number] | undefined {
  const [down, right] = voxelSizeOf(volume.info, source) ?? []
  return down && right ? [down, right] : undefined
}

/** The magnitude. */
const imageOf = async (subject: Subject): Promise<Picture> => ({
  image: await magnitudeOf(subject),
  shape: cropShape(subject.volume.info),
  units: subject.scored ? 'signal' : 'arbitrary',
  pixelSize: pixelSizeOf(subject),
  ...samplingOf(subject),
})

const PICTURES: Readonly<Record<Exclude<Show, OverMasks>, (subject: Subject) => Picture | Promise<Picture>>> = {
  image: imageOf,

  async ssim(subject) {
    requireScored(subject, 'SSIM')
    const truth = truthOf(subject)
    const picture = await imageOf(subject)
    return {
      ...picture,
      image: ssimImage(picture.image, truth, picture.shape, subject.volumeMaximum!),
      units: 'ssim',
      note:
        'SSIM of the 7 × 7 window around each pixel; ' +
        'the three pixels at each edge have no whole window and no value.',
    }
  },

  async 'k-space'(subject) {
    if (subject.model) {
      const { image, shape } = await imageOf(subject)
      return {
        ...samplingOf(subject),
        image: logSpectrum(subject.fourier, image, shape),
        shape,
        units: 'log',
        note:
          'log₁₀ of the Fourier transform of the magnitude image: ' +
          'a magnitude network has no phase, so this is not measured k-space.',
      }
    }
    const { measured, mask, shape } = measurementOf(subject)
    const empty = subject.source === 'truth' ? '' : '; columns that were not measured have no value'
    return {
      image: logMagnitude(measured, mask),
      shape,
      units: 'log',
      ...samplingOf(subject),
      note: `log₁₀ of the measured magnitude, at least a millionth of its largest${empty}.`,
    }
  },

  phase(subject) {
    if (subject.model)
      refuse('Expected a source with a phase, got a run: a magnitude network has none. Look at the zero-filled phase.')
    const { measured, shape, crop } = measurementOf(subject)
    return {
      image: phaseImage(subject.fourier, measured, shape, crop),
      shape: crop,
      units: 'radians',
      // The phase is the measured k-space's phase, also beside the ground truth.
      pixelSize: pixelSizeOf({ ...subject, source: 'network' }),
      ...samplingOf(subject),
    }
  },

  mask(subject) {
    requireColumns(subject, 'its mask')
    const shape = gridOf(subject)
    return { image: maskGrid(columnsOf(subject), shape[0]), shape, units: 'share', ...samplingOf(subject) }
  },

  async residual(subject) {
    requireScored(subject, 'the residual')
    requireColumns(subject, 'the residual')
    const { fourier, volume, slice } = subject
    const measurement = measurementOf({ ...subject, source: 'network' })
    const whole = norm(measurement.measured)
    const difference = residualOf(fourier, await magnitudeOf(subject), measurement)
    const truth = croppedTruth(volume, slice)
    return {
      image: logMagnitude(difference, measurement.mask, largest(measurement.measured)),
      shape: measurement.shape,
      units: 'log',
      mask: measurement.mask,
      residual: {
        value: norm(difference) / whole,
        floor: truth && norm(residualOf(fourier, truth, measurement)) / whole,
      },
      note:
        'log₁₀ of |M(F x̂ − y)|, at least a millionth of the largest measured value. ' +
        'The phase of x̂, and x̂ outside of the crop, are the zero-filled image’s, because a magnitude has neither.',
    }
  },

  async feature({ kernels, model, volume, slice, layer, channel, ...subject }) {
    if (!model)
      return refuse('Expected a run, got a source without a network: only its layers have features. Choose a run.')
    const mask = seededMaskOf(volume, subject.mask, subject.seed)
    const { image } = normalise(await subject.reconstruct(volume, slice, mask, null))
    const shape = cropShape(volume.info)
    const { maps, meta } = await featureMaps(kernels, model, { image, shape, layer, first: channel, most: 1 })
    return {
      image: maps,
      shape: meta.shape,
      units: 'arbitrary',
      mask,
      acceleration: accelerationOf(volume, mask),
      note: `Channel ${channel + 1} of ${meta.channels} of ${layer}.`,
    }
  },
}

/** Throws `INVALID_ARGUMENT`, with an alternative, if the source cannot be shown in this way. */
export const pictureOf = async (show: keyof typeof PICTURES, subject: Subject): Promise<Picture> =>
  PICTURES[show](subject)

/**
 * Mean and spread of each pixel over masks from seeds 0 … `SPREAD_SEEDS` − 1: how much the image depends on the mask.
 * `draw` makes the image of one seed, so the caller decides what happens between two images.
 */
export async function picturesOverMasks(
  draw: (seed: number) => Promise<Picture>,
): Promise<Readonly<Record<OverMasks, Picture>>> {
  const pictures: Picture[] = []
  for (let seed = 0; seed < SPREAD_SEEDS; seed++) pictures.push(await draw(seed))
  const [{ shape, units, pixelSize }] = pictures
  const images = pixelStatistics(pictures.map(({ image }) => image))
  const accelerations = mean(pictures.map(({ mask }) => acceleration(mask!)))
  const told = (image: Float32Array, what: string): Picture => ({
    image,
    shape,
    units,
    pixelSize,
    acceleration: accelerations,
    note: `${what} of each pixel over ${SPREAD_SEEDS} masks, seeds 0 to ${SPREAD_SEEDS - 1}.`,
  })
  return { mean: told(images.mean, 'Mean'), spread: told(images.spread, 'Standard deviation (n − 1)') }
}

/** The image for one of several masks. Throws `INVALID_ARGUMENT` if the source has at most one mask. */
export async function imageOfDraw(subject: Subject): Promise<Picture> {
  const { source, volume } = subject
  if (source === 'truth')
    refuse('Expected a source that depends on the mask, got the ground truth. Choose zero-filled or a run.')
  if (volume.mask)
    refuse(
      'Expected a fully sampled file to draw masks for, got a file that was sub-sampled in the scanner and has only ' +
        `one mask, ${volume.info.path}. Look at its image instead.`,
    )
  return imageOf(subject)
}
