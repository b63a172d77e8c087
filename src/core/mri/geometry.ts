/**
 * Where the pixels of a volume's images lie in the patient. Coordinates are DICOM's: x to the left, y to the back, z to
 * the head, in mm. NIfTI's coordinates have the opposite x and y.
 */
import { dot, normalOf, orientationOf, type Vector } from '../../contract/directions.ts'
import type { Geometry, VolumeInfo, VoxelSize } from '../../contract/volumes.ts'
import { cropShape, voxelSizeOf } from './transform.ts'

/** Where the slices of an image stack lie. */
export interface Placement extends Pick<Geometry, 'right' | 'down'> {
  /** Distance of the rows and of the columns, and the slice thickness. */
  readonly voxelSize: VoxelSize
  /** For each slice, the centre of its first pixel: DICOM's ImagePositionPatient. */
  readonly positions: readonly Vector[]
  /** From each slice to the next. `null`: there is one slice, or the distances differ. */
  readonly step: Vector | null
}

/** Largest deviation of a slice from equal distances, as a share of the distance. */
const TOLERANCE = 0.01

const plus = (a: Vector, b: Vector, times: number): Vector => [
  a[0] + times * b[0],
  a[1] + times * b[1],
  a[2] + times * b[2],
]

const lengthOf = (vector: Vector): number => Math.sqrt(dot(vector, vector))

/**
 * Where the images of a volume lie; `undefined` if the file does not say. An image that the scanner interpolated has no
 * known pixel size, so its position is unknown too. An image is the centre of the Fourier transform: the crop starts
 * at ⌊(size − crop) / 2⌋, and the origin of the transform is the pixel ⌊size / 2⌋.
 */
export function placementOf(
  info: Pick<VolumeInfo, 'targetShape' | 'reconSize' | 'rows' | 'columns' | 'slices' | 'voxelSize' | 'geometry'>,
  source: 'truth' | 'network',
): Placement | undefined {
  const { geometry, rows, columns, slices } = info
  const voxelSize = voxelSizeOf(info, source)
  if (!geometry || !voxelSize || geometry.origins.length !== slices) return undefined
  const { right, down } = perpendicular(geometry)
  const { origins } = geometry
  const [height, width] = cropShape(info)
  const positions = origins.map(origin =>
    plus(
      plus(origin, down, -originPixel(rows, height) * voxelSize[0]),
      right,
      -originPixel(columns, width) * voxelSize[1],
    ),
  )
  return { right, down, voxelSize, positions, step: stepOf(positions) }
}

/** The directions as exact unit vectors, because files round them. */
function perpendicular({ right, down }: Geometry): Pick<Geometry, 'right' | 'down'> {
  const along = unit(right)
  return { right: along, down: unit(plus(down, along, -dot(down, along))) }
}

const unit = (vector: Vector): Vector => plus([0, 0, 0], vector, 1 / lengthOf(vector))

/** The pixel of the crop that is the origin of the Fourier transform, in one direction. */
const originPixel = (size: number, crop: number): number => Math.floor(size / 2) - Math.floor((size - crop) / 2)

function stepOf(positions: readonly Vector[]): Vector | null {
  const [first, last] = [positions[0], positions.at(-1)!]
  const count = positions.length - 1
  if (count === 0) return null
  const step = plus([0, 0, 0], plus(last, first, -1), 1 / count)
  const largest = TOLERANCE * lengthOf(step)
  const isEqual = positions.every((position, k) => lengthOf(plus(position, plus(first, step, k), -1)) <= largest)
  return isEqual && largest > 0 ? step : null
}

/** The placement of one slice. */
export const placementOfSlice = (placement: Placement, slice: number): Placement => ({
  ...placement,
  positions: [placement.positions[slice]],
  step: null,
})

/** Distance of the slices along their normal; `null` if the distances differ, or for one slice. */
export const spacingOf = ({ right, down, step }: Placement): number | null =>
  step && Math.abs(dot(step, normalOf({ right, down })))

/**
 * NIfTI's affine, three rows of four, from column, row and slice to x to the right, y to the front and z to the head.
 * One slice gets its thickness as its step, or 1 mm. `null` if the distances of the slices differ.
 */
export function affineOf(placement: Placement): number[][] | null {
  const { right, down, voxelSize, positions, step } = placement
  if (isUneven(placement)) return null
  const through = step ?? plus([0, 0, 0], normalOf(placement), voxelSize[2] ?? 1)
  return [-1, -1, 1].map((sign, axis) =>
    [right[axis] * voxelSize[1], down[axis] * voxelSize[0], through[axis], positions[0][axis]].map(
      value => sign * value || 0, // no -0
    ),
  )
}

/**
 * The rotation of an affine as NIfTI's qform states it: b, c, d of a unit quaternion, and −1 for `handedness` if the
 * slices run against right × down. `null` if the slices are not stacked along their normal. Source: nifti1.h, method 2.
 */
export function quaternionOf(affine: number[][]): { quaternion: Vector; handedness: 1 | -1 } | null {
  const column = (j: number): Vector => unit([affine[0][j], affine[1][j], affine[2][j]])
  const [i, j, k] = [column(0), column(1), column(2)]
  const normal = normalOf({ right: i, down: j })
  const handedness = dot(normal, k) < 0 ? -1 : 1
  if (Math.abs(dot(normal, k)) < 1 - 1e-6) return null
  // Each square is 4 times that of a, b, c, d. The largest gives the others without a loss of digits.
  const squares = [
    1 + i[0] + j[1] + normal[2],
    1 + i[0] - j[1] - normal[2],
    1 - i[0] + j[1] - normal[2],
    1 - i[0] - j[1] + normal[2],
  ]
  const largest = squares.indexOf(Math.max(...squares))
  const products = [
    [squares[0], j[2] - normal[1], normal[0] - i[2], i[1] - j[0]],
    [j[2] - normal[1], squares[1], j[0] + i[1], normal[0] + i[2]],
    [normal[0] - i[2], j[0] + i[1], squares[2], normal[1] + j[2]],
    [i[1] - j[0], normal[0] + i[2], normal[1] + j[2], squares[3]],
  ][largest].map(product => product / (2 * Math.sqrt(squares[largest])))
  const sign = products[0] < 0 ? -1 : 1 // a is not stored, and counts as positive
  return { quaternion: [sign * products[1], sign * products[2], sign * products[3]], handedness }
}

/** Whether there are several slices, and no common distance. */
export const isUneven = ({ positions, step }: Placement): boolean => positions.length > 1 && step === null

/** Whether a stated orientation names the same main axes as the geometry. */
export const agreesWith = (geometry: Pick<Geometry, 'right' | 'down'>, orientation: readonly string[]): boolean =>
  orientationOf(geometry).every((letters, i) => letters[0] === orientation[i][0])

/** Whether `right` and `down` are perpendicular unit vectors. */
export const isOrthonormal = ({ right, down }: Pick<Geometry, 'right' | 'down'>): boolean =>
  [dot(right, right) - 1, dot(down, down) - 1, dot(right, down)].every(error => Math.abs(error) < 1e-3)
