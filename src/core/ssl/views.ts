/** What methods share: the scale of views, pictures as parts, and linear layers of heads. */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { centreCropReal, normalise, type Shape } from '../mri/transform.ts'
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
export function centreSquare(image: Float32Array, shape: Shape): { image: Float32Array; side: number } {
  const side = Math.min(...shape)
  return { image: centreCropReal(image, shape, [side, side]), side }
}

/** A picture [side, side] as a part. */
export const picture = (data: Float32Array, side: number, label?: string): Part => ({
  ...(label !== undefined && { label }),
  data,
  shape: [side, side, 1],
})

/** A linear layer's weight and bias. */
export const linear = (name: string, from: number, to: number) => [
  { name: `${name}.weight`, kind: 'linear' as const, shape: [to, from], fanIn: from },
  { name: `${name}.bias`, kind: 'vector' as const, shape: [to], fanIn: from },
]

/** [n, from] → [n, to] */
export const applyLinear = (
  parameters: Readonly<Record<string, tf.Tensor>>,
  name: string,
  x: tf.Tensor2D,
): tf.Tensor2D => tf.add(tf.matMul(x, parameters[`${name}.weight`] as tf.Tensor2D), parameters[`${name}.bias`])
