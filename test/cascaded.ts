/** A small network of measured k-space that gives everything, for tests of panes. */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Given } from '../src/contract/networks.ts'
import { type Model, makeModel } from '../src/core/models/model.ts'
import type { Network } from '../src/core/models/network.ts'
import { unet } from '../src/core/models/unet.ts'

const CascadedConfig = z.object({ cascades: z.int(), gives: z.array(Given) })
type CascadedConfig = z.infer<typeof CascadedConfig>

/**
 * Each cascade adds `gain` to every number of k-space. Its images are sums of k-space's squares, not transforms: they
 * are told apart by their numbers. Coil c has the constant map (c + 1) · (1 + i).
 */
export const cascaded = (takes: Network['takes']): Network<CascadedConfig> => ({
  ...(unet as unknown as Network<CascadedConfig>),
  label: 'Cascaded',
  config: CascadedConfig,
  takes,
  gives: ({ gives }) => gives,
  cascades: ({ cascades }) => cascades,
  parameters: () => [{ name: 'gain', kind: 'vector', shape: [1], fanIn: 1 }],
  layers: () => ['sum'],
  outputs(_, { cascades, gives }, { gain }, { kspace, image }, pass = {}) {
    const give = (what: Given, value: tf.Tensor) => {
      if (gives.includes(what)) pass.give?.(what, value)
    }
    const start = kspace ?? tf.expandDims(image, 1)
    const coils = start.shape[1]!
    let present = start
    let sum = tf.zerosLike(tf.sum(start, [1, 4])) as tf.Tensor
    for (let t = 0; t < cascades; t++) {
      ;[present, sum] = tf.tidy(() => {
        const after = tf.add(present, gain)
        const squares = tf.sum(tf.square(after), [1, 4])
        // Within a tidy, as in a network's cascade.
        give('cascade', tf.expandDims(squares, -1))
        pass.tap?.('sum', tf.expandDims(squares, -1) as tf.Tensor4D)
        return [after, squares]
      })
    }
    give('k-space', present)
    give('complex image', tf.sum(present, 1))
    const map = tf.reshape(tf.range(1, coils + 1, 1), [1, coils, 1, 1, 1])
    give('maps', tf.add(tf.zerosLike(start), map))
    return [tf.expandDims(sum, -1) as tf.Tensor4D]
  },
})

export const GAIN = 0.25

export const cascadedModel = (config: CascadedConfig, takes: Network['takes'] = 'kspace'): Model =>
  makeModel(cascaded(takes) as Network, config, Float32Array.of(GAIN))
