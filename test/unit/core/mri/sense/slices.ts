/** The slice of the golden group `sense`, and random slices. */

import { RandomState } from '../../../../../src/core/mri/random.ts'
import { type Encoding, leastSquares } from '../../../../../src/core/mri/sense/encoding.ts'
import { type Iterates, solve } from '../../../../../src/core/mri/sense/iterates.ts'
import { compute } from '../../../../engine.ts'
import { golden } from '../../../../golden.ts'

export const vectors = golden('sense')
export const floats = (name: string) => Float32Array.from(vectors.array(name).data)

export const goldenEncoding = (): Encoding => ({
  sizes: [4, 32, 24],
  maps: floats('maps'),
  mask: vectors.array('mask').data as Uint8Array,
})

/** The golden measurement. λ of priors means what it says, because the scale is 1. */
export const goldenProblem = (scale = 1) =>
  leastSquares(goldenEncoding(), floats('kspace'), compute().fourier, 'slice 3 of knee.h5', scale)

export const noise = (length: number, seed = 1) => {
  const random = RandomState.fromSeed(seed)
  return Float32Array.from({ length }, () => random.normal())
}

/** Random maps, and a mask that measures every third column or point. */
export function randomEncoding(sizes: Encoding['sizes'], kind: 'columns' | 'points'): Encoding {
  const [coils, rows, columns] = sizes
  const length = kind === 'columns' ? columns : rows * columns
  const random = RandomState.fromSeed(3)
  const mask = Uint8Array.from({ length }, () => Number(random.uniform() < 1 / 3))
  return { sizes, maps: noise(2 * coils * rows * columns, 4), mask }
}

export const after = (iterates: Iterates, iterations: number) => solve(iterates, iterations, { pause: async () => {} })

export const energy = (x: ArrayLike<number>) => Array.from(x).reduce((sum, value) => sum + value * value, 0)
export const minus = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a, (value, i) => value - b[i])
/** Σ |z| over complex numbers. */
export const magnitudes = (x: ArrayLike<number>) =>
  Array.from(x).reduce((sum, _, i) => sum + (i % 2 ? Math.hypot(x[i - 1], x[i]) : 0), 0)
