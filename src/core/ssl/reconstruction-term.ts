/**
 * A reconstruction term beside a method's own loss: sub-sampling the measurement again, L1 on a random square, times a weight. It keeps the
 * output image an image while the method's loss shapes what it shows.
 */
import * as tf from '@tensorflow/tfjs-core'
import { randomBox, resizeBox } from './augment/resized-crop.ts'
import type { Part, Sample, SslMethod } from './method.ts'
import { inputAndTarget } from './subsample-again.ts'

/** Apart from the streams of the method's own views. */
const OWN_VIEW = 1000

function termParts(sample: Sample, side: number | null): Part[] {
  const images = [sample.again(OWN_VIEW), sample.measured()] as const
  if (side === null) return inputAndTarget(...images, sample.shape)
  const box = randomBox(sample.shape, 0.5, sample.random(OWN_VIEW))
  const [again, measured] = images.map(image => resizeBox(image, sample.shape, box, side))
  return inputAndTarget(again, measured, [side, side])
}

/** Its parts come first in a batch. */
export function withReconstruction(method: SslMethod, weight: number): SslMethod {
  const own = 2
  return {
    ...method,
    parts: (config, sample) => [...termParts(sample, method.smallestView(config)), ...method.parts(config, sample)],
    loss(config, trunk, parameters, batch, pass) {
      const [input, target] = batch
      const term = tf.mean(tf.abs(tf.sub(trunk.output(parameters, input as tf.Tensor4D, pass), target)))
      const loss = method.loss(config, trunk, parameters, batch.slice(own), pass)
      pass.own?.(loss) // what its chance level is of
      return tf.add(loss, tf.mul(term, weight))
    },
    judge: (config, trunk, parameters, batch) => method.judge(config, trunk, parameters, batch.slice(own)),
  }
}
