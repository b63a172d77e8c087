/** Small pictures for lists: averaged down over areas, then converted to 8 bits. */

/** Quantile of the image that is white, so that one bright vessel does not make the rest black. Black is 0. */
const WHITE = 0.995

/** One output pixel along an axis: the input pixels from `first` on, each with the covered part of its width. */
interface Cover {
  readonly first: number
  readonly widths: readonly number[]
}

function covers(size: number, parts: number): Cover[] {
  return Array.from({ length: parts }, (_, part) => {
    const [start, end] = [(part * size) / parts, ((part + 1) * size) / parts]
    const first = Math.floor(start)
    const widths = Array.from(
      { length: Math.ceil(end) - first },
      (_, i) => Math.min(first + i + 1, end) - Math.max(first + i, start),
    )
    return { first, widths }
  })
}

/** An image [h, w] averaged down to at most `size` pixels on its longer side, its aspect kept; never made larger. */
export function shrink(
  image: Float32Array,
  [height, width]: readonly [number, number],
  size: number,
): { readonly pixels: Float32Array; readonly shape: [number, number] } {
  const factor = Math.max(1, Math.max(height, width) / size)
  const shape: [number, number] = [Math.max(1, Math.round(height / factor)), Math.max(1, Math.round(width / factor))]
  const pixels = new Float32Array(shape[0] * shape[1])
  const columns = covers(width, shape[1])
  const area = (height / shape[0]) * (width / shape[1])
  for (const [row, down] of covers(height, shape[0]).entries()) {
    for (const [column, across] of columns.entries()) {
      let sum = 0
      for (const [i, tall] of down.widths.entries()) {
        const from = (down.first + i) * width + across.first
        for (const [j, wide] of across.widths.entries()) sum += tall * wide * image[from + j]
      }
      pixels[row * shape[1] + column] = sum / area
    }
  }
  return { pixels, shape }
}

/** Black at 0 and white at the 99.5th percentile; an image without signal is black. */
export function toEightBit(pixels: Float32Array): Uint8Array {
  const white = pixels.toSorted()[Math.floor(WHITE * (pixels.length - 1))]
  return Uint8Array.from(pixels, value =>
    white > 0 ? Math.max(0, Math.min(255, Math.round((value / white) * 255))) : 0,
  )
}
