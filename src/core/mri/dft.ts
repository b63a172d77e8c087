/** The inverse DFT of lines without tensors, in double precision: where there is no TensorFlow, as in threads that prepare batches. */
import { plainTransform } from './fft-double.ts'

/** y[m] = 1/n · Σₖ x[k] · exp(2πi · km / n) of each line of [line, sample, 2]. */
export function inverseDft(values: Float32Array, lines: number, samples: number): Float32Array {
  const { line, run } = plainTransform(samples, true, true)
  const numbers = 2 * samples
  const result = new Float32Array(values.length)
  for (let start = 0; start < lines * numbers; start += numbers) {
    for (let i = 0; i < numbers; i++) line[i] = values[start + i]
    const transformed = run()
    for (let i = 0; i < numbers; i++) result[start + i] = transformed[i] / samples
  }
  return result
}
