/**
 * The body of fastMRI's U-Net (`fastmri/models/unet.py`), for any number of channels in and out. Each level has two
 * (3 × 3 convolution without bias → instance norm → leaky ReLU 0.2). Down is 2 × 2 average pooling, up is a 2 × 2
 * transposed convolution. Skips are concatenated after the upsampled map. The last layer is a 1 × 1 convolution with
 * bias.
 * Ronneberger et al. 2015, arXiv:1505.04597; Zbontar et al. 2018, arXiv:1811.08839.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../kernels.ts'
import type { ParameterSpec, Parameters, Pass, Shapes } from './network.ts'

/** The sizes of a U-Net. `channels`: of the top level. `pools`: levels of 2 × 2 average pooling. */
export interface UnetSize {
  readonly channels: number
  readonly pools: number
}

/** The place of a U-Net in a network. `prefix`: of the names of its parameters and layers, with the last full stop. */
export interface UnetPlace {
  readonly prefix: string
  /** Channels in and out. */
  readonly images: number
  /** Initial value of the last layer. Absent: drawn. */
  readonly lastLayer?: number
}

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

export function unetParameters({ channels, pools }: UnetSize, place: UnetPlace): ParameterSpec[] {
  const { prefix, images, lastLayer } = place
  const specs = blockSpecs('down_sample_layers.0', images, channels)
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
  const last = { output: true, ...(lastLayer !== undefined && { initial: lastLayer }) } as const
  specs.push({ ...conv(`up_conv.${pools - 1}.1.weight`, channels, images, 1), ...last })
  specs.push({ name: `up_conv.${pools - 1}.1.bias`, kind: 'vector', shape: [images], fanIn: channels, ...last })
  return specs.map(spec => ({ ...spec, name: prefix + spec.name }))
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

/** The layers' names, in the order of a pass. */
export const unetLayers = ({ pools }: UnetSize, prefix: string): string[] =>
  [
    ...Array.from({ length: pools }, (_, level) => `down_sample_layers.${level}`),
    'conv',
    ...Array.from({ length: pools }, (_, level) => upBlock(level, pools)),
  ].map(name => prefix + name)

/** Images [batch, height, width, images] → the same shape. */
export function unetPass(
  kernels: Kernels,
  { pools }: UnetSize,
  parameters: Parameters,
  image: tf.Tensor4D,
  { prefix }: Pick<UnetPlace, 'prefix'>,
  { tap }: Pass = {},
): tf.Tensor4D {
  const through = (name: string, ...inputs: tf.Tensor4D[]) => {
    const features = block(kernels, parameters, prefix + name, ...inputs)
    tap?.(prefix + name, features)
    return features
  }
  const skips: tf.Tensor4D[] = []
  let x = image
  for (let level = 0; level < pools; level++) {
    x = through(`down_sample_layers.${level}`, x)
    skips.push(x)
    x = tf.avgPool(x, 2, 2, 'valid')
  }
  x = through('conv', x)
  for (let level = 0; level < pools; level++) {
    const up = parameters[`${prefix}up_transpose_conv.${level}.layers.0.weight`] as tf.Tensor4D // [kh, kw, out, in]
    const skip = skips[pools - 1 - level]
    const doubled = kernels.normLeakyRelu(kernels.convolveTransposed(x, up))
    x = through(upBlock(level, pools), padTo(doubled, skip), skip)
  }
  const last = `${prefix}up_conv.${pools - 1}.1`
  const [weight, bias] = [parameters[`${last}.weight`] as tf.Tensor4D, parameters[`${last}.bias`] as tf.Tensor1D]
  return kernels.convolvePixels(x, weight, bias)
}

/** The first convolution, which every U-Net has. */
export const firstOf = (prefix: string) => `${prefix}down_sample_layers.0.layers.0.weight`

/**
 * The sizes of the U-Net of `images` with this prefix, from names and shapes. `null`: there is no such U-Net.
 * Lightning's checkpoint of a magnitude U-Net has the complex U-Net's names, so the number of images decides.
 */
export function unetSign(shapes: Shapes, prefix: string, images: number): UnetSize | null {
  const first = shapes.get(firstOf(prefix))
  if (first?.[1] !== images) return null
  let pools = 0
  while (shapes.has(`${prefix}down_sample_layers.${pools}.layers.0.weight`)) pools++
  return { channels: first[0], pools }
}

/**
 * Why the bottleneck of images of this size learns nothing: instance norm makes a single pixel 0. `null`: it learns.
 * `option` names the setting in the remedy.
 */
export function tooManyPools(pools: number, [height, width]: readonly [number, number], option: string): string | null {
  const pooled = (times: number) => [height, width].map(side => Math.floor(side / 2 ** times))
  const pixels = (times: number) => pooled(times).reduce((product, side) => product * side, 1)
  if (pixels(pools) > 1) return null
  const most = Array.from({ length: pools }, (_, times) => times).findLast(times => pixels(times) > 1) ?? 0
  const remedy = most > 0 ? `Take at most ${most} pools (${option}).` : 'Take larger images.'
  const bottleneck = pooled(pools).join(' × ')
  return `${pools} pools leave the bottleneck ${bottleneck}, and instance norm makes a single pixel 0. ${remedy}`
}
