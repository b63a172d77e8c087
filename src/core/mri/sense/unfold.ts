/**
 * SENSE unfolding: where every R-th of N columns was measured and nothing else, R pixels that lie N / R columns apart
 * fold onto each other. For each group and coil c, with the zero-filled image z and the map S:
 *   R z_c[n] = Σ exp(−2πi (o − ⌊N / 2⌋) l / R) S_c[n + lN / R] x[n + lN / R],  l = 0 … R − 1, o: first measured column.
 * Least squares over coils, x = (EᴴE)⁻¹ Eᴴ R z, give x. Noise grows by R^½ and by the geometry factor of a pixel,
 *   g = √((EᴴE)⁻¹ₗₗ (EᴴE)ₗₗ).
 * Source: Pruessmann et al. 1999, "SENSE: Sensitivity encoding for fast MRI".
 */
import { AppError } from '../../../contract/errors.ts'
import type { Fourier } from '../fourier.ts'
import { measuredColumns } from '../mask.ts'
import { type Encoding, requireSizes } from './encoding.ts'

/** Added to EᴴE, as a share of its trace. Pixels whose equations are singular then get finite numbers. */
const RIDGE = 1e-9

export interface Unfolded {
  /** [rows, columns, 2]. 0 where no coil has a map. */
  readonly image: Float32Array
  /** g [rows, columns]: 1 or more, and 0 where no coil has a map. */
  readonly geometry: Float32Array
}

/**
 * Throws `INVALID_ARGUMENT` if the mask does not measure every R-th column, with R up to the number of coils.
 * Throws `SHAPE_MISMATCH` for maps or a mask of other sizes.
 */
export function unfold(encoding: Encoding, kspace: Float32Array, fourier: Fourier): Unfolded {
  requireSizes(encoding)
  const { sizes, maps, mask } = encoding
  const [coils, rows, columns] = sizes
  const list = measuredColumns(mask)
  const fold = requireRegular(list, mask.length, sizes)
  const grid = { coils, rows, columns, height: rows, width: columns }
  const along = new Float32Array(kspace.length)
  fourier.columns(kspace, list, grid, along)
  const folded = fourier.rows(along, list, grid, 'complex')

  const [apart, size] = [columns / fold, 2 * rows * columns]
  const phase = (-2 * Math.PI * (list[0] - Math.floor(columns / 2))) / fold
  const turns = Float64Array.from({ length: 2 * fold }, (_, i) => (i % 2 ? Math.sin : Math.cos)(phase * (i >> 1)))
  const encoded = new Float64Array(2 * coils * fold) // E [coils, fold, 2]
  const measured = new Float64Array(2 * coils) // R z
  const group = makeGroup(coils, fold)
  const [image, geometry] = [new Float32Array(size), new Float32Array(rows * columns)]
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < apart; column++) {
      const pixel = row * columns + column
      for (let coil = 0; coil < coils; coil++) {
        measured[2 * coil] = fold * folded[coil * size + 2 * pixel]
        measured[2 * coil + 1] = fold * folded[coil * size + 2 * pixel + 1]
        for (let l = 0; l < fold; l++) {
          const from = coil * size + 2 * (pixel + l * apart)
          const to = 2 * (coil * fold + l)
          encoded[to] = maps[from] * turns[2 * l] - maps[from + 1] * turns[2 * l + 1]
          encoded[to + 1] = maps[from] * turns[2 * l + 1] + maps[from + 1] * turns[2 * l]
        }
      }
      const found = group(encoded, measured)
      for (let l = 0; l < fold; l++) {
        image.set(found.solution.subarray(2 * l, 2 * l + 2), 2 * (pixel + l * apart))
        geometry[pixel + l * apart] = found.geometry[l]
      }
    }
  return { image, geometry }
}

/** R, if the mask is regular. */
function requireRegular(list: Int32Array, length: number, [coils, , columns]: Encoding['sizes']): number {
  const fold = list.length > 1 ? list[1] - list[0] : columns
  const isRegular =
    length === columns && list.length * fold === columns && list.every((c, i) => c === list[0] + i * fold)
  if (isRegular && fold <= coils) return fold
  throw new AppError(
    'INVALID_ARGUMENT',
    isRegular
      ? `Expected an acceleration of at most the ${coils} coils, got ${fold}. Choose CG-SENSE.`
      : `Expected a mask of every R-th column and no others, where R divides the ${columns} columns. Choose CG-SENSE.`,
  )
}

/** Solves the equations of one group of folded pixels, E [coils, fold, 2] and R z [coils, 2]. */
function makeGroup(coils: number, fold: number) {
  const width = 2 * (2 * fold + 1)
  const table = new Float64Array(fold * width) // rows [EᴴE | identity | Eᴴ R z], then [identity | inverse | x]
  const [energy, geometry, solution] = [new Float64Array(fold), new Float64Array(fold), new Float64Array(2 * fold)]
  const last = width - 2

  const addProduct = (to: number, a: Float64Array, i: number, b: Float64Array, j: number) => {
    table[to] += a[i] * b[j] + a[i + 1] * b[j + 1]
    table[to + 1] += a[i] * b[j + 1] - a[i + 1] * b[j]
  }

  return (encoded: Float64Array, measured: Float64Array) => {
    table.fill(0)
    for (let coil = 0; coil < coils; coil++)
      for (let i = 0; i < fold; i++) {
        const at = 2 * (coil * fold + i)
        for (let j = 0; j < fold; j++) addProduct(i * width + 2 * j, encoded, at, encoded, 2 * (coil * fold + j))
        addProduct(i * width + last, encoded, at, measured, 2 * coil)
      }
    let trace = 0
    for (let i = 0; i < fold; i++) {
      energy[i] = table[i * width + 2 * i]
      trace += energy[i]
    }
    for (let i = 0; i < fold; i++) {
      table[i * width + 2 * i] += RIDGE * trace || 1
      table[i * width + 2 * (fold + i)] = 1
    }
    eliminate(table, fold, width)
    for (let i = 0; i < fold; i++) {
      solution[2 * i] = table[i * width + last]
      solution[2 * i + 1] = table[i * width + last + 1]
      geometry[i] = Math.sqrt(energy[i] * table[i * width + 2 * (fold + i)])
    }
    return { solution, geometry }
  }
}

/** Gauss–Jordan elimination of rows of complex numbers, without pivoting: the left part is Hermitian and positive. */
function eliminate(table: Float64Array, rows: number, width: number): void {
  for (let pivot = 0; pivot < rows; pivot++) {
    const inverse = 1 / table[pivot * width + 2 * pivot] // real
    for (let i = 0; i < width; i++) table[pivot * width + i] *= inverse
    for (let row = 0; row < rows; row++) {
      if (row === pivot) continue
      const re = table[row * width + 2 * pivot]
      const im = table[row * width + 2 * pivot + 1]
      for (let i = 0; i < width; i += 2) {
        const a = table[pivot * width + i]
        const b = table[pivot * width + i + 1]
        table[row * width + i] -= re * a - im * b
        table[row * width + i + 1] -= re * b + im * a
      }
    }
  }
}
