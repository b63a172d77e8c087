/**
 * Measured k-space of all coils: `kspace` [coils, rows, columns, 2], 0 where nothing was measured, and `mask`
 * [rows or 1, columns or 1, 1], 1 where it was measured. A network may ask for further parts (`Extra`).
 * One unit of the network is the largest pixel of the zero-filled image, so no ground truth sets the scale.
 */
import type { Volume } from '../data/volume.ts'
import { type Imaging, requireFiniteImage } from '../imaging.ts'
import type { Extra } from '../models/network.ts'
import type { PlainTensor } from '../models/parameters.ts'
import type { PlainBatch } from '../models/parts.ts'
import { EXPANSION_DEFAULTS } from '../mri/coils/maps.ts'
import { centreOf, multiply, type Pattern } from '../mri/pattern.ts'
import { cropShape } from '../mri/transform.ts'
import { type MeasuredCoils, mapsOfSlice, measuredCoils } from '../slice-coils.ts'
import type { InputKind } from './input.ts'

const MAPS = { maps: 'espirit', virtualCoils: 0 } as const

/** Maps are not cut at the object's edge, because the ground truth has no such edge. */
const EXPANSION = { ...EXPANSION_DEFAULTS, crop: 0 }

/** 1 for each measured sample, otherwise 0: an axis along which all are equal has length 1. */
function maskPart({ kind, rows, columns, measured }: Pattern): PlainTensor {
  const shape = { columns: [1, columns, 1], rows: [rows, 1, 1], points: [rows, columns, 1] }[kind]
  return { data: Float32Array.from(measured), shape }
}

/** What coil maps need. */
export type MapArithmetic = Pick<Imaging, 'fourier' | 'eigenvectors' | 'keepMaps'>

/**
 * Coil maps [coils, rows, columns, 2], whose squares sum to 1. One coil has ones. The maps are ESPIRiT's of the centre
 * lines alone, which all masks of one kind have in common. Maps of a slice are therefore kept from epoch to epoch.
 */
export function mapsPart(volume: Volume, slice: number, measured: MeasuredCoils, imaging: MapArithmetic): PlainTensor {
  const { coils, rows, columns, kspace, where } = measured
  const shape = [coils, rows, columns, 2]
  if (coils === 1 || kspace.every(value => value === 0)) {
    const share = 1 / Math.sqrt(coils)
    return { data: Float32Array.from({ length: kspace.length }, (_, i) => (i % 2 ? 0 : share)), shape }
  }
  const pattern = centreOf(measured.pattern, where)
  const centre = { ...measured, pattern, kspace: multiply(pattern, kspace) }
  return { data: mapsOfSlice(volume, slice, centre, MAPS, imaging, EXPANSION).maps, shape }
}

const EXTRAS: Readonly<
  Record<Extra, (volume: Volume, slice: number, measured: MeasuredCoils, imaging: Imaging) => PlainTensor>
> = {
  maps: mapsPart,
  centre: (_volume, _slice, { pattern, where }) => maskPart(centreOf(pattern, where)),
}

/** The parts of a slice's k-space in units of `std`. */
export function kspaceParts(volume: Volume, slice: number, mask: Pattern, extras: readonly Extra[], imaging: Imaging) {
  const zeroFilled = requireFiniteImage(imaging.zeroFilled(volume, slice, mask), volume, slice, 'zero-filled')
  let largest = 0
  for (const value of zeroFilled) if (value > largest) largest = value
  const std = largest || 1 // a slice without data
  const measured = measuredCoils(volume, slice, mask, { virtualCoils: 0 })
  const { coils, rows, columns, kspace, pattern } = measured
  for (let i = 0; i < kspace.length; i++) kspace[i] /= std
  return {
    std,
    measured,
    parts: {
      kspace: { data: kspace, shape: [coils, rows, columns, 2] },
      mask: maskPart(pattern),
      ...Object.fromEntries(extras.map(extra => [extra, EXTRAS[extra](volume, slice, measured, imaging)])),
    } as PlainBatch,
  }
}

export const kspace: InputKind = {
  label: 'measured k-space',
  measured: true,
  shape: ({ rows, columns }) => [rows, columns],
  sizes: info => [info.coils, info.rows, info.columns, ...cropShape(info)],
  prepare(volume, slice, mask, extras, imaging) {
    const { parts, std } = kspaceParts(volume, slice, mask, extras, imaging)
    return { parts, mean: 0, std }
  },
  target: (truth, { std }) => truth.map(value => value / std),
}
