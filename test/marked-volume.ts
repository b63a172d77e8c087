/** An asymmetric phantom: three bright voxels at the left, front and head ends of a volume of known geometry. */
import type { Geometry, VoxelSize } from '../src/contract/volumes.ts'
import type { Volume } from '../src/core/data/volume.ts'
import { fft2Centred, ifft2Centred } from '../src/core/mri/fft-double.ts'
import { RandomState } from '../src/core/mri/random.ts'
import { noiseVolume } from './volumes.ts'

type Vector = Geometry['right']

export const [ROWS, COLUMNS] = [24, 19]
/** Odd and even, so that the crop does not start at half of a difference. */
export const CROP = [17, 14] as const
const VOXEL: VoxelSize = [1.5, 2, 4]

/** Ends of the patient in DICOM's coordinates, the brightest mark first. */
const ENDS: readonly Vector[] = [
  [1, 0, 0], // L
  [0, -1, 0], // A
  [0, 0, 1], // H
]
const BRIGHTNESS = [1, 0.8, 0.6]

const plus = (a: Vector, b: Vector, times: number): Vector => [
  a[0] + times * b[0],
  a[1] + times * b[1],
  a[2] + times * b[2],
]
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

/** A stack of slices along `right` × `down`, or against it if `spacing` is below 0. */
export function stack(right: Vector, down: Vector, { slices = 5, spacing = 5.5 } = {}): Geometry {
  const normal: Vector = [
    right[1] * down[2] - right[2] * down[1],
    right[2] * down[0] - right[0] * down[2],
    right[0] * down[1] - right[1] * down[0],
  ]
  return { right, down, origins: Array.from({ length: slices }, (_, k) => plus([11, -7, 23], normal, spacing * k)) }
}

/** Where the centre of a voxel of the whole matrix lies, as the contract of `Geometry` says. */
const placeOf = ({ right, down, origins }: Geometry, [k, row, column]: Vector): Vector =>
  plus(
    plus(origins[k], down, (row - Math.floor(ROWS / 2)) * VOXEL[0]),
    right,
    (column - Math.floor(COLUMNS / 2)) * VOXEL[1],
  )

/** The voxel of the crop that is farthest towards an end, and near the middle in the other directions. */
function voxelAt(geometry: Geometry, end: Vector): Vector {
  const [height, width] = CROP
  const [top, left] = [Math.floor((ROWS - height) / 2), Math.floor((COLUMNS - width) / 2)]
  const middle = placeOf(geometry, [Math.floor(geometry.origins.length / 2), ROWS >> 1, COLUMNS >> 1])
  let best: { readonly voxel: Vector; readonly score: number } | null = null
  for (let k = 0; k < geometry.origins.length; k++)
    for (let row = top + 1; row < top + height - 1; row++)
      for (let column = left + 1; column < left + width - 1; column++) {
        const from = plus(placeOf(geometry, [k, row, column]), middle, -1)
        const along = dot(from, end)
        const score = along - 0.3 * Math.sqrt(Math.max(0, dot(from, from) - along ** 2))
        if (!best || score > best.score) best = { voxel: [k, row, column], score }
      }
  return best!.voxel
}

/** The volume, and where its marks lie: L, A, H. Its ground truth is the crop of the image. */
export function markedVolume(name: string, geometry: Geometry): { volume: Volume; marks: readonly Vector[] } {
  const slices = geometry.origins.length
  const voxels = ENDS.map(end => voxelAt(geometry, end))
  const random = RandomState.fromKey([slices])
  const kspace = Array.from({ length: slices }, (_, k) => {
    const image = Float64Array.from({ length: 2 * ROWS * COLUMNS }, (_, i) => (i % 2 ? 0 : 0.05 * random.uniform()))
    for (const [i, [slice, row, column]] of voxels.entries())
      if (slice === k) image[2 * (row * COLUMNS + column)] = BRIGHTNESS[i]
    return Float32Array.from(fft2Centred(image, ROWS, COLUMNS))
  })
  const { info } = noiseVolume(name, { slices, rows: ROWS, columns: COLUMNS })
  const volume: Volume = {
    info: { ...info, targetShape: [...CROP], voxelSize: VOXEL, geometry, origin: 'measured' },
    mask: null,
    readKspace: index => kspace[index].slice(),
    withKspace: (index, use) => use(kspace[index]),
    readTarget: index => croppedMagnitude(kspace[index]),
    readNoiseFree: () => null,
    dispose() {},
  }
  return { volume, marks: voxels.map(voxel => placeOf(geometry, voxel)) }
}

function croppedMagnitude(kspace: Float32Array): Float32Array {
  const image = ifft2Centred(Float64Array.from(kspace), ROWS, COLUMNS)
  const [height, width] = CROP
  const [top, left] = [Math.floor((ROWS - height) / 2), Math.floor((COLUMNS - width) / 2)]
  return Float32Array.from({ length: height * width }, (_, i) => {
    const at = 2 * ((top + Math.floor(i / width)) * COLUMNS + left + (i % width))
    return Math.hypot(image[at], image[at + 1])
  })
}
