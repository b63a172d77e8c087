/** What methods share in making views: their settings, their scale, their stacking. */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { normalise, type Shape } from '../mri/transform.ts'
import type { Part } from './method.ts'

export const STANDARDISE = z
  .enum(['image', 'report'])
  .default('image')
  .describe('image: each view to mean 0 and SD 1, as for fine-tuning; report: (x / maximum − 0.5) / 0.225')

export function standardise(image: Float32Array, how: z.infer<typeof STANDARDISE>): Float32Array {
  if (how === 'image') return normalise(image).image
  const maximum = image.reduce((most, value) => Math.max(most, value), 0) || 1
  return image.map(value => (value / maximum - 0.5) / 0.225)
}

/** The largest centred square of [h, w], and its side. */
export function centreSquare(image: Float32Array, [height, width]: Shape): { image: Float32Array; side: number } {
  const side = Math.min(height, width)
  const square = new Float32Array(side * side)
  const [top, left] = [(height - side) >> 1, (width - side) >> 1]
  for (let row = 0; row < side; row++) {
    const start = (top + row) * width + left
    square.set(image.subarray(start, start + side), row * side)
  }
  return { image: square, side }
}

/** A picture [side, side] as a part. */
export const picture = (name: string, data: Float32Array, side: number): Part => ({
  name,
  data,
  shape: [side, side, 1],
})

/** Samples' parts of one place as [batch, …shape]; throws `SHAPE_MISMATCH` where sizes differ. */
export function stackParts(parts: readonly Part[]): tf.Tensor {
  const [{ shape }] = parts
  const other = parts.find(part => part.shape.join() !== shape.join())
  if (other) {
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected images of one size in a batch, got ${shape.slice(0, 2).join(' × ')} and ${other.shape.slice(0, 2).join(' × ')}. Use a batch of 1 for a study of several matrices.`,
    )
  }
  const { length } = parts[0].data
  const values = new Float32Array(parts.length * length)
  for (const [i, { data }] of parts.entries()) values.set(data, i * length)
  return tf.tensor(values, [parts.length, ...shape])
}

/** A linear layer's weight and bias; the bias may be left out. */
export const linear = (name: string, from: number, to: number, bias = true) => [
  { name: `${name}.weight`, kind: 'linear' as const, shape: [to, from], fanIn: from },
  ...(bias ? [{ name: `${name}.bias`, kind: 'vector' as const, shape: [to], fanIn: from }] : []),
]

/** [n, from] → [n, to] */
export const applyLinear = (
  parameters: Readonly<Record<string, tf.Tensor>>,
  name: string,
  x: tf.Tensor2D,
): tf.Tensor2D => tf.add(tf.matMul(x, parameters[`${name}.weight`] as tf.Tensor2D), parameters[`${name}.bias`])
