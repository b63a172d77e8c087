/**
 * The complex zero-filled image of the whole field, `image` [rows, columns, 2]: of one coil, or the SENSE combination
 * Aᴴ y of all coils with ESPIRiT's maps. A network that asks for an `Extra` gets the parts of k-space too.
 * The unit is that of k-space inputs.
 */

import type { Volume } from '../data/volume.ts'
import type { Extra } from '../models/network.ts'
import { maskOfSamples, type Pattern } from '../mri/pattern.ts'
import { adjoint } from '../mri/sense/encoding.ts'
import { measuredCoils, withoutPadding } from '../slice-coils.ts'
import type { InputKind } from './input.ts'
import { kspace, kspaceParts, type MapArithmetic, mapsPart } from './kspace.ts'

export const complex: InputKind = {
  ...kspace,
  label: 'complex images',
  prepare(volume, slice, mask, extras, imaging) {
    const { parts, std, measured } = kspaceParts(volume, slice, mask, [...new Set<Extra>(['maps', ...extras])], imaging)
    const { coils, rows, columns, pattern, kspace } = measured
    const encoding = { sizes: [coils, rows, columns] as const, maps: parts.maps.data, mask: maskOfSamples(pattern) }
    const image = { data: adjoint(encoding, kspace, imaging.fourier), shape: [rows, columns, 2] }
    return { parts: { image, ...(extras.length > 0 && parts) }, mean: 0, std }
  },
}

/**
 * Gives the complex zero-filled image [rows, columns, 2] of a slice's k-space under a mask, in the file's units. Images
 * under all masks have the same coil maps, of the centre lines of `measured`.
 */
export function complexImages(
  volume: Volume,
  slice: number,
  measured: Pattern,
  arithmetic: MapArithmetic,
): (kspace: Float32Array, mask: Pattern) => Float32Array {
  const found = measuredCoils(volume, slice, measured, { virtualCoils: 0 })
  const sizes = [found.coils, found.rows, found.columns] as const
  const { data: maps } = mapsPart(volume, slice, found, arithmetic)
  return (kspace, mask) => {
    const samples = maskOfSamples(withoutPadding(mask, volume.info))
    return adjoint({ sizes, maps, mask: samples }, kspace, arithmetic.fourier)
  }
}
