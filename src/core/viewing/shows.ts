/** The picture that a pane shows of a source's slice: one function for every `Show`. */
import type { OverMasks, Show, SliceMetrics } from '../../contract/images.ts'
import { accelerationOf, seededMaskOf } from '../data/patterns.ts'
import { isWhole } from '../data/slices.ts'
import { croppedTruth } from '../data/truth.ts'
import type { Volume } from '../data/volume.ts'
import { requireFiniteImage, zeroFilled } from '../imaging.ts'
import {
  largest,
  logMagnitude,
  logSpectrum,
  type Measurement,
  norm,
  phaseImage,
  residualOf,
  ssimImage,
} from '../mri/aspects.ts'
import { makeZeroFilling } from '../mri/fft.ts'
import { gridOf, multiply } from '../mri/pattern.ts'
import { cropShape, type Shape } from '../mri/transform.ts'
import { isClassical } from '../reconstruct.ts'
import { coilCautions, coilNote } from './coil-facts.ts'
import { coilImages, coilMaps, eigenvaluePicture } from './coil-pictures.ts'
import { ofCoils, requireCoil, withCoils } from './coils.ts'
import { featureMaps } from './features.ts'
import { type Picture, sliceMetrics } from './frame.ts'
import {
  cascadePicture,
  givenBy,
  hasKspace,
  networkKspace,
  networkMaps,
  networkPhase,
  networkResidual,
} from './network-pictures.ts'
import { drawnMask, nameOf, patternOf, pixelSizeOf, refuse, type Subject, samplingOf } from './subject.ts'

function truthOf({ volume, slice }: Subject): Float32Array {
  return (
    croppedTruth(volume, slice) ??
    refuse(`Expected a ground truth, got none, in ${volume.info.path}. Look at its k-space instead.`)
  )
}

/** The source's magnitude, [crop height, crop width]. */
async function magnitudeOf(subject: Subject): Promise<Float32Array> {
  const { source, volume, slice, reconstructor, coil, fourier } = subject
  if (source === 'truth') return truthOf(subject)
  const mask = drawnMask(subject)
  if (coil === null) return subject.reconstruct(volume, slice, mask, reconstructor)
  const alone: Volume = {
    ...volume,
    info: { ...volume.info, coils: 1 },
    withKspace: (index, use) => withCoils({ volume, slice: index, coil }, use),
  }
  const image = zeroFilled(alone, slice, mask, makeZeroFilling(fourier))
  return requireFiniteImage(image, volume, slice, 'zero-filled')
}

/** Shape of k-space, [rows, columns]. */
const shapeOf = ({ volume: { info } }: Subject): Shape => [info.rows, info.columns]

/** The k-space that the source uses. */
function measurementOf(subject: Subject): Measurement {
  const { info } = subject.volume
  const mask = patternOf(subject)
  const measured = withCoils(subject, kspace => multiply(mask, kspace))
  const coils = subject.coil === null ? info.coils : 1
  return { measured, coils, mask, shape: shapeOf(subject), crop: cropShape(info) }
}

function requireScored({ scored }: Subject, what: string): void {
  if (!scored)
    refuse(
      `Expected an image in the units of the file for ${what}, got a pre-training’s output, ` +
        'which is in arbitrary units. Fine-tune the run first.',
    )
}

/** Whether an image is compared with a ground truth: not the ground truth or one coil, and both without a fault. */
export const hasMetrics = ({ source, scored, volume, slice, volumeMaximum, coil }: Subject): boolean =>
  source !== 'truth' && scored && coil === null && volumeMaximum !== null && isWhole(volume.info, slice, 'ground truth')

/** Metrics of the image against the ground truth; `null` if they do not apply. */
export async function metricsOf(subject: Subject): Promise<SliceMetrics | null> {
  if (!hasMetrics(subject)) return null
  const image = await magnitudeOf(subject)
  return sliceMetrics(image, truthOf(subject), cropShape(subject.volume.info), subject.volumeMaximum!)
}

function classicalFactsOf({ reconstructor, coilFacts }: Subject): Pick<Picture, 'note' | 'cautions'> {
  if (!isClassical(reconstructor) || !coilFacts) return {}
  return { note: coilNote(reconstructor, coilFacts), cautions: coilCautions(coilFacts) }
}

/** The magnitude. */
const imageOf = async (subject: Subject): Promise<Picture> => ({
  image: await magnitudeOf(subject),
  shape: cropShape(subject.volume.info),
  units: subject.scored ? 'signal' : 'arbitrary',
  pixelSize: pixelSizeOf(subject),
  ...samplingOf(subject),
  ...classicalFactsOf(subject),
  ...(subject.coil !== null && {
    note: `Zero-filled image${ofCoils(subject)}. Metrics apply to all coils combined.`,
  }),
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
    if (hasKspace(subject)) return networkKspace(subject)
    if (subject.reconstructor) {
      const { image, shape, cautions } = await imageOf(subject)
      return {
        ...samplingOf(subject),
        cautions,
        image: logSpectrum(subject.fourier, image, shape),
        shape,
        units: 'log',
        note:
          'log₁₀ of the Fourier transform of the magnitude image: ' +
          'a magnitude has no phase, so this is not measured k-space.',
      }
    }
    const { measured, coils, mask, shape } = measurementOf(subject)
    const empty = subject.source === 'truth' ? '' : `; ${mask.kind} that were not measured have no value`
    return {
      image: logMagnitude(measured, coils, mask),
      shape,
      units: 'log',
      ...samplingOf(subject),
      note: `log₁₀ of the measured magnitude${ofCoils(subject)}, at least a millionth of its largest${empty}.`,
    }
  },

  phase(subject) {
    if (hasKspace(subject)) return networkPhase(subject)
    if (subject.reconstructor)
      refuse('Expected a source with a phase, got a magnitude image, which has none. Look at the zero-filled phase.')
    // The root of the sum of squares has no phase, so the first coil is shown instead of all coils.
    const ofCoil = { ...subject, coil: subject.coil ?? 0 }
    const { measured, shape, crop } = measurementOf(ofCoil)
    return {
      image: phaseImage(subject.fourier, measured, shape, crop),
      shape: crop,
      units: 'radians',
      // The phase is the measured k-space's phase, also beside the ground truth.
      pixelSize: pixelSizeOf({ ...subject, source: 'network' }),
      ...samplingOf(subject),
      ...(subject.volume.info.coils > 1 && {
        note: `Phase${ofCoils(ofCoil)}. The root of the sum of squares over coils has no phase.`,
      }),
    }
  },

  mask(subject) {
    return { image: gridOf(patternOf(subject)), shape: shapeOf(subject), units: 'share', ...samplingOf(subject) }
  },

  async residual(subject) {
    requireScored(subject, 'the residual')
    const { fourier, volume, slice } = subject
    const measurement = measurementOf({ ...subject, source: 'network' })
    const whole = norm(measurement.measured)
    const own = hasKspace(subject) ? await networkResidual(subject, measurement) : null
    const difference = own?.difference ?? residualOf(fourier, await magnitudeOf(subject), measurement)
    const truth = croppedTruth(volume, slice)
    return {
      image: logMagnitude(
        difference,
        measurement.coils,
        measurement.mask,
        largest(measurement.measured, measurement.coils),
      ),
      shape: measurement.shape,
      units: 'log',
      mask: measurement.mask,
      cautions: classicalFactsOf(subject).cautions,
      residual: {
        value: norm(difference) / whole,
        floor: truth && norm(residualOf(fourier, truth, measurement)) / whole,
        ...(own && { ofKspace: true as const }),
      },
      note: own
        ? `log₁₀ of |M(k − y)|${ofCoils(subject)}, at least a millionth of the largest measured value. ` +
          `k is ${own.origin}, y was measured.`
        : volume.info.coils === 1
          ? 'log₁₀ of |M(F x̂ − y)|, at least a millionth of the largest measured value. ' +
            'The phase of x̂, and x̂ outside of the crop, are the zero-filled image’s, because a magnitude has neither.'
          : `log₁₀ of |M(F x̂ − y)|${ofCoils(subject)}, at least a millionth of the largest measured value. ` +
            'Phase and share of each coil, and x̂ outside of the crop, are the zero-filled images’, ' +
            'because a magnitude has none of them.',
    }
  },

  async feature({ kernels, reconstructor: model, volume, slice, layer, channel, ...subject }) {
    if (!model || isClassical(model))
      return refuse('Expected a run, got a source without a network: only its layers have features. Choose a run.')
    const mask = seededMaskOf(volume, subject.mask, subject.seed)(slice)
    const { parts } = subject.inputFor(volume, slice, mask, model)
    const { maps, meta } = await featureMaps(kernels, model, { parts, layer, first: channel, most: 1 })
    return {
      image: maps,
      shape: meta.shape,
      units: 'arbitrary',
      mask,
      acceleration: accelerationOf(volume, () => mask, [slice]),
      note: `Channel ${channel + 1} of ${meta.channels} of ${layer}.`,
    }
  },

  cascade: cascadePicture,
  coils: coilImages,
  maps: subject => (givenBy(subject).includes('maps') ? networkMaps(subject) : coilMaps(subject)),
  eigenvalues: eigenvaluePicture,
}

/** Throws `INVALID_ARGUMENT`, with an alternative, if the source cannot be shown in this way. */
export async function pictureOf(show: keyof typeof PICTURES, subject: Subject): Promise<Picture> {
  requireCoil(subject, show, nameOf(subject), givenBy(subject))
  return PICTURES[show](subject)
}
