/**
 * fastMRI's U-Net (`fastmri/models/unet.py`). Each level has two (3 × 3 convolution without bias → instance norm →
 * leaky ReLU 0.2). Down is 2 × 2 average pooling, up is a 2 × 2 transposed convolution.
 * Skips are concatenated after the upsampled map. The last layer is a 1 × 1 convolution with bias.
 * Ronneberger et al. 2015, arXiv:1505.04597; Zbontar et al. 2018, arXiv:1811.08839.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Kernels } from '../kernels.ts'
import { FROM_SCRATCH } from '../training/recipes.ts'
import { CHANNELS, type Input, type Network, type ParameterSpec, type Parameters, type Pass } from './network.ts'

const UnetConfig = z.object({
  channels: CHANNELS,
  pools: z.int().min(1).max(6).default(4).describe('levels of 2 × 2 average pooling'),
})
type UnetConfig = z.infer<typeof UnetConfig>

/** The first convolution, which only this network has. */
const FIRST = 'down_sample_layers.0.layers.0.weight'

const conv = (name: string, from: number, to: number, size: number): ParameterSpec => ({
  name,
  kind: 'conv',
  shape: [to, from, size, size],
  fanIn: from * size * size,
})

/** The two convolutions of a ConvBlock have fastMRI's places in its Sequential: 0 and 4. */
const blockSpecs = (name: string, from: number, to: number): ParameterSpec[] => [
  conv(`${name}.layers.0.weight`, from, to, 3),
  conv(`${name}.layers.4.weight`, to, to, 3),
]

/** Names of the up path. The last block shares its Sequential with the 1 × 1 convolution. */
const upBlock = (level: number, pools: number) => (level === pools - 1 ? `up_conv.${level}.0` : `up_conv.${level}`)

function parameters({ channels, pools }: UnetConfig): ParameterSpec[] {
  const specs = blockSpecs('down_sample_layers.0', 1, channels)
  for (let level = 1; level < pools; level++) {
    specs.push(...blockSpecs(`down_sample_layers.${level}`, channels * 2 ** (level - 1), channels * 2 ** level))
  }
  const deepest = channels * 2 ** (pools - 1)
  specs.push(...blockSpecs('conv', deepest, deepest * 2))
  for (let level = 0; level < pools; level++) {
    const width = deepest / 2 ** level
    specs.push({
      name: `up_transpose_conv.${level}.layers.0.weight`,
      kind: 'conv-transpose',
      shape: [width * 2, width, 2, 2],
      fanIn: width * 4, // PyTorch takes weight.size(1) · k² for a transposed convolution
    })
    specs.push(...blockSpecs(upBlock(level, pools), width * 2, width))
  }
  specs.push({ ...conv(`up_conv.${pools - 1}.1.weight`, channels, 1, 1), output: true })
  specs.push({ name: `up_conv.${pools - 1}.1.bias`, kind: 'vector', shape: [1], fanIn: channels, output: true })
  return specs
}

function block(kernels: Kernels, parameters: Parameters, name: string, ...inputs: tf.Tensor4D[]): tf.Tensor4D {
  const once = (maps: readonly tf.Tensor4D[], layer: number) =>
    tf.tidy(() =>
      kernels.normLeakyRelu(kernels.convolve(maps, parameters[`${name}.layers.${layer}.weight`] as tf.Tensor4D)),
    )
  return once([once(inputs, 0)], 4)
}

/** Reflect-pads one row at the bottom and one column at the right, if the skip connection is larger by one pixel. */
function padTo(x: tf.Tensor4D, skip: tf.Tensor4D): tf.Tensor4D {
  let padded = x
  for (const axis of [1, 2] as const) {
    if (padded.shape[axis] === skip.shape[axis]) continue
    const begin = [0, 0, 0, 0]
    const size = [...padded.shape]
    begin[axis] = Math.max(0, padded.shape[axis] - 2)
    size[axis] = 1
    padded = tf.concat([padded, tf.slice(padded, begin, size)], axis)
  }
  return padded
}

const layers = ({ pools }: UnetConfig): string[] => [
  ...Array.from({ length: pools }, (_, level) => `down_sample_layers.${level}`),
  'conv',
  ...Array.from({ length: pools }, (_, level) => upBlock(level, pools)),
]

function outputs(
  kernels: Kernels,
  { pools }: UnetConfig,
  parameters: Parameters,
  { image }: Input,
  { tap }: Pass = {},
): [tf.Tensor4D] {
  const through = (name: string, ...inputs: tf.Tensor4D[]) => {
    const features = block(kernels, parameters, name, ...inputs)
    tap?.(name, features)
    return features
  }
  const skips: tf.Tensor4D[] = []
  let x = image as tf.Tensor4D
  for (let level = 0; level < pools; level++) {
    x = through(`down_sample_layers.${level}`, x)
    skips.push(x)
    x = tf.avgPool(x, 2, 2, 'valid')
  }
  x = through('conv', x)
  for (let level = 0; level < pools; level++) {
    const weights = parameters[`up_transpose_conv.${level}.layers.0.weight`] as tf.Tensor4D // [kh, kw, out, in]
    const skip = skips[pools - 1 - level]
    const doubled = kernels.normLeakyRelu(kernels.convolveTransposed(x, weights))
    x = through(upBlock(level, pools), padTo(doubled, skip), skip)
  }
  const last = `up_conv.${pools - 1}.1`
  const [weight, bias] = [parameters[`${last}.weight`] as tf.Tensor4D, parameters[`${last}.bias`] as tf.Tensor1D]
  return [kernels.convolvePixels(x, weight, bias)]
}

export const unet: Network<UnetConfig> = {
  label: 'U-Net',
  paper: 'Ronneberger et al. 2015 (arXiv:1505.04597), as in fastMRI (arXiv:1811.08839)',
  config: UnetConfig,
  takes: 'magnitude',
  recipes: FROM_SCRATCH,
  sign: {
    first: FIRST,
    settings(shapes) {
      const first = shapes.get(FIRST)
      if (!first) return null
      let pools = 0
      while (shapes.has(`down_sample_layers.${pools}.layers.0.weight`)) pools++
      return { channels: first[0], pools }
    },
  },
  parameters,
  layers,
  bottleneck: ({ channels, pools }) => ({ layer: 'conv', channels: channels * 2 ** pools, scale: 2 ** pools }),
  outputs,
  // Instance norm makes a single pixel 0, so the bottleneck needs more than one pixel.
  minimumSize: ({ pools }) => 2 ** (pools + 1),
  tooSmall({ pools }, [height, width]) {
    const pooled = (times: number) => [height, width].map(side => Math.floor(side / 2 ** times))
    const pixels = (times: number) => pooled(times).reduce((product, side) => product * side, 1)
    if (pixels(pools) > 1) return null
    const most = Array.from({ length: pools }, (_, times) => times).findLast(times => pixels(times) > 1) ?? 0
    const remedy = most > 0 ? `Take at most ${most} pools (--pools).` : 'Take larger images.'
    const bottleneck = pooled(pools).join(' × ')
    return `${pools} pools leave the bottleneck ${bottleneck}, and instance norm makes a single pixel 0. ${remedy}`
  },
}
