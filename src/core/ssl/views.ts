/** What methods share: the scale of views, pictures as parts, and linear layers of heads. */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Takes } from '../../contract/networks.ts'
import { normalise } from '../mri/transform.ts'
import { centred, type Image, interleaved, isComplex, magnitudesOf, planewise } from './image.ts'
import type { Part } from './method.ts'

export const STANDARDISE = z
  .enum(['image', 'report'])
  .default('image')
  .describe(
    'image: each view to mean 0 and SD 1, as for fine-tuning (a complex view to a largest magnitude of 1); ' +
      'report: (x / maximum − 0.5) / 0.225',
  )

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, value), 0) || 1

export function standardise(image: Image, how: z.infer<typeof STANDARDISE>): Image {
  if (isComplex(image)) {
    const most = largest(magnitudesOf(image))
    return planewise(image, image.shape, plane => plane.map(value => value / most))
  }
  return planewise(image, image.shape, plane => {
    if (how === 'image') return normalise(plane).image
    const maximum = largest(plane)
    return plane.map(value => (value / maximum - 0.5) / 0.225)
  })
}

/** Why complex images cannot be standardised this way, and the remedy; `null` if they can. */
export const refusesStandardise = (how: z.infer<typeof STANDARDISE>, takes: Takes): string | null =>
  how === 'report' && takes === 'complex'
    ? 'Expected views standardised by image for a network of complex images, got report. ' +
      'Report shifts magnitudes, and a shift of real and imaginary parts means nothing. ' +
      'Choose image (--standardise image).'
    : null

/** The largest centred square of an image. */
export function centreSquare(image: Image): Image {
  const side = Math.min(...image.shape)
  return centred(image, [side, side])
}

/** A part [h, w, planes]. */
export const picture = ({ planes, shape }: Image, label?: string): Part => ({
  ...(label !== undefined && { label }),
  data: interleaved(planes),
  shape: [...shape, planes.length],
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
