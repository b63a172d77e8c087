/**
 * RotNet (Gidaris et al. 2018, arXiv:1803.07728): by which of 0°, 90°, 180°, 270° counter-clockwise was an image
 * rotated? A linear head; loss = −log softmax at the rotation. The order of steps hides the rotation from other cues:
 * 1. Cut a square, because another shape would show the rotation.
 * 2. Flip, because a flip after the rotation makes 90° and 270° alike in a symmetric population.
 * 3. Rotate.
 * 4. Mask, because aliasing that turns with the image would show the rotation.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { COLUMN_KINDS, POINT_KINDS } from '../../contract/evaluation.ts'
import { Pretext, Recipe } from '../../contract/recipes.ts'
import type { Parameters, Pass } from '../models/network.ts'
import { read } from '../read.ts'
import { FINE_TUNING } from '../training/recipes.ts'
import { augmentations } from './augment/index.ts'
import { rotate } from './augment/rotate.ts'
import { planewise } from './image.ts'
import type { Parts, Sample, SslMethod } from './method.ts'
import { ATTACHMENT, type Trunk } from './trunk.ts'
import { applyLinear, centreSquare, linear, picture, refusesStandardise, STANDARDISE, standardise } from './views.ts'

const TURNS = 4

const RotnetConfig = z.object({
  crop: z.int().min(32).max(320).default(64).describe('side of the square images, pixels (original: 320)'),
  minimumArea: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe('smallest share of the image’s central square that is shown'),
  standardise: STANDARDISE,
  ...ATTACHMENT,
})
type RotnetConfig = z.infer<typeof RotnetConfig>

function parts(config: RotnetConfig, sample: Sample): Parts {
  const { crop } = config
  const random = sample.random(0)
  const { resizedCrop, flip } = augmentations(random)
  const full = sample.full()
  const upright = flip(resizedCrop(centreSquare(full ?? sample.view(0)), crop, config.minimumArea))
  const turns = random.randint(TURNS)
  const turned = planewise(upright, upright.shape, plane => rotate(plane, turns))
  const masked = full ? sample.masked(turned, 0) : turned
  const label = new Float32Array(TURNS)
  label[turns] = 1
  return {
    image: picture(standardise(masked, config.standardise), `rotated ${turns * 90}°`),
    label: { data: label, shape: [TURNS] },
  }
}

const logitsOf = (config: RotnetConfig, trunk: Trunk, parameters: Parameters, images: tf.Tensor, pass: Pass) =>
  applyLinear(parameters, 'head', trunk.features(config, parameters, images as tf.Tensor4D, pass))

/** Mean over samples of −log softmax at the label; labels one-hot. */
export const crossEntropy = (logits: tf.Tensor2D, labels: tf.Tensor): tf.Scalar =>
  tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1))) as tf.Scalar

export const rotnet: SslMethod<RotnetConfig> = {
  label: 'RotNet',
  paper: 'Gidaris et al. 2018, arXiv:1803.07728',
  config: RotnetConfig,
  recipes: {
    original: {
      note:
        'The original: U-Net-64, whole images of 320, Adam 0.0012 falling to 0.00012 every iteration. ' +
        'The batch (4 × 2) is its authors’ own. ' +
        'Flips come before the rotation here, and after it in the original work.',
      network: 'unet',
      networkConfig: { channels: 64 },
      methodConfig: { crop: 320, minimumArea: 0.08, standardise: 'report' },
      pretext: Pretext.parse({ measurement: 'fresh' }),
      training: Recipe.parse({
        epochs: 200,
        batch: 8,
        optimizer: { kind: 'adam' },
        schedule: { kind: 'cosine', rate: 1.2e-3, end: 1.2e-4 },
        milestones: [100, 200],
      }),
      fineTuning: FINE_TUNING,
    },
    workstation: {
      note:
        'The original optimizer on images of 48 pixels, with a reconstruction term. ' +
        'Without the term the output image forgets the anatomy.',
      network: 'unet',
      networkConfig: { channels: 16 },
      methodConfig: { crop: 48 },
      pretext: Pretext.parse({ measurement: 'fresh', reconstruction: 5 }),
      training: Recipe.parse({
        epochs: 100,
        batch: 8,
        optimizer: { kind: 'adam' },
        schedule: { kind: 'cosine', rate: 1.2e-3, end: 1.2e-4 },
      }),
      fineTuning: FINE_TUNING,
    },
  },
  onComplex: {
    original: { methodConfig: { standardise: 'image', attach: 'bottleneck', grid: 4 } },
    workstation: { methodConfig: { attach: 'bottleneck', grid: 3 } },
  },
  separable: true,
  contrastive: false,
  caution: (_, { pretext: { measurement }, takes }) =>
    takes === 'complex'
      ? 'The phase of complex images turns with the image, so the phase may tell the rotation. ' +
        'Accuracy says less than it seems to.'
      : measurement === 'fixed'
        ? 'The measurement is fixed, so images are masked before they are rotated. ' +
          'The direction of their aliasing shows the label’s parity, and accuracy says less than it seems to. ' +
          'Choose the fresh measurement to rotate first.'
        : null,
  refuses: ({ standardise }, { mask: { kind }, pretext: { measurement }, takes }) =>
    measurement === 'fresh' && POINT_KINDS.some(points => points === kind)
      ? `Expected a mask of columns for RotNet with the fresh measurement, got ${kind}. ` +
        'RotNet masks the rotated images. ' +
        `Choose a mask of columns (${COLUMN_KINDS.join(', ')}), or the fixed measurement.`
      : refusesStandardise(standardise, takes),
  maskedSide: ({ crop }, { measurement }) => (measurement === 'fresh' ? crop : null),
  smallestView: ({ crop }) => crop,
  parts,
  head: (config, trunk) => linear('head', trunk.featureLength(config, config.crop), TURNS),
  loss: (config, trunk, parameters, { image, label }, pass) =>
    crossEntropy(logitsOf(config, trunk, parameters, image, pass), label),
  chanceLoss: () => Math.log(TURNS),
  figures: [
    {
      id: 'accuracy',
      label: 'Accuracy',
      meaning: 'share of held-out images whose rotation is told right',
      unit: 'share',
      better: 'higher',
      chance: 1 / TURNS,
      most: 1,
    },
  ],
  async judge(config, trunk, parameters, { image, label }) {
    const [loss, accuracy] = await read(() => {
      const logits = logitsOf(config, trunk, parameters, image, {})
      const right = tf.equal(tf.argMax(logits, 1), tf.argMax(label, 1))
      return tf.stack([crossEntropy(logits, label), tf.mean(tf.cast(right, 'float32'))])
    })
    return { loss, figures: { accuracy } }
  },
}
