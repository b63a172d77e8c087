/** Directions in the patient, as letters: L R (left, right), A P (front, back), H F (head, feet). */
import type { Geometry } from './volumes.ts'

export type Vector = Geometry['right']

/** The ends of the axes x, y, z of DICOM's coordinates, higher values first. */
const ENDS = ['LR', 'PA', 'HF'] as const

/** A plane that is tilted by less than 5° has one letter in each direction. */
const LEAST_TILT = Math.sin((5 * Math.PI) / 180)

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]

/** The unit vector through the slices, away from the viewer: `right` × `down`. */
export const normalOf = ({ right, down }: Pick<Geometry, 'right' | 'down'>): Vector => cross(right, down)

/**
 * The letters of a direction: the end of the nearest axis, and of a second axis if the direction is oblique. DICOM's
 * Patient Orientation has the same letters in the same order (PS3.3 C.7.6.1.1.1).
 */
export function lettersOf(direction: Vector): string {
  const [first, second] = [0, 1, 2].sort((a, b) => Math.abs(direction[b]) - Math.abs(direction[a]))
  const letter = (axis: number) => ENDS[axis][direction[axis] >= 0 ? 0 : 1]
  return letter(first) + (Math.abs(direction[second]) >= LEAST_TILT ? letter(second) : '')
}

/** Letters of rows (rightwards) and columns (downwards). */
export const orientationOf = ({ right, down }: Pick<Geometry, 'right' | 'down'>): [string, string] => [
  lettersOf(right),
  lettersOf(down),
]

/** The distance of a slice from the origin of DICOM's coordinates, with its direction: 'H 12.5 mm'. */
export function slicePosition(geometry: Geometry, slice: number): string | null {
  const origin = geometry.origins[slice]
  if (!origin) return null
  const normal = normalOf(geometry)
  const along = dot(origin, normal)
  const towards: Vector = along >= 0 ? normal : [-normal[0], -normal[1], -normal[2]]
  return `${lettersOf(towards)} ${Math.abs(along).toFixed(1)} mm`
}
