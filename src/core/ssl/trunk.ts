/**
 * Where a method's head attaches to the network: the flattened output image (as in the original work), a grid, or the
 * bottleneck.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import type { Kernels } from '../kernels.ts'
import { meanOf, type Network, type Parameters, type Pass } from '../models/network.ts'

/** Settings that methods with a head share. */
export const ATTACHMENT = {
  attach: z
    .enum(['output', 'grid', 'bottleneck'])
    .default('output')
    .describe(
      'where the head attaches: the flattened output image (the original way), the output averaged over a grid, ' +
        'or the bottleneck’s magnitudes averaged over a grid',
    ),
  grid: z.int().min(1).max(64).default(8).describe('cells of the grid along each axis, if the head attaches to a grid'),
}
export type Attachment = Readonly<z.infer<z.ZodObject<typeof ATTACHMENT>>>

/** What a head's size depends on. */
export interface Stem {
  /** Length of the features of a square view of this side, pixels. */
  featureLength(attachment: Attachment, side: number): number
}

export interface Trunk extends Stem {
  /** Views [n, side, side, channels] → [n, length]. */
  features(attachment: Attachment, parameters: Parameters, views: tf.Tensor4D, pass: Pass): tf.Tensor2D
  /**
   * The network's output image of images, in their shape: of complex images the complex image, which the network gives.
   * Several outputs are averaged, so that all are pre-trained.
   */
  output(parameters: Parameters, images: tf.Tensor4D, pass: Pass): tf.Tensor4D
}

/** Means over `grid` × `grid` equal cells of [n, side, side, channels]. */
function pool(x: tf.Tensor4D, grid: number): tf.Tensor4D {
  const cell = x.shape[1] / grid
  return tf.avgPool(x, cell, cell, 'valid')
}

/** Pixels of all views that pass through the network together outside training. */
const AT_A_TIME = 2 ** 16

function requireGrid(grid: number, side: number, of: string): void {
  if (side % grid === 0) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a grid that divides the ${side} pixels of ${of}, got ${grid}. Choose one of ${Array.from(
      { length: side },
      (_, i) => i + 1,
    )
      .filter(n => side % n === 0)
      .join(', ')}.`,
  )
}

export function makeStem(network: Network, networkConfig: unknown): Stem {
  const { channels, scale, multiple = 1 } = network.bottleneck(networkConfig)
  return {
    featureLength({ attach, grid }, side) {
      if (attach === 'output') return side * side
      if (attach === 'grid') {
        requireGrid(grid, side, 'the views')
        return grid * grid
      }
      requireGrid(grid, Math.floor((Math.ceil(side / multiple) * multiple) / scale), 'the bottleneck')
      return grid * grid * channels
    },
  }
}

export function makeTrunk(network: Network, networkConfig: unknown, kernels: Kernels): Trunk {
  const { layer } = network.bottleneck(networkConfig)

  const pass = (parameters: Parameters, image: tf.Tensor4D, by: Pass) =>
    network.outputs(kernels, networkConfig, parameters, { image }, by)

  /** The output's magnitudes [n, h, w, 1]. */
  const magnitudes = (parameters: Parameters, images: tf.Tensor4D, { set }: Pass): tf.Tensor4D =>
    meanOf(pass(parameters, images, { set }))

  function output(parameters: Parameters, images: tf.Tensor4D, { set }: Pass): tf.Tensor4D {
    if (network.takes === 'magnitude') return magnitudes(parameters, images, { set })
    let given: tf.Tensor4D | null = null
    const give: Pass['give'] = (what, value) => {
      if (what === 'complex image') given = value as tf.Tensor4D
    }
    pass(parameters, images, { set, give })
    return given!
  }

  function bottleneck(parameters: Parameters, images: tf.Tensor4D, { set }: Pass): tf.Tensor4D {
    let features: tf.Tensor4D | null = null
    const tap = (name: string, heard: tf.Tensor4D) => {
      if (name === layer) features = heard
    }
    pass(parameters, images, { set, tap })
    // Instance norm makes every channel's mean 0, so only averaged magnitudes carry information.
    return tf.abs(features!)
  }

  return {
    ...makeStem(network, networkConfig),
    features(attachment, parameters, views, by) {
      if (by.set) return features(attachment, parameters, views, by)
      return tf.tidy(() => {
        // Outside training, few views pass at a time, because the features of all layers need too much memory.
        const [count, height, width] = views.shape
        const together = Math.max(1, Math.floor(AT_A_TIME / (height * width)))
        const parts: tf.Tensor2D[] = []
        for (let from = 0; from < count; from += together) {
          const some = tf.slice(views, from, Math.min(together, count - from))
          parts.push(tf.tidy(() => features(attachment, parameters, some, by)))
        }
        return tf.concat2d(parts, 0)
      })
    },
    output,
  }

  function features({ attach, grid }: Attachment, parameters: Parameters, views: tf.Tensor4D, by: Pass) {
    const maps =
      attach === 'output'
        ? magnitudes(parameters, views, by)
        : pool((attach === 'grid' ? magnitudes : bottleneck)(parameters, views, by), grid)
    return tf.reshape(maps, [maps.shape[0], -1]) as tf.Tensor2D
  }
}
