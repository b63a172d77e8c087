/** The inverse DFT of lines without tensors, in double precision: where there is no TensorFlow, as in threads that prepare batches. */
import { centredLineTransform, type LineTransform } from './fft-double.ts'

const transforms = new Map<number, LineTransform>()

function transformOf(samples: number): LineTransform {
  const known = transforms.get(samples)
  if (known) return known
  const made = centredLineTransform(samples, true)
  transforms.set(samples, made)
  return made
}

/** y[m] = 1/n · Σₖ x[k] · exp(2πi · km / n) of each line of [line, sample, 2]: the centred transform with both origins moved to index 0. */
export function inverseDft(values: Float32Array, lines: number, samples: number): Float32Array {
  const transform = transformOf(samples)
  const half = Math.floor(samples / 2)
  const scale = 1 / Math.sqrt(samples)
  const [line, image] = [new Float64Array(2 * samples), new Float64Array(2 * samples)]
  const result = new Float32Array(values.length)
  for (let start = 0; start < 2 * lines * samples; start += 2 * samples) {
    for (let i = 0; i < samples; i++) {
      const to = 2 * ((i + half) % samples)
      line[to] = values[start + 2 * i]
      line[to + 1] = values[start + 2 * i + 1]
    }
    transform(line, 0, 1, image, 0, 1)
    for (let i = 0; i < samples; i++) {
      const from = 2 * ((i + half) % samples)
      result[start + 2 * i] = scale * image[from]
      result[start + 2 * i + 1] = scale * image[from + 1]
    }
  }
  return result
}
