/**
 * PIRL (Misra & van der Maaten 2020, arXiv:1912.01991), as VISSL computes it. An image and the nine shuffled patches of
 * its jigsaw are told apart from other images in a memory bank. loss = w · L(patches) + (1 − w) · L(image), where L is
 * noise-contrastive estimation. After the image's scores, row y of the bank moves towards the embedding of image y.
 * Z of the estimation is set once, at the first step.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Pretext, Recipe } from '../../contract/recipes.ts'
import type { Parameters, Pass } from '../models/network.ts'
import type { Batch } from '../models/parts.ts'
import type { Shape } from '../mri/transform.ts'
import { CONTRASTIVE, FINE_TUNING } from '../training/recipes.ts'
import { augmentations } from './augment/index.ts'
import { GRID, jigsawPatches } from './augment/jigsaw.ts'
import { embeddingSpread, RETRIEVAL, SPREAD } from './embedding-figures.ts'
import { type Image, interleaved, planewise } from './image.ts'
import type { Parts, Sample, SslMethod } from './method.ts'
import { drawCounts, infoNce, nce, partition, updatedBank } from './nce.ts'
import { nearestIsOwn } from './rows.ts'
import { stopGradient } from './stop-gradient.ts'
import { ATTACHMENT, type Trunk } from './trunk.ts'
import { applyLinear, linear, picture, refusesStandardise, STANDARDISE, standardise } from './views.ts'

const PATCHES = GRID * GRID

const PirlConfig = z.object({
  crop: z.int().min(32).max(320).default(64).describe('side of the square image, pixels (original: 224)'),
  minimumArea: z.number().gt(0).max(1).default(0.5).describe('smallest share of the slice that the image shows'),
  patch: z
    .int()
    .min(16)
    .max(128)
    .default(32)
    .describe('side of a patch, pixels (original: 64); a cell of the jigsaw has 85/64 of it'),
  jigsawArea: z.number().gt(0).max(1).default(0.6).describe('smallest share of the slice that the jigsaw shows'),
  standardise: STANDARDISE,
  ...ATTACHMENT,
  embedding: z.int().min(2).default(128).describe('length of an embedding'),
  negatives: z.int().min(1).default(32_000).describe('rows of the memory bank drawn for each sample, with replacement'),
  momentum: z.number().min(0).lt(1).default(0.5).describe('share of a bank’s row that stays when its image is seen'),
  contrast: z
    .enum(['nce', 'cross-entropy'])
    .default('nce')
    .describe(
      'noise-contrastive estimation with a partition set at the first step, or cross-entropy without a partition',
    ),
  temperature: z.number().gt(0).default(0.07).describe('temperature of the scores'),
  patchWeight: z.number().min(0).max(1).default(0.5).describe('weight of the patches’ loss; the image’s has the rest'),
  // No default, because the stored settings of earlier runs have no such key.
  regions: z
    .int()
    .min(1)
    .max(8)
    .optional()
    .describe(
      'regions of a slice along each axis, half overlapping; each is an instance with a row of the bank. ' +
        'Not given: 1, the whole slice (original)',
    ),
})
type PirlConfig = z.infer<typeof PirlConfig>

/** Side of the jigsaw's square: three cells. A patch is 64/85 of a cell. */
const jigsawSide = ({ patch }: PirlConfig) => GRID * Math.round((patch * 85) / 64)

/**
 * An instance's region of an image. A region spans 2/(regions + 1) of an axis, and neighbours overlap by half.
 * Regions are classes, as in Exemplar-CNN (Dosovitskiy et al. 2014, arXiv:1406.6909), because a network memorises the
 * few slices of a small study.
 */
export function regionOf(image: Image, regions: number, instance: number): Image {
  const [height, width] = image.shape
  const begin = (place: number, side: number) => Math.floor((place * side) / (regions + 1))
  const [row, column] = [Math.floor(instance / regions), instance % regions]
  const [top, left] = [begin(row, height), begin(column, width)]
  const shape: Shape = [begin(row + 2, height) - top, begin(column + 2, width) - left]
  return planewise(image, shape, plane => {
    const region = new Float32Array(shape[0] * shape[1])
    for (let y = 0; y < shape[0]; y++) {
      const start = (top + y) * width + left
      region.set(plane.subarray(start, start + shape[1]), y * shape[1])
    }
    return region
  })
}

const regionsOf = ({ regions = 1 }: PirlConfig) => regions

function parts(config: PirlConfig, sample: Sample): Parts {
  const { crop, patch, negatives } = config
  const region = (view: number) => regionOf(sample.view(view), regionsOf(config), sample.instance)
  const image = () => {
    const { resizedCrop, flip, turnPhase } = augmentations(sample.random(0))
    return standardise(turnPhase(flip(resizedCrop(region(0), crop, config.minimumArea))), config.standardise)
  }
  const patches = () => {
    const random = sample.random(1)
    const { resizedCrop, flip, turnPhase } = augmentations(random)
    const square = turnPhase(flip(resizedCrop(region(1), jigsawSide(config), config.jigsawArea)))
    return jigsawPatches(standardise(square, config.standardise), patch, random)
  }
  const { place, count, rivals } = sample
  const positive = new Float32Array(count)
  if (place !== null) positive[place] = 1
  const drawn = (stream: number) => {
    const counts = new Float32Array(count)
    const among = drawCounts(sample.random(stream), negatives, rivals.length)
    for (const [i, other] of rivals.entries()) counts[other] = among[i]
    return counts
  }
  const cut = patches()
  return {
    image: picture(image()),
    patches: { label: 'jigsaw patches', data: interleaved(cut), shape: [PATCHES, patch, patch, cut.length] },
    bankRow: { data: positive, shape: [count] },
    patchNegatives: { data: drawn(2), shape: [count] },
    imageNegatives: { data: drawn(3), shape: [count] },
  }
}

/** Embeddings of the images and of their patches: [n, embedding] each. */
function embed(
  config: PirlConfig,
  trunk: Trunk,
  parameters: Parameters,
  { image, patches }: Batch,
  pass: Pass,
): [images: tf.Tensor2D, patches: tf.Tensor2D] {
  const [n, , height, width, planes] = patches.shape
  const single = tf.reshape(patches, [n * PATCHES, height, width, planes]) as tf.Tensor4D
  const each = applyLinear(parameters, 'head.patch', trunk.features(config, parameters, single, pass))
  const together = tf.reshape(each, [n, PATCHES * config.embedding]) as tf.Tensor2D
  return [
    applyLinear(parameters, 'head.image', trunk.features(config, parameters, image as tf.Tensor4D, pass)),
    applyLinear(parameters, 'head.jigsaw', together),
  ]
}

export const pirl: SslMethod<PirlConfig> = {
  label: 'PIRL',
  paper: 'Misra & van der Maaten 2020, arXiv:1912.01991',
  config: PirlConfig,
  recipes: {
    original: {
      note:
        'The original: U-Net-32, jigsaw patches of 64, 128-d, 32,000 negatives, momentum 0.5, temperature 0.07, ' +
        'normalisation (0.5, 0.225), flip, no colour jitter, SGD 0.0012 falling to 0.0000012. ' +
        'The batch (4 × 32) is its authors’ own.',
      network: 'unet',
      networkConfig: { channels: 32 },
      methodConfig: { crop: 224, minimumArea: 0.08, patch: 64, standardise: 'report' },
      pretext: Pretext.parse({ viewMasks: 'shared', apart: false }),
      training: Recipe.parse({
        epochs: 1000,
        batch: 128,
        optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
        schedule: { kind: 'cosine', rate: 1.2e-3, end: 1.2e-6 },
        milestones: [100, 200, 500, 1000],
      }),
      fineTuning: FINE_TUNING,
    },
    workstation: {
      note:
        'Adam in place of SGD, an image of 64 pixels and patches of 32. ' +
        'Cross-entropy, because on a small bank the loss of NCE grows without bound: ' +
        'its partition is set at the first step. No negatives of the same patient and place. ' +
        'Each of 25 half-overlapping regions of a slice is an instance, because whole slices of a small study ' +
        'are memorised, and retrieval on another patient then stays at chance. ' +
        'The head on a grid of the output image. The reconstruction term.',
      network: 'unet',
      networkConfig: { channels: 16 },
      methodConfig: {
        minimumArea: 0.85,
        jigsawArea: 0.9,
        attach: 'grid',
        grid: 16,
        negatives: 256,
        contrast: 'cross-entropy',
        temperature: 0.1,
        regions: 5,
      },
      pretext: Pretext.parse({ reconstruction: 5 }),
      training: {
        ...CONTRASTIVE,
        epochs: 9,
        batch: 8,
        schedule: { kind: 'cosine', rate: 1e-3, end: 0 },
        warmup: 1,
      },
      fineTuning: FINE_TUNING,
    },
  },
  onComplex: {
    original: { methodConfig: { standardise: 'image', attach: 'bottleneck', grid: 2 } },
    workstation: { methodConfig: { attach: 'bottleneck', grid: 2 } },
  },
  separable: false,
  contrastive: true,
  instances: config => regionsOf(config) ** 2,
  demonstration: config => ({ ...config, regions: Math.min(3, regionsOf(config)) }),
  tooFew: (_, { samples }) =>
    samples < 2
      ? `Expected at least 2 training slices, because PIRL tells slices apart, got ${samples}. ` +
        'Take more slices, or several regions of each (--regions).'
      : null,
  refuses: ({ standardise }, { takes }) => refusesStandardise(standardise, takes),
  smallestView: ({ crop, patch }) => Math.min(crop, patch),
  parts,
  head: (config, trunk, { samples }) => [
    ...linear('head.patch', trunk.featureLength(config, config.patch), config.embedding),
    ...linear('head.jigsaw', PATCHES * config.embedding, config.embedding),
    ...linear('head.image', trunk.featureLength(config, config.crop), config.embedding),
    {
      name: 'head.bank',
      kind: 'matrix',
      shape: [samples, config.embedding],
      fanIn: 1,
      initial: 'unit rows',
      buffer: true,
    },
    { name: 'head.partition', kind: 'vector', shape: [1], fanIn: 1, initial: 0, buffer: true },
  ],
  loss(config, trunk, parameters, batch, pass) {
    const { temperature, momentum, patchWeight } = config
    const { bankRow: positive, patchNegatives, imageNegatives } = batch as Readonly<Record<string, tf.Tensor2D>>
    const bank = parameters['head.bank'] as tf.Tensor2D
    const [images, patches] = embed(config, trunk, parameters, batch, pass)
    let told = (v: tf.Tensor2D, counts: tf.Tensor2D) => infoNce(v, bank, positive, counts, temperature)
    if (config.contrast === 'nce') {
      const before = tf.reshape(parameters['head.partition'], []) as tf.Scalar
      const first = partition(patches, bank, positive, patchNegatives, temperature)
      const z = stopGradient(tf.where(tf.greater(before, 0), before, first) as tf.Scalar)
      pass.set('head.partition', tf.reshape(z, [1]))
      told = (v, counts) => nce(v, bank, positive, counts, z, temperature)
    }
    const loss = tf.add(
      tf.mul(told(patches, patchNegatives), patchWeight),
      tf.mul(told(images, imageNegatives), 1 - patchWeight),
    )
    pass.set('head.bank', updatedBank(bank, positive, images, momentum))
    return loss as tf.Scalar
  },
  // If P is 1/M for every row, NCE is −ln(1/(1 + K)) − K ln(K/(K + 1)).
  chanceLoss: ({ negatives, contrast }) =>
    Math.log(negatives + 1) + (contrast === 'nce' ? negatives * Math.log1p(1 / negatives) : 0),
  figures: [RETRIEVAL, SPREAD],
  async judge(config, trunk, parameters, batch) {
    const [images, patches] = tf.tidy(() => embed(config, trunk, parameters, batch, {}))
    try {
      const figures = {
        retrieval: await nearestIsOwn(images, patches),
        retrievalChance: 1 / images.shape[0],
        spread: await embeddingSpread(images),
      }
      return { loss: null, figures }
    } finally {
      tf.dispose([images, patches])
    }
  },
}
