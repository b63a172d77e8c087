/**
 * The crop and the normalisation of fastMRI's `UnetDataTransform`: which centred crop of the image a network sees, and
 *   normalised = clamp((magnitude − mean) / (std + 1e−11), −6, 6)
 * with mean and unbiased (n − 1) standard deviation of the zero-filled crop. The ground truth gets both numbers too.
 * Raw magnitudes are near 1e−5. Statistics are therefore accumulated in double, and 1e−11 is not negligible by design.
 * Source: Zbontar et al. 2018, "fastMRI: An open dataset and benchmarks for accelerated MRI", and its reference code.
 */
import { AppError } from '../../contract/errors.ts'
import type { VolumeInfo, VoxelSize } from '../../contract/volumes.ts'

export type Shape = readonly [height: number, width: number]

const EPSILON = 1e-11
const LIMIT = 6

/**
 * The crop at which a volume's images are compared: the ground truth's size, else the header's, else the whole image.
 * Acquisitions narrower than this crop (some FLAIR brains) are cropped square to their columns, as in fastMRI.
 */
export function cropShape(
  info: Pick<VolumeInfo, 'targetShape' | 'reconSize' | 'rows' | 'columns'>,
): [height: number, width: number] {
  const [height, width] = info.targetShape ?? info.reconSize ?? [info.rows, info.columns]
  if (info.columns < width) return [Math.min(info.columns, info.rows), info.columns]
  return [Math.min(height, info.rows), width]
}

/**
 * Voxel size of images at that crop; `undefined` if it is not known. A ground truth with more pixels than k-space has
 * samples was interpolated, and the file does not describe the interpolation.
 */
export function voxelSizeOf(
  { targetShape, rows, columns, voxelSize }: Pick<VolumeInfo, 'targetShape' | 'rows' | 'columns' | 'voxelSize'>,
  source: 'truth' | 'network',
): VoxelSize | undefined {
  const interpolated = targetShape !== null && (targetShape[0] > rows || targetShape[1] > columns)
  return source === 'truth' && interpolated ? undefined : voxelSize
}

/** The middle of a real image, starting at ⌊(size − crop) / 2⌋ on both axes, as a new array. */
export function centreCropReal(
  image: Float32Array,
  [height, width]: Shape,
  [cropHeight, cropWidth]: Shape,
): Float32Array {
  if (image.length !== height * width) {
    throw new AppError('SHAPE_MISMATCH', `Expected an image of ${height} × ${width}, got ${image.length} pixels`)
  }
  if (cropHeight > height || cropWidth > width) {
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected a crop of at most the image's ${height} × ${width}, got ${cropHeight} × ${cropWidth}`,
    )
  }
  const top = Math.floor((height - cropHeight) / 2)
  const left = Math.floor((width - cropWidth) / 2)
  const crop = new Float32Array(cropHeight * cropWidth)
  for (let row = 0; row < cropHeight; row++) {
    const start = (top + row) * width + left
    crop.set(image.subarray(start, start + cropWidth), row * cropWidth)
  }
  return crop
}

/** The zero-filled magnitude in the network's units, with the two numbers that undo the normalisation. */
export function normalise(magnitude: Float32Array): { image: Float32Array; mean: number; std: number } {
  let sum = 0
  for (let i = 0; i < magnitude.length; i++) sum += magnitude[i]
  const mean = sum / magnitude.length
  let squares = 0
  for (let i = 0; i < magnitude.length; i++) squares += (magnitude[i] - mean) ** 2
  const std = Math.sqrt(squares / (magnitude.length - 1))
  return { image: rescale(magnitude, mean, std), mean, std }
}

/** Back to the file's units (without the 1e−11, as fastMRI does). */
export function unnormalise(image: Float32Array, mean: number, std: number): Float32Array {
  return image.map(value => value * std + mean)
}

/** (image − mean) / std within the limits: a ground truth in the units of its normalised zero-filled image. */
export function rescale(image: Float32Array, mean: number, std: number): Float32Array {
  const scaled = new Float32Array(image.length)
  for (let i = 0; i < image.length; i++)
    scaled[i] = Math.max(-LIMIT, Math.min(LIMIT, (image[i] - mean) / (std + EPSILON)))
  return scaled
}
