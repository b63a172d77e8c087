/**
 * Fourier transforms of plain arrays, centred and orthonormal as fastMRI's `fftc.py`, any size:
 *   X[k] = 1/√N · Σₙ x[n] · exp(∓2πi · (k − ⌊N/2⌋)(n − ⌊N/2⌋) / N).
 * An engine has native transforms in float32. `makeFourier` is their definition, in double precision, and computes
 * where the native transforms are missing.
 */
import { centredLineTransform, type LineTransform } from './fft-double.ts'
import { type CoilSizes, normalInDouble } from './normal-operator.ts'

/** k-space [coils, rows, columns, 2], and the middle [height, width] of its image, which starts at ⌊(n − size)/2⌋. */
export interface Grid {
  readonly coils: number
  readonly rows: number
  readonly columns: number
  readonly height: number
  readonly width: number
}

/**
 * Throws a RangeError for arrays whose lengths do not fit, sizes below 1, a crop larger than the image, a list of
 * columns that is not ascending or leaves the grid, and a result of `normal` in the memory of another array.
 */
export interface Fourier {
  /**
   * The inverse transform of the listed columns (ascending) of k-space along themselves, into `along` [coils, height,
   * columns, 2]. Other columns of `along` stay.
   */
  columns(kspace: Float32Array, list: Int32Array, grid: Grid, along: Float32Array): void
  /**
   * The inverse transform along rows: those columns of `along` → image. Other columns count as 0.
   * `magnitude`: root of the sum of squares over coils, [height, width]. `complex`: [coils, height, width, 2].
   */
  rows(along: Float32Array, list: Int32Array, grid: Grid, result: 'magnitude' | 'complex'): Float32Array
  /** Images [images, height, width, 2] → k-space of the same shape, or back. */
  images(
    x: Float32Array,
    sizes: readonly [images: number, height: number, width: number],
    direction: Direction,
  ): Float32Array
  /**
   * A real image [height, mask's length] → its magnitude under a mask of its k-space's columns.
   * The mask does not change the other axis, so only rows are transformed.
   */
  maskColumns(image: Float32Array, mask: Uint8Array): Float32Array
  /**
   * AᴴA x of normal-operator.ts: x [rows, columns, 2] → `result` [rows, columns, 2], which shares no memory with x or
   * the maps. Maps [coils, rows, columns, 2]. `mask` of centred k-space: [columns] or [rows, columns], 1 measured, 0
   * not.
   */
  normal(x: Float32Array, maps: Float32Array, mask: Uint8Array, sizes: CoilSizes, result: Float32Array): void
}

const DIRECTIONS = ['forward', 'inverse'] as const
export type Direction = (typeof DIRECTIONS)[number]

function requireSizes(...sizes: readonly number[]): void {
  if (!sizes.every(size => Number.isInteger(size) && size >= 1))
    throw new RangeError(`Expected sizes from 1 up, got [${sizes.join(', ')}]`)
}

const requireLength = (array: { readonly length: number }, ...sizes: readonly number[]): void => {
  const expected = sizes.reduce((product, size) => product * size, 1)
  if (array.length !== expected)
    throw new RangeError(`Expected ${expected} numbers, [${sizes.join(', ')}], got ${array.length}`)
}

/** Whether two arrays share memory. */
const overlap = (a: Float32Array, b: Float32Array): boolean =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength

function requireGrid({ coils, rows, columns, height, width }: Grid, list: Int32Array): void {
  requireSizes(coils, rows, columns, height, width)
  if (height > rows || width > columns)
    throw new RangeError(`Expected a crop of at most ${rows} × ${columns} pixels, got ${height} × ${width}`)
  if (list.some((column, i) => column <= (i === 0 ? -1 : list[i - 1]) || column >= columns))
    throw new RangeError(`Expected columns from 0 to ${columns - 1}, ascending, got ${list.join(', ')}`)
}

/** Gives the transform of each length, with tables and working memory that are kept. */
function keptTransforms(): (length: number, direction: Direction) => LineTransform {
  const kept = new Map<string, LineTransform>()
  return (length, direction) => {
    const key = `${direction} ${length}`
    // Masked rows are sparse.
    const transform = kept.get(key) ?? centredLineTransform(length, direction === 'inverse', length, true)
    kept.set(key, transform)
    return transform
  }
}

const startOf = (length: number, size: number): number => Math.floor((length - size) / 2)

/** In double precision, on the calling thread. */
export function makeFourier(): Fourier {
  const transformOf = keptTransforms()
  const lineOf = (length: number) => new Float64Array(2 * length)

  return {
    columns(kspace, list, grid, along) {
      const { coils, rows, columns, height } = grid
      requireGrid(grid, list)
      requireLength(kspace, coils, rows, columns, 2)
      requireLength(along, coils, height, columns, 2)
      const transform = transformOf(rows, 'inverse')
      const line = lineOf(rows)
      const top = startOf(rows, height)
      for (let coil = 0; coil < coils; coil++)
        for (const column of list) {
          transform(kspace, coil * rows * columns + column, columns, line, 0, 1)
          for (let row = 0; row < height; row++) {
            const to = 2 * ((coil * height + row) * columns + column)
            along[to] = line[2 * (top + row)]
            along[to + 1] = line[2 * (top + row) + 1]
          }
        }
    },

    rows(along, list, grid, result) {
      const { coils, columns, height, width } = grid
      requireGrid(grid, list)
      requireLength(along, coils, height, columns, 2)
      const transform = transformOf(columns, 'inverse')
      const [measured, line] = [lineOf(columns), lineOf(columns)]
      const left = startOf(columns, width)
      const image = new Float32Array(result === 'complex' ? 2 * coils * height * width : 0)
      const squares = new Float64Array(result === 'complex' ? 0 : height * width)
      for (let row = 0; row < coils * height; row++) {
        for (const column of list) {
          measured[2 * column] = along[2 * (row * columns + column)]
          measured[2 * column + 1] = along[2 * (row * columns + column) + 1]
        }
        transform(measured, 0, 1, line, 0, 1)
        const middle = line.subarray(2 * left, 2 * (left + width))
        if (result === 'complex') image.set(middle, 2 * row * width)
        else addSquares(middle, squares.subarray((row % height) * width))
      }
      return result === 'complex' ? image : rootsOf(squares)
    },

    images(x, [images, height, width], direction) {
      requireSizes(images, height, width)
      requireLength(x, images, height, width, 2)
      const [alongRow, alongColumn] = [transformOf(width, direction), transformOf(height, direction)]
      const y = new Float64Array(x.length)
      for (let row = 0; row < images * height; row++) alongRow(x, row * width, 1, y, row * width, 1)
      for (let image = 0; image < images; image++)
        for (let column = 0; column < width; column++) {
          const first = image * height * width + column
          alongColumn(y, first, width, y, first, width)
        }
      return Float32Array.from(y)
    },

    maskColumns(image, mask) {
      const width = mask.length
      const height = image.length / width
      if (!Number.isInteger(height))
        throw new RangeError(`Expected rows of ${width} pixels, got ${image.length} pixels`)
      const [forward, inverse] = [transformOf(width, 'forward'), transformOf(width, 'inverse')]
      const line = lineOf(width)
      const squares = new Float64Array(image.length)
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          line[2 * column] = image[row * width + column]
          line[2 * column + 1] = 0
        }
        forward(line, 0, 1, line, 0, 1)
        for (let column = 0; column < width; column++) if (!mask[column]) line.fill(0, 2 * column, 2 * column + 2)
        inverse(line, 0, 1, line, 0, 1)
        addSquares(line, squares.subarray(row * width))
      }
      return rootsOf(squares)
    },

    normal(x, maps, mask, sizes, result) {
      const [coils, rows, columns] = sizes
      requireSizes(...sizes)
      requireLength(maps, coils, rows, columns, 2)
      requireLength(x, rows, columns, 2)
      requireLength(result, rows, columns, 2)
      if (mask.length !== columns) requireLength(mask, rows, columns)
      if (overlap(x, result) || overlap(maps, result)) throw new RangeError('Expected other memory for the result')
      const [forward, inverse] = DIRECTIONS.map(direction => (length: number) => transformOf(length, direction))
      result.set(normalInDouble(x, maps, mask, sizes, { forward, inverse }))
    },
  }
}

function rootsOf(squares: Float64Array): Float32Array {
  const roots = new Float32Array(squares.length)
  for (let i = 0; i < roots.length; i++) roots[i] = Math.sqrt(squares[i])
  return roots
}

/** Adds |z|² of complex samples to numbers. */
function addSquares(samples: Float32Array | Float64Array, sums: Float64Array): void {
  for (let i = 0; i < samples.length / 2; i++) sums[i] += samples[2 * i] ** 2 + samples[2 * i + 1] ** 2
}
