/**
 * The inverse DFT of lines in double precision and plain arrays.
 * Plain arrays are needed, because threads that prepare batches have no TensorFlow.
 */
import { makeTransform, type PlainTransform } from './mixed-radix.ts'

/**
 * y[m] = 1/n · Σₖ x[k] · exp(2πi · km / n) of each line of [line, sample, 2].
 * The returned function keeps tables and working memory for every length that it was called with.
 */
export function makeInverseDft(): (values: Float32Array, lines: number, samples: number) => Float32Array {
  const transforms = new Map<number, PlainTransform>()

  function transformOf(samples: number): PlainTransform {
    const known = transforms.get(samples)
    if (known) return known
    const made = makeTransform(samples, true, true)
    transforms.set(samples, made)
    return made
  }

  return (values, lines, samples) => {
    const { line, run } = transformOf(samples)
    const numbers = 2 * samples
    const result = new Float32Array(values.length)
    for (let start = 0; start < lines * numbers; start += numbers) {
      for (let i = 0; i < numbers; i++) line[i] = values[start + i]
      const transformed = run()
      for (let i = 0; i < numbers; i++) result[start + i] = transformed[i] / samples
    }
    return result
  }
}
