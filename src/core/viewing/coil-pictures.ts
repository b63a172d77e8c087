/** Pictures of a slice's coils: the images of all coils, the coil maps, and ESPIRiT's eigenvalue. */
import { fitInWords, methodInWords } from '../mri/coils/model-fit.ts'
import { columnsOf, multiply } from '../mri/pattern.ts'
import { cropShape } from '../mri/transform.ts'
import { coilCautions } from './coil-facts.ts'
import { ofCoils } from './coils.ts'
import type { Picture } from './frame.ts'
import { nameOf, patternOf, pixelSizeOf, refuse, type Subject, samplingOf } from './subject.ts'
import { shapeOfTiles, sideBySide, tilesOf } from './tiles.ts'

/** What is known of every picture of a source. Throws `INVALID_ARGUMENT` for images of all coils, and for one coil. */
function factsOf(subject: Subject): Pick<Picture, 'pixelSize' | 'mask' | 'acceleration'> {
  const { reconstructor, volume } = subject
  if (reconstructor)
    refuse(
      `Expected a source with coils, got ${nameOf(subject)}: its image combines all coils. ` +
        'Choose the zero-filled source or the ground truth.',
    )
  if (volume.info.coils === 1)
    refuse(`Expected a file with several coils, got one coil, in ${volume.info.path}. Look at its image instead.`)
  // The pictures are of measured k-space, also beside the ground truth.
  return { pixelSize: pixelSizeOf({ ...subject, source: 'network' }), ...samplingOf(subject) }
}

/** Images side by side have no common place in the patient. */
const withoutSize = ({ mask, acceleration }: ReturnType<typeof factsOf>) => ({ mask, acceleration })

/** The magnitude of each coil's image. */
export function coilImages(subject: Subject): Picture {
  const facts = factsOf(subject)
  const { volume, slice, fourier } = subject
  const pattern = patternOf(subject)
  const { coils, rows, columns } = volume.info
  const [height, width] = cropShape(volume.info)
  const grid = { coils, rows, columns, height, width }
  const list = columnsOf(pattern)
  const along = new Float32Array(2 * coils * height * columns)
  volume.withKspace(slice, kspace => fourier.columns(multiply(pattern, kspace), list, grid, along))
  const images = fourier.rows(along, list, grid, 'complex')
  const magnitudes = Float32Array.from({ length: images.length / 2 }, (_, i) =>
    Math.hypot(images[2 * i], images[2 * i + 1]),
  )
  const tiles = tilesOf(coils, [height, width])
  return {
    ...withoutSize(facts),
    image: sideBySide(magnitudes, tiles),
    shape: shapeOfTiles(tiles),
    tiles,
    units: 'signal',
    note: `Magnitude of the images of all ${coils} coils, row by row, in one window.`,
  }
}

/** Coil maps: magnitude and phase. */
export function coilMaps(subject: Subject): Picture {
  const facts = factsOf(subject)
  const { volume, slice, coil, mapsOf } = subject
  const maps = mapsOf(volume, slice, patternOf(subject))
  const { compact, magnitudes, phases, fit } = maps
  const shape = cropShape(volume.info)
  const common = {
    cautions: coilCautions(maps),
    units: 'share',
    note: [
      fitInWords(fit),
      methodInWords(compact),
      `Brightness: magnitude${coil === null ? '' : ofCoils({ volume, slice, coil })}.`,
      'Hue: phase relative to the principal coil.',
    ].join(' '),
  } as const
  if (coil !== null) {
    const pixels = shape[0] * shape[1]
    const ofCoil = (values: Float32Array) => values.slice(coil * pixels, (coil + 1) * pixels)
    return { ...common, ...facts, image: ofCoil(magnitudes), second: { kind: 'phase', values: ofCoil(phases) }, shape }
  }
  const tiles = tilesOf(volume.info.coils, shape)
  return {
    ...common,
    ...withoutSize(facts),
    image: sideBySide(magnitudes, tiles),
    second: { kind: 'phase', values: sideBySide(phases, tiles) },
    shape: shapeOfTiles(tiles),
    tiles,
  }
}

/** ESPIRiT's eigenvalue. Marks where one set of maps does not explain the data. */
export function eigenvaluePicture(subject: Subject): Picture {
  const facts = factsOf(subject)
  const { volume, slice, mapsOf } = subject
  const maps = mapsOf(volume, slice, patternOf(subject))
  const { compact, eigenvalues, fit } = maps
  if (!eigenvalues || !fit)
    return refuse(
      `Expected coil maps of ESPIRiT, got maps of another method, for slice ${slice + 1} of ${volume.info.path}. ` +
        `${methodInWords(compact)} Look at the coil maps, or choose a mask with a larger centre.`,
    )
  return {
    ...facts,
    cautions: coilCautions(maps),
    image: eigenvalues,
    second: { kind: 'mark', values: fit.failing },
    shape: cropShape(volume.info),
    units: 'share',
    note: `${fitInWords(fit)} ${methodInWords(compact)}${fit.share > 0 ? ' These pixels are orange.' : ''}`,
  }
}
