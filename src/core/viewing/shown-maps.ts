/** The coil maps of a slice for panes: of the image's pixels alone, and whether they explain the data there. */
import { CoilSettings } from '../../contract/classical.ts'
import { AppError } from '../../contract/errors.ts'
import type { Arithmetic } from '../compute.ts'
import type { Volume } from '../data/volume.ts'
import { type CompactMaps, EXPANSION_DEFAULTS } from '../mri/coils/maps.ts'
import { type ModelFit, modelFit } from '../mri/coils/model-fit.ts'
import type { Pattern } from '../mri/pattern.ts'
import { centreCropReal, cropShape, type Shape } from '../mri/transform.ts'
import { mapsOfSlice, measuredCoils } from '../slice-coils.ts'

export interface ShownMaps {
  readonly compact: CompactMaps
  /** [coils, crop height, crop width] */
  readonly magnitudes: Float32Array
  /** Radians in −π … π, [coils, crop height, crop width]. */
  readonly phases: Float32Array
  /** [crop height, crop width]. `null`: the method has none. */
  readonly eigenvalues: Float32Array | null
  /** `null`: the method has no eigenvalues. */
  readonly fit: ModelFit | null
}

/** The maps of the file's own coils, with the settings that classical reconstructions have by default. */
export function makeShownMaps(
  volume: Volume,
  slice: number,
  pattern: Pattern,
  arithmetic: Pick<Arithmetic, 'fourier' | 'eigenvectors' | 'keepMaps'>,
): ShownMaps {
  const settings = CoilSettings.parse({})
  const measured = measuredCoils(volume, slice, pattern, settings)
  const { coils, rows, columns, kspace, where } = measured
  if (kspace.every(value => value === 0))
    throw new AppError('INVALID_ARGUMENT', `Expected data for coil maps, got none, in ${where}. Look at another slice.`)
  const shape = [rows, columns] as const
  const crop = cropShape(volume.info)
  const made = mapsOfSlice(volume, slice, measured, settings, arithmetic, EXPANSION_DEFAULTS)
  return {
    compact: made.compact,
    ...polar(made.maps, coils, shape, crop),
    eigenvalues: made.eigenvalues && centreCropReal(made.eigenvalues, shape, crop),
    fit: modelFit(kspace, measured, made, crop, arithmetic),
  }
}

/** Magnitudes and phases of the middle of complex images [coils, height, width, 2]. */
export function polar(
  images: Float32Array,
  coils: number,
  [height, width]: Shape,
  [cropHeight, cropWidth]: Shape,
): Pick<ShownMaps, 'magnitudes' | 'phases'> {
  const magnitudes = new Float32Array(coils * cropHeight * cropWidth)
  const phases = new Float32Array(magnitudes.length)
  const [top, left] = [Math.floor((height - cropHeight) / 2), Math.floor((width - cropWidth) / 2)]
  let to = 0
  for (let line = 0; line < coils * cropHeight; line++) {
    const row = Math.floor(line / cropHeight) * height + top + (line % cropHeight)
    const from = 2 * (row * width + left)
    for (let i = from; i < from + 2 * cropWidth; i += 2, to++) {
      magnitudes[to] = Math.hypot(images[i], images[i + 1])
      phases[to] = Math.atan2(images[i + 1], images[i])
    }
  }
  return { magnitudes, phases }
}
