/**
 * Separable Gaussian blur of [height, width], truncated at 4 standard deviations. Edges are mirrored (… c b a | a b c
 * …), as in SciPy's gaussian_filter.
 */

function kernelOf(sigma: number): Float64Array {
  const radius = Math.max(1, Math.floor(4 * sigma + 0.5))
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2))
  const sum = kernel.reduce((total, weight) => total + weight, 0)
  return kernel.map(weight => weight / sum)
}

/** Index mirrored into [0, size). */
function mirror(index: number, size: number): number {
  const period = 2 * size
  const wrapped = ((index % period) + period) % period
  return wrapped < size ? wrapped : period - 1 - wrapped
}

/** Convolves every line of `length` elements, `stride` apart, lines starting at the given offsets. */
function alongLines(
  image: Float32Array,
  starts: readonly number[],
  length: number,
  stride: number,
  kernel: Float64Array,
): Float32Array {
  const radius = kernel.length >> 1
  const places = Int32Array.from({ length: length + 2 * radius }, (_, i) => mirror(i - radius, length) * stride)
  const result = new Float32Array(image.length)
  for (const start of starts) {
    for (let i = 0; i < length; i++) {
      let sum = 0
      for (let k = 0; k < kernel.length; k++) sum += kernel[k] * image[start + places[i + k]]
      result[start + i * stride] = sum
    }
  }
  return result
}

export function gaussianBlur(image: Float32Array, width: number, sigma: number): Float32Array {
  const height = image.length / width
  const kernel = kernelOf(sigma)
  const rows = Array.from({ length: height }, (_, row) => row * width)
  const columns = Array.from({ length: width }, (_, column) => column)
  return alongLines(alongLines(image, rows, width, 1, kernel), columns, height, width, kernel)
}
