/** Samples as a batch: plain arrays, which a thread of their own may prepare, and the tensors that become of them. */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { PlainTensor } from './parameters.ts'

/** Samples as [batch, …shape]; throws `SHAPE_MISMATCH` where sizes differ. */
export function stack(samples: readonly PlainTensor[]): PlainTensor {
  const [{ data, shape }] = samples
  const other = samples.find(sample => sample.shape.join() !== shape.join())
  if (other) {
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected images of one size in a batch, got ${shape.slice(0, 2).join(' × ')} and ${other.shape.slice(0, 2).join(' × ')}. Use a batch of 1 for a study of several matrices.`,
    )
  }
  const values = new Float32Array(samples.length * data.length)
  for (const [i, sample] of samples.entries()) values.set(sample.data, i * data.length)
  return { data: values, shape: [samples.length, ...shape] }
}

/** The caller disposes them. */
export const tensorsOf = (batch: readonly PlainTensor[]): tf.Tensor[] =>
  batch.map(({ data, shape }) => tf.tensor(data, [...shape]))
