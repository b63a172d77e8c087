/**
 * fastMRI's U-Net (`fastmri/models/unet.py`) of magnitude images: see `unet-body.ts`.
 * Ronneberger et al. 2015, arXiv:1505.04597; Zbontar et al. 2018, arXiv:1811.08839.
 */
import type * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { FROM_SCRATCH } from '../training/recipes.ts'
import { CHANNELS, type Network } from './network.ts'
import { firstOf, tooManyPools, unetLayers, unetParameters, unetPass, unetSign } from './unet-body.ts'

const UnetConfig = z.object({
  channels: CHANNELS,
  pools: z.int().min(1).max(6).default(4).describe('levels of 2 × 2 average pooling'),
})
type UnetConfig = z.infer<typeof UnetConfig>

/** The U-Net is the whole network, of one image. */
const PLACE = { prefix: '', images: 1 }

export const unet: Network<UnetConfig> = {
  label: 'U-Net',
  paper: 'Ronneberger et al. 2015 (arXiv:1505.04597), as in fastMRI (arXiv:1811.08839)',
  config: UnetConfig,
  takes: 'magnitude',
  recipes: FROM_SCRATCH,
  sign: { first: firstOf(PLACE.prefix), settings: shapes => unetSign(shapes, PLACE.prefix, PLACE.images) },
  parameters: config => unetParameters(config, PLACE),
  layers: config => unetLayers(config, PLACE.prefix),
  bottleneck: ({ channels, pools }) => ({ layer: 'conv', channels: channels * 2 ** pools, scale: 2 ** pools }),
  outputs: (kernels, config, parameters, { image }, pass) => [
    unetPass(kernels, config, parameters, image as tf.Tensor4D, PLACE, pass),
  ],
  // Instance norm makes a single pixel 0, so the bottleneck needs more than one pixel.
  minimumSize: ({ pools }) => 2 ** (pools + 1),
  tooSmall: ({ pools }, shape) => tooManyPools(pools, shape, '--pools'),
}
