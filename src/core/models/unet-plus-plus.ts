/**
 * U-Net++ (Zhou et al. 2018, arXiv:1807.10165) as in pytorch-nested-unet:
 *   x(i,0) = H(pool(x(i−1,0))),   x(i,j) = H([x(i,0), …, x(i,j−1), up(x(i+1,j−1))]).
 * H is (3 × 3 convolution with bias → batch norm → ReLU) twice. Pool is 2 × 2 max-pooling.
 * Up is bilinear with aligned corners. The last layer is a 1 × 1 convolution of x(0,4).
 * With deep supervision, each of x(0,1) … x(0,4) has its own 1 × 1 convolution.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { type Kernels, NORM_EPSILON } from '../kernels.ts'
import { FROM_SCRATCH } from '../training/recipes.ts'
import {
  CHANNELS,
  type Input,
  type Network,
  type ParameterSpec,
  type Parameters,
  type Pass,
  vector,
} from './network.ts'

const UnetPlusPlusConfig = z.object({
  channels: CHANNELS,
  deepSupervision: z
    .boolean()
    .default(false)
    .describe('an output on each of the four columns; the loss is their mean loss, the last is the reconstruction'),
})
type UnetPlusPlusConfig = z.infer<typeof UnetPlusPlusConfig>

const DEPTH = 4
/** Images are padded to a multiple of this. */
const MULTIPLE = 2 ** DEPTH
const MOMENTUM = 0.1

const nodeName = (level: number, column: number) => `conv${level}_${column}`

/** Level and column of every node, in the order of computation: each node comes after its inputs. */
const NODES = Array.from({ length: DEPTH + 1 }, (_, diagonal) =>
  Array.from({ length: diagonal + 1 }, (_, column) => ({ level: diagonal - column, column })),
).flat()

/** Names and columns of the 1 × 1 convolutions that make images of x(0,column). */
const heads = ({ deepSupervision }: UnetPlusPlusConfig) =>
  deepSupervision
    ? Array.from({ length: DEPTH }, (_, i) => ({ name: `final${i + 1}`, column: i + 1 }))
    : [{ name: 'final', column: DEPTH }]

/** Weights of the first convolution, which only this network has. */
const FIRST = 'conv0_0.conv1.weight'

const conv = (name: string, from: number, to: number, size: number): [ParameterSpec, ParameterSpec] => [
  { name: `${name}.weight`, kind: 'conv', shape: [to, from, size, size], fanIn: from * size * size },
  { name: `${name}.bias`, kind: 'vector', shape: [to], fanIn: from * size * size },
]

/**
 * Parameters with PyTorch's names, running statistics last.
 * PyTorch's `num_batches_tracked` is left out, because nothing depends on it while momentum is a number.
 * `_NormBase._load_from_state_dict` adds it to a state_dict without a version (`_metadata`).
 * A state_dict from a file of plain tensors has no version.
 */
function parameters(config: UnetPlusPlusConfig, widths: readonly number[]): ParameterSpec[] {
  const learned: ParameterSpec[] = []
  const running: ParameterSpec[] = []
  for (const { level, column } of NODES) {
    const width = widths[level]
    const above = level === 0 ? 1 : widths[level - 1]
    const from = column === 0 ? above : column * width + widths[level + 1]
    for (const [layer, input] of [
      [1, from],
      [2, width],
    ]) {
      const norm = `${nodeName(level, column)}.bn${layer}`
      const [weight, bias] = conv(`${nodeName(level, column)}.conv${layer}`, input, width, 3)
      // This bias has no gradient, because batch norm subtracts the mean. It keeps its initial value.
      learned.push(weight, { ...bias, buffer: true })
      learned.push(vector(`${norm}.weight`, width, 1), vector(`${norm}.bias`, width, 0))
      running.push({ ...vector(`${norm}.running_mean`, width, 0), buffer: true })
      running.push({ ...vector(`${norm}.running_var`, width, 1), buffer: true })
    }
  }
  for (const { name } of heads(config))
    learned.push(...conv(name, widths[0], 1, 1).map((spec): ParameterSpec => ({ ...spec, output: true })))
  return [...learned, ...running]
}

/**
 * Convolution, batch norm, ReLU. In training, the batch is normalised by its own statistics.
 * The running statistics follow the batch's statistics (the variance unbiased, as in PyTorch).
 * Outside training, the batch is normalised by the running statistics.
 */
function layer(
  kernels: Kernels,
  parameters: Parameters,
  [conv, norm]: readonly [string, string],
  inputs: readonly tf.Tensor4D[],
  { set }: Pass,
): tf.Tensor4D {
  const weights = parameters[`${conv}.weight`] as tf.Tensor4D
  const bias = parameters[`${conv}.bias`]
  const [scale, offset] = [parameters[`${norm}.weight`], parameters[`${norm}.bias`]] as tf.Tensor1D[]
  const [mean, variance] = [`${norm}.running_mean`, `${norm}.running_var`]
  if (!set) {
    // Convolution and batch norm are linear here, so one convolution computes both.
    const factor = tf.mul(scale, tf.rsqrt(tf.add(parameters[variance], NORM_EPSILON)))
    const constant: tf.Tensor1D = tf.add(offset, tf.mul(tf.sub(bias, parameters[mean]), factor))
    return kernels.biasRelu(kernels.convolve(inputs, tf.mul(weights, factor)), constant)
  }
  // The bias is left out, because batch norm subtracts the batch's mean. Only the running mean includes the bias.
  const { activated, ...batch } = kernels.batchNormRelu(kernels.convolve(inputs, weights), scale, offset)
  const follow = (buffer: string, value: tf.Tensor) =>
    set(buffer, tf.add(tf.mul(parameters[buffer], 1 - MOMENTUM), tf.mul(value, MOMENTUM)))
  follow(mean, tf.add(batch.mean, bias))
  follow(variance, batch.variance)
  return activated
}

function node(
  kernels: Kernels,
  parameters: Parameters,
  name: string,
  inputs: readonly tf.Tensor4D[],
  pass: Pass,
): tf.Tensor4D {
  const once = (maps: readonly tf.Tensor4D[], i: number) =>
    tf.tidy(() => layer(kernels, parameters, [`${name}.conv${i}`, `${name}.bn${i}`], maps, pass))
  return once([once(inputs, 1)], 2)
}

const double = (x: tf.Tensor4D) => tf.image.resizeBilinear(x, [x.shape[1] * 2, x.shape[2] * 2], true)

/** Reflects the edges up to multiples of 16, half of the padding on either side. `crop` removes the padding. */
function pad(image: tf.Tensor4D): { padded: tf.Tensor4D; crop: (x: tf.Tensor4D) => tf.Tensor4D } {
  const [, height, width] = image.shape
  const missing = [height, width].map(size => (MULTIPLE - (size % MULTIPLE)) % MULTIPLE)
  if (missing.every(pixels => pixels === 0)) return { padded: image, crop: x => x }
  const [down, across] = missing.map((pixels): [number, number] => [pixels >> 1, pixels - (pixels >> 1)])
  return {
    padded: tf.mirrorPad(image, [[0, 0], down, across, [0, 0]], 'reflect'),
    crop: x => tf.slice(x, [0, down[0], across[0], 0], [x.shape[0], height, width, x.shape[3]]),
  }
}

function outputs(
  kernels: Kernels,
  config: UnetPlusPlusConfig,
  parameters: Parameters,
  { image }: Input,
  pass: Pass = {},
): tf.Tensor4D[] {
  const { padded, crop } = pad(image as tf.Tensor4D)
  const x: tf.Tensor4D[][] = Array.from({ length: DEPTH + 1 }, () => [])
  for (const { level, column } of NODES) {
    const inputs =
      column > 0
        ? [...x[level], double(x[level + 1][column - 1])]
        : [level === 0 ? padded : tf.maxPool(x[level - 1][0], 2, 2, 'valid')]
    const features = node(kernels, parameters, nodeName(level, column), inputs, pass)
    pass.tap?.(nodeName(level, column), features)
    x[level].push(features)
  }
  return heads(config).map(({ name, column }) => {
    const [weight, bias] = [parameters[`${name}.weight`] as tf.Tensor4D, parameters[`${name}.bias`] as tf.Tensor1D]
    return crop(kernels.convolvePixels(x[0][column], weight, bias))
  })
}

/** The network with `widths` channels at each level. */
export const makeUnetPlusPlus = (
  widths: (config: UnetPlusPlusConfig) => readonly number[],
): Network<UnetPlusPlusConfig> => ({
  label: 'U-Net++',
  paper: 'Zhou et al. 2018 (arXiv:1807.10165), as in pytorch-nested-unet',
  config: UnetPlusPlusConfig,
  takes: 'magnitude',
  recipes: FROM_SCRATCH,
  sign: {
    first: FIRST,
    settings(shapes) {
      const first = shapes.get(FIRST)
      return first ? { channels: first[0], deepSupervision: shapes.has('final1.weight') } : null
    },
  },
  parameters: config => parameters(config, widths(config)),
  layers: () => NODES.map(({ level, column }) => nodeName(level, column)),
  bottleneck: config => ({ layer: nodeName(DEPTH, 0), channels: widths(config)[DEPTH], scale: MULTIPLE }),
  outputs,
  // With this size the deepest node has one pixel. Every larger side has enough pixels to reflect.
  minimumSize: () => MULTIPLE,
  tooSmall(_, shape, batch) {
    const across = (side: number) => Math.ceil(((MULTIPLE - (side % MULTIPLE)) % MULTIPLE) / 2)
    if (shape.some(side => across(side) >= side))
      return `they cannot be reflected to a multiple of ${MULTIPLE} pixels. Take larger images.`
    const pixels = shape.reduce((product, side) => product * Math.ceil(side / MULTIPLE), 1)
    if (batch * pixels > 1) return null
    return (
      'the deepest node has one pixel in a batch of one, and batch norm makes a single value 0. ' +
      'Take batches of at least 2 images, also as the last batch of an epoch (--batch).'
    )
  },
})

export const unetPlusPlus = makeUnetPlusPlus(({ channels }) =>
  Array.from({ length: DEPTH + 1 }, (_, level) => channels * 2 ** level),
)
