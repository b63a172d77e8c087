/**
 * Centred orthonormal Fourier transform in double precision, any length, without tensors.
 *
 *   X[k] = 1/√N · Σₙ x[n] · exp(∓2πi · (k − ⌊N/2⌋)(n − ⌊N/2⌋) / N)
 *
 * This is fftshift ∘ DFT ∘ ifftshift, the convention of fastMRI's `fftc`. Synthesis uses these transforms: its files
 * are identified by their bytes, and the bits of native float32 transforms (`Fourier`) depend on the processor.
 */
import { makeTransform } from './mixed-radix.ts'

/** Interleaved complex samples. */
type Samples = Float32Array | Float64Array

/** Transforms one strided line of complex samples. Offsets and strides count complex samples, not numbers. */
export type LineTransform = (
  from: Samples,
  fromOffset: number,
  fromStride: number,
  to: Samples,
  toOffset: number,
  toStride: number,
) => void

/**
 * The transform of one line of `length` samples. Only the `keep` central samples of the result are written, because an
 * image may be sampled finer than its k-space. `sparse`: as for `makeTransform`.
 */
export function centredLineTransform(length: number, inverse: boolean, keep = length, sparse = false): LineTransform {
  const { line, run } = makeTransform(length, inverse, sparse)
  const scale = 1 / Math.sqrt(length)
  const half = Math.floor(length / 2)
  const first = length - Math.floor(keep / 2) // frequency −⌊keep/2⌋ as an index of the unshifted spectrum

  return (from, fromOffset, fromStride, to, toOffset, toStride) => {
    for (let i = 0; i < length; i++) {
      const at = 2 * (fromOffset + fromStride * ((i + half) % length))
      line[2 * i] = from[at]
      line[2 * i + 1] = from[at + 1]
    }
    const spectrum = run()
    for (let i = 0; i < keep; i++) {
      const at = 2 * ((first + i) % length)
      const y = 2 * (toOffset + toStride * i)
      to[y] = spectrum[at] * scale
      to[y + 1] = spectrum[at + 1] * scale
    }
  }
}

function transform2d(x: Float64Array, height: number, width: number, inverse: boolean): Float64Array {
  if (x.length !== 2 * height * width)
    throw new Error(`Expected ${2 * height * width} numbers for [${height}, ${width}, 2], got ${x.length}`)
  const result = new Float64Array(x.length)
  const alongRow = centredLineTransform(width, inverse)
  const alongColumn = centredLineTransform(height, inverse)
  for (let row = 0; row < height; row++) alongRow(x, row * width, 1, result, row * width, 1)
  for (let column = 0; column < width; column++) alongColumn(result, column, width, result, column, width)
  return result
}

/** Image [height, width, 2] → centred k-space of the same shape. */
export function fft2Centred(x: Float64Array, height: number, width: number): Float64Array {
  return transform2d(x, height, width, false)
}

/** Centred k-space [height, width, 2] → image of the same shape. */
export function ifft2Centred(x: Float64Array, height: number, width: number): Float64Array {
  return transform2d(x, height, width, true)
}
