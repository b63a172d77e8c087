/** Where the slices of an MRD file lie in the patient. */
import type { Geometry } from '../../../contract/volumes.ts'
import type { Acquisition, Vector } from './mrd-acquisitions.ts'
import type { MrdMatrix } from './mrd-kspace.ts'
import { haveOwnPlaces, type OrderedSlice } from './mrd-order.ts'

/** Largest error of the lengths and of the right angle of directions. */
const TOLERANCE = 1e-3

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const isUnit = (vector: Vector) => Math.abs(dot(vector, vector) - 1) <= TOLERANCE

/**
 * The geometry by the directions and positions of the acquisitions, which are DICOM's coordinates. `null` if the heads
 * do not say it, or if slices differ in their directions. `spacing`: mm between partitions.
 */
export function geometryOf(
  slices: readonly OrderedSlice[],
  { depth, slices: partitions }: Pick<MrdMatrix, 'depth' | 'slices'>,
  spacing: number | null,
): Geometry | null {
  const firsts = slices.flatMap(({ lines }) => (lines.length > 0 ? [lines[0].acquisition] : []))
  const { read, phase, slice } = firsts[0].directions
  const isPlane = isUnit(read) && isUnit(phase) && isUnit(slice) && Math.abs(dot(read, phase)) <= TOLERANCE
  if (!isPlane || firsts.length < slices.length || !firsts.every(each => isParallel(each, firsts[0]))) return null
  if (!haveOwnPlaces(firsts.map(({ position }) => dot(position, slice)))) return null
  if (depth === 1) return { right: phase, down: read, origins: firsts.map(({ position }) => position) }
  if (spacing === null) return null
  const [{ position }] = firsts
  const origins = Array.from({ length: partitions }, (_, index): Vector => {
    const along = spacing * (index - Math.floor(partitions / 2))
    return [position[0] + along * slice[0], position[1] + along * slice[1], position[2] + along * slice[2]]
  })
  return { right: phase, down: read, origins }
}

const isParallel = (a: Acquisition, b: Acquisition) =>
  (['read', 'phase'] as const).every(name => dot(a.directions[name], b.directions[name]) >= 1 - TOLERANCE)
