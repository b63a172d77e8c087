/**
 * The complex zero-filled image of the whole field, `image` [rows, columns, 2]: of one coil, or the SENSE combination
 * Aᴴ y of all coils with ESPIRiT's maps. A network that asks for an `Extra` gets the parts of k-space too.
 * The unit is that of k-space inputs.
 */

import type { Extra } from '../models/network.ts'
import { maskOfSamples } from '../mri/pattern.ts'
import { adjoint } from '../mri/sense/encoding.ts'
import type { InputKind } from './input.ts'
import { kspace, kspaceParts } from './kspace.ts'

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
