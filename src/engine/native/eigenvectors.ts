/** core's dominant eigenvectors by the library of our own kernels. They need no TensorFlow. */
import {
  type Dominant,
  type Eigenvectors,
  makeEigenvectors,
  pairCount,
  requireReference,
  requireSeries,
  supportOf,
  turnsOf,
} from '../../core/mri/coils/eigenvectors.ts'
import type { Workers } from './fourier.ts'
import { type LoadedLibrary, type NativeLibrary, whenFirstUsed } from './library.ts'

const resultOf = (coils: number, pixels: number): Dominant => ({
  vectors: new Float32Array(2 * coils * pixels),
  values: new Float32Array(pixels),
})

/** [n, Δ, 2] → [Δ, re or im, n], so that neighbouring pixels are beside each other. */
function planar(turns: Float32Array, support: number): Float32Array {
  const n = turns.length / (2 * support)
  return turns.map((_, i) => turns[2 * ((i % n) * support + Math.floor(i / (2 * n))) + (Math.floor(i / n) % 2)])
}

function nativeEigenvectors(library: NativeLibrary, workers: Workers): Eigenvectors {
  const isAlone = workers === 'alone'
  return {
    ofMatrices(triangles, reference) {
      const coils = requireReference(reference)
      const result = resultOf(coils, Math.floor(triangles.length / (2 * pairCount(coils))))
      library.dominantOfMatrices(triangles, reference, result.vectors, result.values, isAlone)
      return result
    },
    ofSeries(series, [rows, columns], reference) {
      requireSeries(series, reference)
      const { coils, kernel, elements } = series
      const support = supportOf(kernel)
      const result = resultOf(coils, rows * columns)
      library.dominantOfSeries(
        elements,
        Int32Array.of(coils, support, rows, columns),
        turnsOf(rows, kernel),
        planar(turnsOf(columns, kernel), support),
        reference,
        result.vectors,
        result.values,
        isAlone,
      )
      return result
    },
  }
}

/** The library's eigenvectors. Without the library, core's eigenvectors in double precision. */
export const eigenvectorsOf = (loaded: LoadedLibrary, workers: Workers): Eigenvectors =>
  'library' in loaded ? nativeEigenvectors(loaded.library, workers) : makeEigenvectors()

/** The eigenvectors of a process that may never load TensorFlow. */
export function lazyEigenvectors(workers: Workers): Eigenvectors {
  const eigenvectors = whenFirstUsed(loaded => eigenvectorsOf(loaded, workers))
  return {
    ofMatrices: (...given) => eigenvectors().ofMatrices(...given),
    ofSeries: (...given) => eigenvectors().ofSeries(...given),
  }
}
