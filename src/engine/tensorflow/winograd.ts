/**
 * Computes 3 × 3 convolutions of stride 1 with a border of zeros by Winograd's F(4 × 4, 3 × 3): Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ
 * d B)] A. Source: Lavin & Gray 2016, arXiv:1509.09308, equation 8 and section 4.3.
 *
 * A window d of 6 × 6 gives 4 × 4 results with 36 products, where the definition needs 144. The sums over channels turn
 * these products into 36 products of matrices over all windows. Each transform is one matrix product too, with the
 * Kronecker product of its matrix and itself. In float32 the result differs from the definition by about 1e-5 of the
 * largest result.
 */
import * as tf from '@tensorflow/tfjs-core'

/** A product of matrices [m, n], or of k pairs of matrices [k, m, n]. */
export type MatrixProduct = (
  a: tf.Tensor,
  b: tf.Tensor,
  transpose?: { readonly a?: boolean; readonly b?: boolean },
) => tf.Tensor

/** Sides of a window and of its tile of results. */
const WINDOW = 6
const TILE = 4

const INPUT = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
]
const FILTER = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
]
const OUTPUT = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
]

/** M ⊗ M, the matrix that applies M along both axes. */
const alongBoth = (matrix: readonly number[][]): number[][] =>
  matrix.flatMap(above => matrix.map(beside => above.flatMap(x => beside.map(y => x * y))))

/** A window's pixels in the order of gathering: its own tile, then the tiles to the right, below, and both. */
const PARTS = [0, 1].flatMap(below => [0, 1].map(right => ({ below, right })))
const sideOf = (next: number) => (next ? WINDOW - TILE : TILE)
const GATHERED = PARTS.flatMap(({ below, right }) =>
  Array.from({ length: sideOf(below) }, (_, row) =>
    Array.from({ length: sideOf(right) }, (_, column) => (below * TILE + row) * WINDOW + right * TILE + column),
  ).flat(),
)

interface Tiles {
  readonly batch: number
  readonly rows: number
  readonly columns: number
}

const tilesOf = ([batch, height, width]: readonly number[]): Tiles => ({
  batch,
  rows: Math.ceil(height / TILE),
  columns: Math.ceil(width / TILE),
})

export interface Winograd {
  /** Convolves x [n, h, w, c] with a filter [3, 3, c, d]. Returns [n, h, w, d]. */
  convolve(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D
  /** Returns the gradient by x from the gradient by the result, dy [n, h, w, d]. */
  inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D
  /** Returns the gradient by the filter. */
  filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor4D
}

/** The four constant matrices live as long as the process. */
export function makeWinograd(product: MatrixProduct): Winograd {
  const kept = (rows: readonly number[][]) => tf.keep(tf.tensor2d(rows as number[][]))
  const input = kept(alongBoth(INPUT).map(row => GATHERED.map(pixel => row[pixel])))
  const filterMatrix = alongBoth(FILTER)
  const forward = kept(filterMatrix)
  const turned = kept(filterMatrix.map(row => row.toReversed()))
  const output = kept(alongBoth(OUTPUT))

  /**
   * Cuts maps into tiles, from `before` pixels outside: [tile's pixel, n, row, column of tiles, c]. `more` counts
   * additional tiles at the far ends.
   */
  function cut(maps: tf.Tensor4D, before: number, more: number): tf.Tensor {
    const [, height, width] = maps.shape
    const { rows, columns } = tilesOf(maps.shape)
    const after = (tiles: number, side: number) => (tiles + more) * TILE - before - side
    return tf.spaceToBatchND(
      maps,
      [TILE, TILE],
      [
        [before, after(rows, height)],
        [before, after(columns, width)],
      ],
    )
  }

  /** The transformed windows of maps: [36, windows, c]. */
  function windows(maps: tf.Tensor4D): tf.Tensor {
    const { batch, rows, columns } = tilesOf(maps.shape)
    const channels = maps.shape[3]
    const tiles = tf.reshape(cut(maps, 1, 1), [TILE, TILE, batch, rows + 1, columns + 1, channels])
    const parts = PARTS.map(({ below, right }) => {
      const size = [sideOf(below), sideOf(right), batch, rows, columns, channels]
      return tf.reshape(tf.slice(tiles, [0, 0, 0, below, right, 0], size), [size[0] * size[1], -1])
    })
    return tf.reshape(product(input, tf.concat(parts, 0)), [WINDOW ** 2, -1, channels])
  }

  const transformed = (matrix: tf.Tensor2D, filter: tf.Tensor4D): tf.Tensor => {
    const [, , from, to] = filter.shape
    return tf.reshape(product(matrix, tf.reshape(filter, [9, from * to])), [WINDOW ** 2, from, to])
  }

  /** Transforms products [36, windows, c] back to maps of that height and width. */
  function join(products: tf.Tensor, shape: readonly number[]): tf.Tensor4D {
    const { batch, rows, columns } = tilesOf(shape)
    const [, height, width] = shape
    const channels = products.shape[2]!
    const tiles = product(output, tf.reshape(products, [WINDOW ** 2, -1]))
    return tf.batchToSpaceND(
      tf.reshape(tiles, [TILE ** 2 * batch, rows, columns, channels]),
      [TILE, TILE],
      [
        [0, rows * TILE - height],
        [0, columns * TILE - width],
      ],
    ) as tf.Tensor4D
  }

  return {
    convolve: (x, filter) => tf.tidy(() => join(product(windows(x), transformed(forward, filter)), x.shape)),
    inputGradient: (dy, filter) =>
      tf.tidy(() => join(product(windows(dy), transformed(turned, filter), { b: true }), dy.shape)),
    filterGradient: (x, dy) =>
      tf.tidy(() => {
        const [from, to] = [x.shape[3], dy.shape[3]]
        const tiles = tf.reshape(cut(dy, 0, 0), [TILE ** 2, -1])
        const products = tf.reshape(product(output, tiles, { a: true }), [WINDOW ** 2, -1, to])
        const sums = product(windows(x), products, { a: true })
        return tf.reshape(product(forward, tf.reshape(sums, [WINDOW ** 2, from * to]), { a: true }), [3, 3, from, to])
      }),
  }
}
