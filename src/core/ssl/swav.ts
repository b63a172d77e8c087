/**
 * SwAV (Caron et al. 2020, arXiv:2006.09882), as VISSL computes it. Several crops of an image are assigned to learned
 * prototypes, evenly over the batch (Sinkhorn-Knopp). Each crop predicts the assignment of the others;
 * swapped-prediction.ts has the equations. A queue of earlier embeddings makes the even assignment meaningful for small
 * batches. Prototypes do not learn in the first steps. After every update, prototypes are scaled to length 1.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { Pretext, Recipe } from '../../contract/recipes.ts'
import type { Parameters, Pass } from '../models/network.ts'
import type { Batch } from '../models/parts.ts'
import { read } from '../read.ts'
import { CONTRASTIVE, FINE_TUNING } from '../training/recipes.ts'
import { augmentations } from './augment/index.ts'
import { embeddingSpread, SPREAD } from './embedding-figures.ts'
import type { Part, Sample, SslMethod } from './method.ts'
import { normaliseRows } from './rows.ts'
import { stopGradient } from './stop-gradient.ts'
import { assign, prototypesInUse, swappedPrediction } from './swapped-prediction.ts'
import { ATTACHMENT, type Trunk } from './trunk.ts'
import { applyLinear, linear, picture, refusesStandardise, STANDARDISE, standardise } from './views.ts'

/** Crops whose assignments are predicted: the first two. */
const ASSIGNED = [0, 1]

const side = (standard: number, what: string) =>
  z.int().min(16).max(320).default(standard).describe(`side of the ${what} crops, pixels`)
const area = (standard: number, what: string) => z.number().gt(0).max(1).default(standard).describe(what)

const SwavConfig = z.object({
  large: side(64, 'large'),
  larges: z
    .int()
    .min(2)
    .max(8)
    .default(2)
    .describe('large crops of an image; the first two are assigned to prototypes'),
  largeArea: area(0.5, 'smallest share of the image that a large crop shows'),
  small: side(64, 'small'),
  smalls: z.int().min(0).max(8).default(6).describe('small crops of an image'),
  smallArea: area(0.2, 'smallest share of the image that a small crop shows'),
  flip: z.boolean().default(true).describe('left to right with probability ½'),
  blur: z.number().min(0).default(0.5).describe('radius of the Gaussian blur, pixels; half of the crops are blurred'),
  standardise: STANDARDISE,
  ...ATTACHMENT,
  hidden: z.int().min(1).default(256).describe('width of the head’s hidden layer'),
  embedding: z.int().min(2).default(128).describe('length of an embedding'),
  prototypes: z.int().min(2).default(3000).describe('prototypes'),
  temperature: z.number().gt(0).default(0.1).describe('temperature of the prediction'),
  epsilon: z.number().gt(0).default(0.05).describe('Sinkhorn’s regularisation'),
  iterations: z.int().min(1).default(3).describe('Sinkhorn’s iterations'),
  queue: z.int().min(0).default(0).describe('earlier embeddings that are assigned with the batch; 0 for none'),
  queueFrom: z.int().min(0).default(0).describe('step from which the queue is used, once it is full'),
  frozen: z.int().min(0).default(313).describe('number of first steps in which prototypes do not learn'),
})
type SwavConfig = z.infer<typeof SwavConfig>

const crops = ({ larges, smalls }: SwavConfig) => larges + smalls
const cropName = (index: number) => `crop ${index + 1}`
const cropNames = (config: SwavConfig) => Array.from({ length: crops(config) }, (_, index) => cropName(index))
const sideOf = (config: SwavConfig, crop: number) => (crop < config.larges ? config.large : config.small)

function crop(config: SwavConfig, sample: Sample, index: number): Part {
  const { resizedCrop, flip, blurBy, turnPhase } = augmentations(sample.random(index))
  const area = index < config.larges ? config.largeArea : config.smallArea
  let image = resizedCrop(sample.view(index), sideOf(config, index), area)
  if (config.flip) image = flip(image)
  if (config.blur > 0) image = blurBy(image, config.blur)
  return picture(standardise(turnPhase(image), config.standardise))
}

/**
 * Embeddings of length 1, crop after crop: [crops · n, embedding]. Crops of one size go through the network together.
 */
function embed(config: SwavConfig, trunk: Trunk, parameters: Parameters, batch: Batch, pass: Pass) {
  const views = cropNames(config).map(name => batch[name] as tf.Tensor4D)
  const sets =
    config.large === config.small
      ? [views]
      : [views.slice(0, config.larges), views.slice(config.larges)].filter(set => set.length > 0)
  const features = tf.concat2d(
    sets.map(set => trunk.features(config, parameters, tf.concat4d(set, 0), pass)),
    0,
  )
  return normaliseRows(applyLinear(parameters, 'head.2', tf.relu(applyLinear(parameters, 'head.0', features))))
}

const scoresOf = (embeddings: tf.Tensor2D, prototypes: tf.Tensor): tf.Tensor2D =>
  tf.matMul(embeddings, prototypes as tf.Tensor2D, false, true)

const perCrop = <T extends tf.Tensor2D>(config: SwavConfig, rows: T): T[] => tf.split(rows, crops(config), 0)

/** The prototypes, with a gradient only if `learning` is 1. */
function prototypesOf({ 'head.prototypes': prototypes }: Parameters, learning: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(prototypes, learning), tf.mul(stopGradient(prototypes), tf.sub(1, learning)))
}

/** Assignments of the first two crops, with the queue if it is in use. Adds the embeddings to the queue. */
function assignments(
  config: SwavConfig,
  parameters: Parameters,
  embeddings: tf.Tensor2D,
  prototypes: tf.Tensor,
  useQueue: tf.Tensor,
  set: Pass['set'],
): tf.Tensor2D[] {
  const still = perCrop(config, stopGradient(embeddings))
  const fixed = stopGradient(prototypes)
  return ASSIGNED.map(index => {
    const scores = scoresOf(still[index], fixed)
    const alone = assign(scores, null, config)
    if (config.queue === 0) return alone
    const name = `head.queue.${index}`
    const queue = parameters[name] as tf.Tensor2D
    const among = assign(scores, scoresOf(queue, fixed), config)
    const batch = scores.shape[0]
    set?.(name, tf.concat2d([still[index], tf.slice(queue, 0, config.queue - batch)], 0))
    return tf.add(tf.mul(among, useQueue), tf.mul(alone, tf.sub(1, useQueue)))
  })
}

/** The original fine-tuning of SwAV: 7e-4, halved every 3 epochs. */
const HALVING: Recipe = { ...FINE_TUNING, schedule: { kind: 'step', rate: 7e-4, every: 3, factor: 0.5 } }

export const swav: SslMethod<SwavConfig> = {
  label: 'SwAV',
  paper: 'Caron et al. 2020, arXiv:2006.09882',
  config: SwavConfig,
  recipes: {
    original: {
      note:
        'The original: U-Net++ with deep supervision, crops of 64 in sets of 2 and 6, 3,000 prototypes frozen for ' +
        '313 steps, flip 0.5, blur radius 0.5. The batch (4 × 16) is its authors’ own. The rate is the original ' +
        'fine-tuning’s, because the original pre-training’s rate is not known here.',
      network: 'unet-plus-plus',
      networkConfig: { channels: 32, deepSupervision: true },
      methodConfig: { largeArea: 0.14, smallArea: 0.05, standardise: 'report', hidden: 4096 },
      pretext: Pretext.parse({ viewMasks: 'shared', apart: false }),
      training: Recipe.parse({
        epochs: 100,
        batch: 64,
        optimizer: { kind: 'rmsprop' },
        schedule: { kind: 'cosine', rate: 7e-4, end: 7e-7 },
        milestones: [50, 100],
      }),
      fineTuning: HALVING,
    },
    workstation: {
      note:
        'Adam. Crops of 48 and 32. 16 prototypes, because a batch of 8 cannot fill thousands. ' +
        'Each crop under its own mask. The head on the bottleneck. The reconstruction term pre-trains the decoder.',
      network: 'unet-plus-plus',
      networkConfig: { channels: 16 },
      methodConfig: {
        large: 48,
        largeArea: 0.7,
        small: 32,
        smalls: 2,
        smallArea: 0.5,
        attach: 'bottleneck',
        grid: 1,
        prototypes: 16,
        frozen: 0,
      },
      pretext: Pretext.parse({ reconstruction: 5 }),
      training: CONTRASTIVE,
      fineTuning: HALVING,
    },
  },
  onComplex: { original: { methodConfig: { standardise: 'image', attach: 'bottleneck', grid: 2 } }, workstation: {} },
  separable: false,
  contrastive: true,
  tooFew: ({ queue }, { batch }) =>
    batch < 2 && queue === 0
      ? 'Expected a batch of at least 2 or a queue, because SwAV spreads images evenly over its prototypes, ' +
        `got batch ${batch} and queue ${queue}. One image alone belongs to all prototypes. ` +
        'Take a larger batch (--batch).'
      : null,
  refuses: ({ standardise }, { takes }) => refusesStandardise(standardise, takes),
  smallestView: config => Math.min(config.large, config.smalls > 0 ? config.small : config.large),
  parts: (config, sample) =>
    Object.fromEntries(cropNames(config).map((name, index) => [name, crop(config, sample, index)])),
  // Whether prototypes learn in this step, and whether the step uses the queue.
  schedule: ({ frozen, queue, queueFrom }, step, batch) => ({
    prototypesLearn: { data: Float32Array.of(step >= frozen ? 1 : 0), shape: [1] },
    queueInUse: { data: Float32Array.of(step >= queueFrom && step * batch >= queue ? 1 : 0), shape: [1] },
  }),
  head(config, trunk, { batch }) {
    const [large, small] = [config.large, config.small].map(size => trunk.featureLength(config, size))
    if (config.smalls > 0 && large !== small) {
      throw new AppError(
        'INVALID_ARGUMENT',
        'Expected large and small crops of one size, because the head attaches to the whole output image, ' +
          `got ${config.large} and ${config.small}. Attach it to a grid instead.`,
      )
    }
    if (config.queue > 0 && config.queue < batch) {
      throw new AppError('INVALID_ARGUMENT', `Expected a queue of at least the batch’s ${batch}, got ${config.queue}`)
    }
    return [
      ...linear('head.0', large, config.hidden),
      ...linear('head.2', config.hidden, config.embedding),
      {
        name: 'head.prototypes',
        kind: 'matrix',
        shape: [config.prototypes, config.embedding],
        fanIn: 1,
        initial: 'unit rows',
      },
      ...(config.queue > 0
        ? ASSIGNED.map(index => ({
            name: `head.queue.${index}`,
            kind: 'matrix' as const,
            shape: [config.queue, config.embedding],
            fanIn: 1,
            initial: 0,
            buffer: true as const,
          }))
        : []),
    ]
  },
  loss(config, trunk, parameters, batch, pass) {
    const { prototypesLearn, queueInUse } = batch
    const embeddings = embed(config, trunk, parameters, batch, pass)
    const prototypes = prototypesOf(parameters, prototypesLearn)
    const targets = assignments(config, parameters, embeddings, prototypes, queueInUse, pass.set)
    return swappedPrediction(perCrop(config, scoresOf(embeddings, prototypes)), targets, ASSIGNED, config.temperature)
  },
  project: parameters => ({ 'head.prototypes': normaliseRows(parameters['head.prototypes'] as tf.Tensor2D) }),
  chanceLoss: ({ prototypes }) => Math.log(prototypes),
  figures: [
    {
      id: 'prototypes',
      label: 'Prototypes in use',
      meaning: 'how many the held-out crops are assigned to',
      unit: 'count',
      better: 'higher',
      most: 'prototypesOf',
      collapse: {
        below: 0.1,
        meaning: 'The held-out crops are assigned to few prototypes.',
        remedy: 'Fewer prototypes, a queue, or a smaller epsilon may help.',
      },
    },
    SPREAD,
  ],
  async judge(config, trunk, parameters, batch) {
    const embeddings = tf.tidy(() => embed(config, trunk, parameters, batch, {}))
    try {
      const [loss, inUse] = await read(() => {
        const scores = perCrop(config, scoresOf(embeddings, parameters['head.prototypes']))
        const targets = ASSIGNED.map(index => assign(scores[index], null, config))
        return tf.stack([
          swappedPrediction(scores, targets, ASSIGNED, config.temperature),
          prototypesInUse(tf.concat2d(targets, 0)),
        ])
      })
      const figures = { prototypes: inUse, prototypesOf: config.prototypes, spread: await embeddingSpread(embeddings) }
      return { loss, figures }
    } finally {
      embeddings.dispose()
    }
  },
}
