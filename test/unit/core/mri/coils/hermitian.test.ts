import { describe, expect, it } from 'vitest'
import { hermitianEigen } from '../../../../../src/core/mri/coils/hermitian.ts'
import { RandomState } from '../../../../../src/core/mri/random.ts'

/** B Bᴴ of a random B [n, rank]: Hermitian, without negative eigenvalues. */
function randomMatrix(n: number, rank = n): Float64Array {
  const random = RandomState.fromSeed(n)
  const b = Float64Array.from({ length: 2 * n * rank }, () => random.normal())
  const matrix = new Float64Array(2 * n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < rank; k++) {
        const [x, y] = [2 * (i * rank + k), 2 * (j * rank + k)]
        matrix[2 * (i * n + j)] += b[x] * b[y] + b[x + 1] * b[y + 1]
        matrix[2 * (i * n + j) + 1] += b[x + 1] * b[y] - b[x] * b[y + 1]
      }
  return matrix
}

/** ‖A v − λ v‖ of each vector, and the largest |⟨v_i, v_j⟩ − δ_ij|. */
function errorsOf(matrix: Float64Array, n: number, { values, vectors }: ReturnType<typeof hermitianEigen>) {
  let [residual, product] = [0, 0]
  const count = vectors.length / (2 * n)
  for (let v = 0; v < count; v++) {
    let square = 0
    for (let i = 0; i < n; i++) {
      let re = -values[v] * vectors[2 * (v * n + i)]
      let im = -values[v] * vectors[2 * (v * n + i) + 1]
      for (let j = 0; j < n; j++) {
        const [a, b] = [2 * (i * n + j), 2 * (v * n + j)]
        re += matrix[a] * vectors[b] - matrix[a + 1] * vectors[b + 1]
        im += matrix[a] * vectors[b + 1] + matrix[a + 1] * vectors[b]
      }
      square += re * re + im * im
    }
    residual = Math.max(residual, Math.sqrt(square))
    for (let w = 0; w <= v; w++) {
      let [re, im] = [v === w ? -1 : 0, 0]
      for (let i = 0; i < n; i++) {
        const [a, b] = [2 * (v * n + i), 2 * (w * n + i)]
        re += vectors[a] * vectors[b] + vectors[a + 1] * vectors[b + 1]
        im += vectors[a + 1] * vectors[b] - vectors[a] * vectors[b + 1]
      }
      product = Math.max(product, Math.hypot(re, im))
    }
  }
  return { residual, product }
}

const diagonal = (values: readonly number[]) => {
  const matrix = new Float64Array(2 * values.length ** 2)
  for (const [i, value] of values.entries()) matrix[2 * (i * values.length + i)] = value
  return matrix
}

describe('eigenvalues and eigenvectors of a Hermitian matrix', () => {
  it.each([1, 2, 3, 4, 5, 8, 15, 40, 97])('of size %d give A v = λ v, and the vectors are orthonormal', n => {
    for (const matrix of [randomMatrix(n), randomMatrix(n, Math.ceil(n / 3))]) {
      const found = hermitianEigen(matrix)
      expect(found.vectors).toHaveLength(2 * n * n)
      const { residual, product } = errorsOf(matrix, n, found)
      expect(residual).toBeLessThan(1e-13 * n * found.values[0])
      expect(product).toBeLessThan(1e-13 * n)
      expect(found.values).toEqual(found.values.toSorted((a, b) => b - a))
      const trace = Array.from({ length: n }, (_, i) => matrix[2 * (i * n + i)]).reduce((sum, value) => sum + value)
      expect(found.values.reduce((sum, value) => sum + value) / trace).toBeCloseTo(1, 12)
    }
  })

  it('holds for equal eigenvalues, negative eigenvalues and zeros', () => {
    for (const values of [
      [2, 2, 2, 2],
      [0, 0, 0],
      [3, -5, 0, 3, 1],
    ]) {
      const found = hermitianEigen(diagonal(values))
      expect(Array.from(found.values)).toEqual(values.toSorted((a, b) => b - a))
      expect(errorsOf(diagonal(values), values.length, found)).toEqual({ residual: 0, product: 0 })
    }
  })

  it('gives as many vectors as are wanted', () => {
    const matrix = randomMatrix(9)
    const all = hermitianEigen(matrix)
    const some = hermitianEigen(matrix, values => values.findLastIndex(value => value > values[3]) + 1)
    expect(some.values).toEqual(all.values)
    expect(some.vectors).toEqual(all.vectors.subarray(0, 2 * 3 * 9))
    expect(hermitianEigen(matrix, () => 0).vectors).toHaveLength(0)
  })

  it('refuses what is not a finite square matrix', () => {
    expect(() => hermitianEigen(new Float64Array(6))).toThrow(RangeError)
    expect(() => hermitianEigen(new Float64Array(0))).toThrow(RangeError)
    expect(() => hermitianEigen(randomMatrix(5).fill(Number.NaN, 10, 11))).toThrow(/finite/)
  })
})
