/**
 * A U-Net of the complex zero-filled image: fastMRI's `NormUnet` (Sriram et al. 2020, arXiv:2004.06688) as a network of
 * its own. Several coils enter as their SENSE combination. With a zero start the U-Net's output is subtracted from the
 * image, as a cascade of a VarNet subtracts it. Data consistency, if there is any, follows in the k-space of each coil
 * (Hyun et al. 2018, arXiv:1709.02576), and the coils are combined again.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Kernels } from '../kernels.ts'
import { BASELINE, UNROLLED } from '../training/recipes.ts'
import { CHANNELS, type Input, type Network, type Parameters, type Pass, vector } from './network.ts'
import { expand, reduce } from './physics/coils.ts'
import { magnitude } from './physics/complex.ts'
import { Consistency, hard, soft } from './physics/consistency.ts'
import {
  MULTIPLE,
  type NormUnet,
  normUnetLayers,
  normUnetMinimumSize,
  normUnetParameters,
  normUnetPass,
  normUnetSign,
  normUnetTooSmall,
  ZERO_START,
} from './physics/norm-unet.ts'

const ComplexUnetConfig = z.object({
  channels: CHANNELS,
  pools: z.int().min(1).max(6).default(4).describe('levels of 2 × 2 average pooling'),
  consistency: Consistency.default('none').describe(
    'how measured samples are put back after the network: soft is learned, hard is exact',
  ),
  zeroStart: ZERO_START,
})
type ComplexUnetConfig = z.infer<typeof ComplexUnetConfig>

const unetOf = ({ channels, pools, zeroStart }: ComplexUnetConfig): NormUnet => ({
  size: { channels, pools },
  prefix: '',
  zeroStart,
})

const ETA = 'dc_weight'
const SOFT = vector(ETA, 1, 1)

/** The image after data consistency, and the k-space of all coils. */
function consistent(
  kernels: Kernels,
  { consistency }: ComplexUnetConfig,
  parameters: Parameters,
  image: tf.Tensor4D,
  input: Input,
) {
  const [measured, mask, maps] = [input.kspace as tf.Tensor5D, input.mask as tf.Tensor4D, input.maps as tf.Tensor5D]
  const made = expand(kernels, image, maps)
  const kspace = consistency === 'hard' ? hard(made, measured, mask) : soft(made, measured, mask, parameters[ETA])
  return { kspace, image: reduce(kernels, kspace, maps) }
}

function outputs(
  kernels: Kernels,
  config: ComplexUnetConfig,
  parameters: Parameters,
  input: Input,
  pass: Pass = {},
): [tf.Tensor4D] {
  const zeroFilled = input.image as tf.Tensor4D
  const made = normUnetPass(kernels, unetOf(config), parameters, zeroFilled, pass)
  let image: tf.Tensor4D = config.zeroStart ? tf.sub(zeroFilled, made) : made
  if (config.consistency !== 'none') {
    const { kspace, image: combined } = consistent(kernels, config, parameters, image, input)
    pass.give?.('k-space', kspace)
    image = combined
  }
  pass.give?.('complex image', image)
  return [magnitude(image)]
}

export const complexUnet: Network<ComplexUnetConfig> = {
  label: 'Complex U-Net',
  paper: 'Ronneberger et al. 2015 (arXiv:1505.04597), as fastMRI’s NormUnet (arXiv:2004.06688)',
  config: ComplexUnetConfig,
  takes: 'complex',
  extras: ({ consistency }) => (consistency === 'none' ? [] : ['maps']),
  gives: ({ consistency }) => (consistency === 'none' ? ['complex image'] : ['k-space', 'complex image']),
  recipes: {
    original: {
      note: 'fastMRI’s NormUnet with the training of fastMRI’s U-Net demonstration: 32 channels, L1, RMSprop 1e-3.',
      config: { channels: 32 },
      training: { ...BASELINE, loss: { l1: 1 } },
    },
    workstation: {
      note: '16 channels, soft data consistency, 1 − SSIM, Adam 1e-3, 20 epochs. Begins at the zero-filled image.',
      config: { channels: 16, consistency: 'soft', zeroStart: true },
      training: UNROLLED.workstation,
    },
  },
  sign: {
    first: 'unet.down_sample_layers.0.layers.0.weight',
    settings(shapes) {
      const size = normUnetSign(shapes, '')
      return size && { ...size, consistency: shapes.has(ETA) ? 'soft' : 'none' }
    },
  },
  parameters: config => [...normUnetParameters(unetOf(config)), ...(config.consistency === 'soft' ? [SOFT] : [])],
  layers: config => normUnetLayers(unetOf(config)),
  // A pretext has images alone, and data consistency needs k-space.
  trunk: config => ({ network: 'complex-unet', config: { ...config, consistency: 'none' } }),
  fromTrunk: (_, name) => [name],
  bottleneck: ({ channels, pools }) => ({
    layer: 'unet.conv',
    channels: channels * 2 ** pools,
    scale: 2 ** pools,
    multiple: MULTIPLE,
  }),
  outputs,
  minimumSize: ({ pools }) => normUnetMinimumSize(pools),
  tooSmall: ({ pools }, shape) => normUnetTooSmall(pools, shape, '--pools'),
}
