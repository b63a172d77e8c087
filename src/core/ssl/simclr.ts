/**
 * SimCLR (Chen et al. 2020, arXiv:2002.05709) as the report put it on MR images: two random views of a zero-filled image, the network's
 * output image flattened into a two-layer head, NT-Xent. All weights but the head's go on to fine-tuning.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Recipe } from '../../contract/runs.ts'
import { augmentations } from './augment/index.ts'
import type { SslMethod } from './method.ts'
import { ntXent, retrievalAccuracy } from './nt-xent.ts'

const SimclrConfig = z.object({
  crop: z.int().min(32).max(320).default(64).describe('side of the square views, pixels'),
  minimumArea: z.number().gt(0).max(1).default(0.5).describe('smallest share of the image that a view shows'),
  intensity: z.number().min(0).max(1).default(0.3).describe('strength of the intensity distortion; 0 leaves it out'),
  blur: z.number().min(0).max(1).default(0.5).describe('probability of a Gaussian blur of 0.1 to 2 pixels'),
  temperature: z.number().gt(0).default(0.1).describe('temperature of NT-Xent'),
  hidden: z.int().min(1).default(256).describe('width of the head’s hidden layer'),
  embedding: z.int().min(2).default(128).describe('length of an embedding'),
})
type SimclrConfig = z.infer<typeof SimclrConfig>

function head({ crop, hidden, embedding }: SimclrConfig) {
  const linear = (name: string, from: number, to: number) => [
    { name: `${name}.weight`, kind: 'linear' as const, shape: [to, from], fanIn: from },
    { name: `${name}.bias`, kind: 'vector' as const, shape: [to], fanIn: from },
  ]
  return [...linear('head.0', crop * crop, hidden), ...linear('head.2', hidden, embedding)]
}

export const simclr: SslMethod<SimclrConfig> = {
  label: 'SimCLR',
  paper: 'Chen et al. 2020, arXiv:2002.05709',
  config: SimclrConfig,
  recipe: Recipe.parse({
    epochs: 60,
    batch: 8,
    optimizer: { kind: 'adam' },
    schedule: { kind: 'cosine', rate: 1e-3, end: 0 },
  }),
  separable: false,
  viewSize: ({ crop }) => crop,
  view: (config, magnitude, shape, random) => {
    const { resizedCrop, flip, distortIntensity, blur } = augmentations(random)
    const { crop } = config
    let image = flip(resizedCrop(magnitude, shape, crop, config.minimumArea), crop)
    if (config.intensity > 0) image = distortIntensity(image, config.intensity)
    return blur(image, crop, config.blur)
  },
  head,
  embed(_config, parameters, output) {
    const flat = tf.reshape(output, [output.shape[0], -1])
    const hidden = tf.relu(
      tf.add(tf.matMul(flat, parameters['head.0.weight'] as tf.Tensor2D), parameters['head.0.bias']),
    )
    return tf.add(tf.matMul(hidden, parameters['head.2.weight'] as tf.Tensor2D), parameters['head.2.bias'])
  },
  loss: ({ temperature }, embeddings) => ntXent(embeddings, temperature),
  chanceLoss: images => Math.log(2 * images - 1),
  figures: (_config, embeddings) => ({ retrieval: retrievalAccuracy(embeddings) }),
}
