/** Reads the result of a computation. Some devices return values only asynchronously. */
import * as tf from '@tensorflow/tfjs-core'

/** The values of the one tensor that `compute` returns. Every tensor that `compute` makes is disposed. */
export async function read<D extends 'float32' | 'int32' = 'float32'>(
  compute: () => tf.Tensor,
): Promise<tf.DataTypeMap[D]> {
  const result = tf.tidy(compute)
  try {
    return await result.data<D>()
  } finally {
    result.dispose()
  }
}
