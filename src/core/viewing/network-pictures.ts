/** Pictures of what a network gives beside its image: its k-space, phase, residual, cascades and coil maps. */
import { givesKspace } from '../../contract/networks.ts'
import { difference, logMagnitude, type Measurement, phaseOf } from '../mri/aspects.ts'
import { fullPattern } from '../mri/pattern.ts'
import { cropShape, type Shape } from '../mri/transform.ts'
import { isClassical } from '../reconstruct.ts'
import { ofCoils } from './coils.ts'
import type { Picture } from './frame.ts'
import { givesOf, type SliceGiven } from './given.ts'
import { drawnMask, pixelSizeOf, refuse, type Subject, samplingOf } from './subject.ts'
import { shapeOfTiles, sideBySide, tilesOf } from './tiles.ts'

/** What the source's network gives. Empty: the source is no network, or it gives its image alone. */
export const givenBy = ({ reconstructor }: Subject) =>
  reconstructor && !isClassical(reconstructor) ? givesOf(reconstructor) : []

export const hasKspace = (subject: Subject): boolean => givesKspace(givenBy(subject))

async function given(subject: Subject): Promise<SliceGiven> {
  const { volume, slice, reconstructor, volumeMaximum } = subject
  if (!reconstructor || isClassical(reconstructor)) throw new Error('Expected a network')
  return subject.given(volume, slice, drawnMask(subject), reconstructor, volumeMaximum)
}

/** Where the network's k-space comes from. */
function origin(subject: Subject): string {
  if (givenBy(subject).includes('k-space')) return 'the network’s own k-space'
  const ofImage = 'the Fourier transform of the network’s complex image'
  return subject.volume.info.coils > 1 ? `${ofImage}, times the coil maps` : ofImage
}

export async function networkKspace(subject: Subject): Promise<Picture> {
  const { volume, coil } = subject
  const { coils, rows, columns } = volume.info
  const kspace = (await given(subject)).kspace!
  const numbers = 2 * rows * columns
  const values = coil === null ? kspace : kspace.subarray(coil * numbers, (coil + 1) * numbers)
  return {
    ...samplingOf(subject),
    image: logMagnitude(values, coil === null ? coils : 1, fullPattern(rows, columns)),
    shape: [rows, columns],
    units: 'log',
    note:
      `log₁₀ of the magnitude of ${origin(subject)}${ofCoils(subject)}, at least a millionth of its largest. ` +
      'Measured samples are as the network leaves them.',
  }
}

/** The complex image’s phase, or the phase of one coil’s image. */
export async function networkPhase(subject: Subject): Promise<Picture> {
  const { volume, coil, fourier } = subject
  const { info } = volume
  const shape: Shape = [info.rows, info.columns]
  const { complexImage, kspace } = await given(subject)
  const numbers = 2 * info.rows * info.columns
  const ofCoil = { ...subject, coil: coil ?? (complexImage ? null : 0) }
  const image =
    ofCoil.coil === null
      ? complexImage!
      : fourier.images(kspace!.slice(ofCoil.coil * numbers, (ofCoil.coil + 1) * numbers), [1, ...shape], 'inverse')
  const combined = info.coils > 1 ? `, which combines ${info.coils} coils` : ''
  return {
    ...samplingOf(subject),
    image: phaseOf(image, shape, cropShape(info)),
    shape: cropShape(info),
    units: 'radians',
    pixelSize: pixelSizeOf(subject),
    note:
      ofCoil.coil === null
        ? `Phase of the network’s complex image${combined}.`
        : `Phase of the image${ofCoils(ofCoil)}, from ${origin(subject)}.`,
  }
}

/** M(k − y), [coils, rows, columns, 2], and where k comes from. */
export async function networkResidual(subject: Subject, { measured, mask, shape }: Measurement) {
  const kspace = (await given(subject)).kspace!
  return { difference: difference(kspace, measured, mask, shape), origin: origin(subject) }
}

/** The image after a cascade. Cascade 0 is the input's image. */
export async function cascadePicture(subject: Subject): Promise<Picture> {
  if (!givenBy(subject).includes('cascade'))
    return refuse('Expected a network with cascades, got a source without them. Choose a run of such a network.')
  const { cascades, ssim } = await given(subject)
  const last = cascades.length - 1
  const at = subject.cascade ?? last
  if (at > last) return refuse(`Expected a cascade from 0 (the input) to ${last}, got ${at}. Choose one of these.`)
  return {
    ...samplingOf(subject),
    image: cascades[at],
    shape: cropShape(subject.volume.info),
    units: subject.scored ? 'signal' : 'arbitrary',
    pixelSize: pixelSizeOf(subject),
    cascades: { at, ssim: subject.scored && ssim ? [...ssim] : null },
    note: at === 0 ? `Input of the network, before cascade 1 of ${last}.` : `After cascade ${at} of ${last}.`,
  }
}

/** The coil maps that the network used: magnitude and phase, of one coil or side by side. */
export async function networkMaps(subject: Subject): Promise<Picture> {
  const { volume, slice, coil } = subject
  const { magnitudes, phases } = (await given(subject)).maps!
  const shape = cropShape(volume.info)
  const pixels = shape[0] * shape[1]
  const brightness = `Brightness: magnitude${coil === null ? '' : ofCoils({ volume, slice, coil })}. Hue: phase.`
  const common = { units: 'share', note: `Coil maps that the network used. ${brightness}` } as const
  if (coil !== null) {
    const ofCoil = (values: Float32Array) => values.slice(coil * pixels, (coil + 1) * pixels)
    const second = { kind: 'phase', values: ofCoil(phases) } as const
    return {
      ...common,
      ...samplingOf(subject),
      image: ofCoil(magnitudes),
      second,
      shape,
      pixelSize: pixelSizeOf(subject),
    }
  }
  const tiles = tilesOf(volume.info.coils, shape)
  return {
    ...common,
    ...samplingOf(subject),
    image: sideBySide(magnitudes, tiles),
    second: { kind: 'phase', values: sideBySide(phases, tiles) },
    shape: shapeOfTiles(tiles),
    tiles,
  }
}
