/**
 * The denoiser of MoDL (Aggarwal et al. 2019, arXiv:1712.02862): x + N(x). N has 3 × 3 convolutions, each followed by
 * batch norm and, but for the last, by ReLU. Without batch norm the convolutions have biases, as in DnCNN of deepinv.
 * Running statistics follow each pass with weight 0.01, as in the authors' code. Batch norm's epsilon is 1e-5 here and
 * 1e-3 in the authors' code.
 * With a *zero start* the last layer starts at 0, so that a fresh denoiser changes nothing.
 */
import * as tf from '@tensorflow/tfjs-core'
import { type BatchNorm, type Kernels, NORM_EPSILON } from '../../kernels.ts'
import { type ParameterSpec, type Parameters, type Shapes, vector } from '../network.ts'

export interface ResidualCnn {
  /** Channels of all layers but the last. */
  readonly channels: number
  /** Convolutions, at least 2. */
  readonly layers: number
  readonly batchNorm: boolean
  readonly zeroStart: boolean
  /** Of the parameters' names, such as `denoiser.`. */
  readonly prefix: string
}

const PARTS = 2
const MOMENTUM = 0.01

const layerName = ({ prefix }: Pick<ResidualCnn, 'prefix'>, i: number) => `${prefix}layers.${i}`

export function residualCnnParameters(cnn: ResidualCnn): ParameterSpec[] {
  const { channels, layers, batchNorm, zeroStart } = cnn
  const learned: ParameterSpec[] = []
  const running: ParameterSpec[] = []
  for (let i = 0; i < layers; i++) {
    const [from, to] = [i === 0 ? PARTS : channels, i === layers - 1 ? PARTS : channels]
    const name = layerName(cnn, i)
    const last = i === layers - 1 ? ({ output: true } as const) : {}
    const fanIn = from * 9
    const zero = i === layers - 1 && zeroStart ? { initial: 0 } : {}
    const weight: ParameterSpec = { name: `${name}.conv.weight`, kind: 'conv', shape: [to, from, 3, 3], fanIn, ...last }
    if (!batchNorm) {
      const bias: ParameterSpec = { name: `${name}.conv.bias`, kind: 'vector', shape: [to], fanIn, ...last }
      learned.push({ ...weight, ...zero }, { ...bias, ...zero })
      continue
    }
    learned.push(weight, { ...vector(`${name}.norm.weight`, to, 1), ...last, ...zero })
    learned.push({ ...vector(`${name}.norm.bias`, to, 0), ...last })
    running.push({ ...vector(`${name}.norm.running_mean`, to, 0), buffer: true })
    running.push({ ...vector(`${name}.norm.running_var`, to, 1), buffer: true })
  }
  return [...learned, ...running]
}

/** Names of the layers whose features a pass gives. The last layer gives the denoiser's result. */
export const residualCnnLayers = ({ layers }: ResidualCnn): string[] =>
  Array.from({ length: layers - 1 }, (_, i) => `layers.${i}`)

/** The sizes of the denoiser with this prefix, read off names and shapes. `null`: there is no such denoiser. */
export function residualCnnSign(
  shapes: Shapes,
  prefix: string,
): Pick<ResidualCnn, 'channels' | 'layers' | 'batchNorm'> | null {
  const weight = (i: number) => shapes.get(`${layerName({ prefix }, i)}.conv.weight`)
  const first = weight(0)
  let layers = 0
  while (weight(layers)) layers++
  if (!first || layers < 2) return null
  return { channels: first[0], layers, batchNorm: shapes.has(`${layerName({ prefix }, 0)}.norm.weight`) }
}

/** Batch norm without a rectifier, of few channels. */
function batchNorm(x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D): BatchNorm {
  const { mean, variance } = tf.moments(x, [0, 1, 2])
  const count = x.size / x.shape[3]
  const normalised = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, NORM_EPSILON)))
  return {
    activated: tf.add(tf.mul(normalised, scale), offset),
    mean: mean as tf.Tensor1D,
    variance: tf.mul(variance, count / Math.max(1, count - 1)),
  }
}

export interface CnnPass {
  /** Only in training: receives each batch's mean and unbiased variance by the name of their running statistic. */
  readonly hear?: (buffer: string, value: tf.Tensor) => void
  readonly tap?: (layer: string, features: tf.Tensor4D) => void
}

/** The next value of a running statistic. */
export const following = (running: tf.Tensor, value: tf.Tensor): tf.Tensor =>
  tf.add(tf.mul(running, 1 - MOMENTUM), tf.mul(value, MOMENTUM))

function layer(
  kernels: Kernels,
  cnn: ResidualCnn,
  i: number,
  named: Parameters,
  x: tf.Tensor4D,
  hear: CnnPass['hear'],
) {
  const name = layerName(cnn, i)
  const isLast = i === cnn.layers - 1
  const weight = named[`${name}.conv.weight`] as tf.Tensor4D
  const biased = (y: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D =>
    isLast ? tf.add(y, bias) : kernels.biasRelu(y, bias)
  if (!cnn.batchNorm) return biased(kernels.convolve([x], weight), named[`${name}.conv.bias`] as tf.Tensor1D)
  const [scale, offset] = [named[`${name}.norm.weight`], named[`${name}.norm.bias`]] as tf.Tensor1D[]
  const [mean, variance] = [`${name}.norm.running_mean`, `${name}.norm.running_var`]
  if (!hear) {
    // Convolution and batch norm are linear here, so one convolution computes both.
    const factor = tf.mul(scale, tf.rsqrt(tf.add(named[variance], NORM_EPSILON)))
    return biased(kernels.convolve([x], tf.mul(weight, factor)), tf.sub(offset, tf.mul(named[mean], factor)))
  }
  const batch = (isLast ? batchNorm : kernels.batchNormRelu)(kernels.convolve([x], weight), scale, offset)
  hear(mean, batch.mean)
  hear(variance, batch.variance)
  return batch.activated
}

/** Complex images [batch, height, width, 2] → x + N(x). `named` has the parameters. */
export function residualCnnPass(
  kernels: Kernels,
  cnn: ResidualCnn,
  named: Parameters,
  image: tf.Tensor4D,
  { hear, tap }: CnnPass,
): tf.Tensor4D {
  let x = image
  for (let i = 0; i < cnn.layers; i++) {
    x = layer(kernels, cnn, i, named, x, hear)
    if (i < cnn.layers - 1) tap?.(`layers.${i}`, x)
  }
  return tf.add(image, x)
}
