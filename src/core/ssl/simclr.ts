/**
 * SimCLR (Chen et al. 2020, arXiv:2002.05709), as the original work uses it on MR images: two random views of a
 * zero-filled image, the output image flattened into a two-layer head, and NT-Xent (nt-xent.ts).
 * Fine-tuning starts from all weights but the head's.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Pretext, Recipe } from '../../contract/recipes.ts'
import type { Parameters, Pass } from '../models/network.ts'
import type { Batch } from '../models/parts.ts'
import { read } from '../read.ts'
import { CONTRASTIVE, FINE_TUNING } from '../training/recipes.ts'
import { augmentations } from './augment/index.ts'
import { embeddingSpread, RETRIEVAL, SPREAD } from './embedding-figures.ts'
import type { Image } from './image.ts'
import type { Sample, SslMethod } from './method.ts'
import { ntXent, retrievalAccuracy } from './nt-xent.ts'
import { ATTACHMENT, type Trunk } from './trunk.ts'
import { applyLinear, linear, picture, refusesStandardise, STANDARDISE, standardise } from './views.ts'

const SimclrConfig = z.object({
  crop: z.int().min(32).max(320).default(64).describe('side of the square views, pixels (original: 224)'),
  minimumArea: z.number().gt(0).max(1).default(0.5).describe('smallest share of the image that a view shows'),
  intensity: z.number().min(0).max(1).default(0.3).describe('strength of the intensity distortion; 0 leaves it out'),
  blur: z.number().min(0).max(1).default(0.5).describe('probability of a Gaussian blur of 0.1 to 2 pixels'),
  standardise: STANDARDISE,
  temperature: z.number().gt(0).default(0.1).describe('temperature of NT-Xent'),
  ...ATTACHMENT,
  hidden: z.int().min(1).default(256).describe('width of the head’s hidden layer'),
  embedding: z.int().min(2).default(128).describe('length of an embedding'),
})
type SimclrConfig = z.infer<typeof SimclrConfig>

const VIEWS = ['view 1', 'view 2']

function view(config: SimclrConfig, sample: Sample, index: number): Image {
  const { resizedCrop, flip, distortIntensity, blur, turnPhase } = augmentations(sample.random(index))
  let image = flip(resizedCrop(sample.view(index), config.crop, config.minimumArea))
  if (config.intensity > 0) image = distortIntensity(image, config.intensity)
  return standardise(turnPhase(blur(image, config.blur)), config.standardise)
}

/** Embeddings of all first views, then of all second views: [2N, embedding]. */
function embed(config: SimclrConfig, trunk: Trunk, parameters: Parameters, batch: Batch, pass: Pass) {
  const views = VIEWS.map(name => batch[name] as tf.Tensor4D)
  const features = trunk.features(config, parameters, tf.concat4d(views, 0), pass)
  return applyLinear(parameters, 'head.2', tf.relu(applyLinear(parameters, 'head.0', features)))
}

export const simclr: SslMethod<SimclrConfig> = {
  label: 'SimCLR',
  paper: 'Chen et al. 2020, arXiv:2002.05709',
  config: SimclrConfig,
  recipes: {
    original: {
      note:
        'The original: crops of 224, flip, intensity distortion, blur, NT-Xent, SGD. ' +
        'The batch (4 × 32), LARC and the rate are VISSL’s for one node.',
      network: 'unet',
      networkConfig: { channels: 32 },
      methodConfig: { crop: 224, minimumArea: 0.08, intensity: 1, standardise: 'report', hidden: 2048 },
      pretext: Pretext.parse({ viewMasks: 'shared' }),
      training: Recipe.parse({
        epochs: 200,
        batch: 128,
        optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-6, larc: {} },
        schedule: { kind: 'cosine', rate: 0.15, end: 0 },
        milestones: [50, 100, 200],
      }),
      fineTuning: { ...FINE_TUNING, milestones: [5] },
    },
    workstation: {
      note:
        'Adam in place of SGD, because SGD stays at chance for hundreds of steps on a small study. ' +
        'A warm-up, because some seeds collapse without one. ' +
        'Views of 48 pixels show most of the slice, each under its own mask. ' +
        'The head on the bottleneck generalises to other patients; ' +
        'a head on the output image memorises the training slices. ' +
        'The reconstruction term pre-trains the decoder.',
      network: 'unet',
      networkConfig: { channels: 16 },
      methodConfig: { crop: 48, minimumArea: 0.85, blur: 0.3, attach: 'bottleneck', grid: 3 },
      pretext: Pretext.parse({ reconstruction: 5 }),
      training: CONTRASTIVE,
      fineTuning: FINE_TUNING,
    },
  },
  onComplex: { original: { methodConfig: { standardise: 'image', attach: 'bottleneck', grid: 7 } }, workstation: {} },
  separable: false,
  contrastive: true,
  tooFew: (_, { batch }) =>
    batch < 2
      ? `Expected a batch of at least 2, because SimCLR tells the images of a batch apart, got batch ${batch}. ` +
        'With one image the loss is always 0. Take a larger batch (--batch).'
      : null,
  refuses: ({ standardise }, { takes }) => refusesStandardise(standardise, takes),
  smallestView: ({ crop }) => crop,
  parts: (config, sample) =>
    Object.fromEntries(VIEWS.map((name, index) => [name, picture(view(config, sample, index))])),
  head: (config, trunk) => [
    ...linear('head.0', trunk.featureLength(config, config.crop), config.hidden),
    ...linear('head.2', config.hidden, config.embedding),
  ],
  loss: (config, trunk, parameters, batch, pass) =>
    ntXent(embed(config, trunk, parameters, batch, pass), config.temperature),
  chanceLoss: (_, { batch }) => Math.log(2 * batch - 1),
  figures: [RETRIEVAL, SPREAD],
  async judge(config, trunk, parameters, batch) {
    const embeddings = tf.tidy(() => embed(config, trunk, parameters, batch, {}))
    try {
      const [loss] = await read(() => ntXent(embeddings, config.temperature))
      const figures = {
        retrieval: await retrievalAccuracy(embeddings),
        retrievalChance: 1 / (embeddings.shape[0] - 1),
        spread: await embeddingSpread(embeddings),
      }
      return { loss, figures }
    } finally {
      embeddings.dispose()
    }
  },
}
