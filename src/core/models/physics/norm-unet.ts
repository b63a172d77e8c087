/**
 * fastMRI's `NormUnet` (`fastmri/models/varnet.py`): a U-Net of a complex image, whose channels are the real and the
 * imaginary part. Each part of each sample is normalised to mean 0 and (unbiased) SD 1, padded with zeros to multiples
 * of 16, passed through the U-Net, cut to its size, and given its mean and SD again.
 * With a *zero start* the last layer starts at 0 and the mean is not added, so that a fresh network gives 0.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Kernels } from '../../kernels.ts'
import type { ParameterSpec, Parameters, Pass, Shapes } from '../network.ts'
import { tooManyPools, type UnetSize, unetLayers, unetParameters, unetPass, unetSign } from '../unet-body.ts'
import { meanOver, sumOfSquares } from './sums.ts'

/** Pixels to whose multiples images are padded. */
export const MULTIPLE = 16
const PARTS = 2

/** A part whose SD is not above this is constant. Inputs have scale 1. The U-Net then gives 0 without any gradient. */
const FLOOR = 1e-12

export const ZERO_START = z
  .boolean()
  .default(false)
  .describe('the last layer starts at 0, so that training starts from the measured data')

export interface NormUnet {
  readonly size: UnetSize
  /** Of the parameters' and layers' names, such as `cascades.0.model.`; the U-Net's own begin with `unet.` after it. */
  readonly prefix: string
  readonly zeroStart: boolean
}

const unetPrefix = (prefix: string) => `${prefix}unet.`

export const normUnetParameters = ({ size, prefix, zeroStart }: NormUnet): ParameterSpec[] =>
  unetParameters(size, { prefix: unetPrefix(prefix), images: PARTS, ...(zeroStart && { lastLayer: 0 }) })

export const normUnetLayers = ({ size, prefix }: NormUnet): string[] => unetLayers(size, unetPrefix(prefix))

/** The sizes of the NormUnet with this prefix, read off names and shapes. `null`: there is no such NormUnet. */
export const normUnetSign = (shapes: Shapes, prefix: string): UnetSize | null =>
  unetSign(shapes, unetPrefix(prefix), PARTS)

const padded = (size: number) => Math.ceil(size / MULTIPLE) * MULTIPLE

/** Zeros around an image up to multiples of 16: the smaller half before. `unpad` removes them. */
function pad(image: tf.Tensor4D): { image: tf.Tensor4D; unpad: (x: tf.Tensor4D) => tf.Tensor4D } {
  const [batch, height, width, channels] = image.shape
  const missing = [height, width].map(size => padded(size) - size)
  if (missing.every(pixels => pixels === 0)) return { image, unpad: x => x }
  const [down, across] = missing.map((pixels): [number, number] => [pixels >> 1, pixels - (pixels >> 1)])
  return {
    image: tf.pad(image, [[0, 0], down, across, [0, 0]]),
    unpad: x => tf.slice(x, [0, down[0], across[0], 0], [batch, height, width, channels]),
  }
}

/** Complex images [batch, height, width, 2] → the same shape. Each sample is normalised by itself. */
export function normUnetPass(
  kernels: Kernels,
  { size, prefix, zeroStart }: NormUnet,
  parameters: Parameters,
  image: tf.Tensor4D,
  pass?: Pass,
): tf.Tensor4D {
  const [, height, width] = image.shape
  const mean = meanOver(image, [1, 2])
  const centred = tf.sub(image, mean)
  const variance = tf.div(sumOfSquares(centred, [1, 2]), Math.max(1, height * width - 1))
  const std = tf.sqrt(tf.maximum(variance, FLOOR ** 2))
  const { image: normalised, unpad } = pad(tf.div(centred, std))
  const y = unpad(unetPass(kernels, size, parameters, normalised, { prefix: unetPrefix(prefix) }, pass))
  const scaled: tf.Tensor4D = tf.mul(y, tf.sub(std, FLOOR)) // exactly 0 of a constant part
  return zeroStart ? scaled : tf.add(scaled, mean)
}

/** As `Network.tooSmall`. `option` names the setting of pools. */
export const normUnetTooSmall = (pools: number, [height, width]: readonly [number, number], option: string) =>
  tooManyPools(pools, [padded(height), padded(width)], option)

/** As `Network.minimumSize`: the smallest side whose padded image has a bottleneck of more than one pixel. */
export const normUnetMinimumSize = (pools: number): number => Math.max(1, 2 ** (pools + 1) - MULTIPLE + 1)
