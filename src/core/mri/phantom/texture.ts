/**
 * Band-limited noise: normal draws on a lattice with the given cell size, interpolated by the cubic B-spline and scaled
 * to unit variance. Along the slice direction two lattices are mixed, so that neighbouring slices resemble each other.
 */
import { stream } from '../random.ts'
import { FINE_COLUMN_MM, FINE_COLUMNS, FINE_ROW_MM, FINE_ROWS } from './grid.ts'

export interface TextureSpec {
  /** Names the random stream, one stream per texture. */
  readonly name: string
  readonly cellXMm: number
  readonly cellYMm: number
  /** Distance over which slices decorrelate. */
  readonly cellZMm: number
}

/** Share of unit lattice variance that B-spline weights keep on one axis, averaged over positions: ∫ Σ w² = 151/315. */
const KEPT_PER_AXIS = 151 / 315

/** Lattice position and the four B-spline weights of every sample along one axis. */
function splineWeights(count: number, sampleMm: number, cellMm: number): { first: Int32Array; weights: Float64Array } {
  const first = new Int32Array(count)
  const weights = new Float64Array(4 * count)
  for (let i = 0; i < count; i++) {
    const position = (i * sampleMm) / cellMm
    const cell = Math.floor(position)
    const t = position - cell
    first[i] = cell
    weights[4 * i] = (1 - t) ** 3 / 6
    weights[4 * i + 1] = (3 * t ** 3 - 6 * t ** 2 + 4) / 6
    weights[4 * i + 2] = (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6
    weights[4 * i + 3] = t ** 3 / 6
  }
  return { first, weights }
}

function lattice(seed: number, patient: number, spec: TextureSpec, zMm: number, rows: number, columns: number) {
  const position = zMm / spec.cellZMm + 1_000_000 // because random streams take no negative index
  const layer = Math.floor(position)
  const t = position - layer
  const near = stream(seed, `phantom-texture-${spec.name}`, patient, layer)
  const far = stream(seed, `phantom-texture-${spec.name}`, patient, layer + 1)
  const scale = 1 / (Math.sqrt((1 - t) ** 2 + t ** 2) * KEPT_PER_AXIS)
  const values = new Float64Array(rows * columns)
  for (let i = 0; i < values.length; i++) values[i] = scale * ((1 - t) * near.normal() + t * far.normal())
  return values
}

/** The texture on the fine grid, [FINE_ROWS, FINE_COLUMNS], mean 0 and variance about 1. */
export function makeTexture(seed: number, patient: number, spec: TextureSpec, zMm: number): Float32Array {
  const along = splineWeights(FINE_ROWS, FINE_ROW_MM, spec.cellYMm)
  const across = splineWeights(FINE_COLUMNS, FINE_COLUMN_MM, spec.cellXMm)
  const latticeRows = along.first[FINE_ROWS - 1] + 4
  const latticeColumns = across.first[FINE_COLUMNS - 1] + 4
  const values = lattice(seed, patient, spec, zMm, latticeRows, latticeColumns)
  const line = new Float64Array(latticeColumns)
  const texture = new Float32Array(FINE_ROWS * FINE_COLUMNS)
  for (let row = 0; row < FINE_ROWS; row++) {
    const a = along.weights[4 * row]
    const b = along.weights[4 * row + 1]
    const c = along.weights[4 * row + 2]
    const d = along.weights[4 * row + 3]
    const start = along.first[row] * latticeColumns
    for (let j = 0; j < latticeColumns; j++) {
      const at = start + j
      line[j] =
        a * values[at] +
        b * values[at + latticeColumns] +
        c * values[at + 2 * latticeColumns] +
        d * values[at + 3 * latticeColumns]
    }
    for (let column = 0; column < FINE_COLUMNS; column++) {
      const j = across.first[column]
      const w = 4 * column
      texture[row * FINE_COLUMNS + column] =
        across.weights[w] * line[j] +
        across.weights[w + 1] * line[j + 1] +
        across.weights[w + 2] * line[j + 2] +
        across.weights[w + 3] * line[j + 3]
    }
  }
  return texture
}
