/** Feature maps: the output of a network's layer for one image, as in the original work's Figure 3c. */
import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '../../contract/errors.ts'
import type { FeatureMeta } from '../../contract/images.ts'
import { extremes } from '../extremes.ts'
import type { Kernels } from '../kernels.ts'
import type { Model } from '../models/model.ts'
import { unpack } from '../models/parameters.ts'
import { type PlainBatch, stackParts, tensorsOf } from '../models/parts.ts'
import { read } from '../read.ts'

export interface Features {
  /** [count, height, width]: maps of the layer, one after another. */
  readonly maps: Float32Array
  readonly meta: FeatureMeta
}

/**
 * Feature maps of a slice's input: at most `most` maps, from channel `first` on.
 * Throws `INVALID_ARGUMENT` if the layer or the channel does not exist.
 */
export async function featureMaps(
  kernels: Kernels,
  { network, config, specs, parameters }: Model,
  {
    parts,
    layer,
    first = 0,
    most,
  }: {
    readonly parts: PlainBatch
    readonly layer: string
    readonly first?: number
    readonly most: number
  },
): Promise<Features> {
  const layers = network.layers(config)
  if (!layers.includes(layer))
    throw new AppError('INVALID_ARGUMENT', `Expected a layer of ${network.label} (${layers.join(', ')}), got ${layer}`)
  let channels = 0
  let size: readonly number[] = []
  // A network may tap within a tidy of its own, and a layer that several cascades share more than once.
  let kept: tf.Tensor3D | null = null
  const make = () => {
    const tap = (name: string, features: tf.Tensor4D) => {
      if (name !== layer) return
      const [, height, width, all] = features.shape
      channels = all
      if (first >= channels)
        throw new AppError(
          'INVALID_ARGUMENT',
          `Expected a channel from 0 to ${channels - 1} of ${layer}, got ${first}. Choose one of these.`,
        )
      const count = Math.min(most, channels - first)
      size = [count, height, width]
      kept?.dispose()
      kept = tf.keep(
        tf.transpose(
          tf.reshape(tf.slice(features, [0, 0, 0, first], [1, height, width, count]), [height, width, count]),
          [2, 0, 1],
        ),
      )
    }
    network.outputs(kernels, config, unpack(parameters, specs), tensorsOf(stackParts([parts])), { tap })
    return tf.clone(kept!)
  }
  const values = await read(make).finally(() => kept?.dispose())
  const [count, height, width] = size
  return {
    maps: values,
    meta: { shape: [height, width], count, channels, ...extremes(values, 'features that are finite numbers') },
  }
}
