/**
 * A reconstruction term beside any method's loss. The measured lines are sub-sampled again, and the network learns the
 * image of all measured lines. total = method's loss + weight · mean |output − target|, on a random square.
 * With this term the output stays an image.
 */
import * as tf from '@tensorflow/tfjs-core'
import { randomBox, resizeBox } from './augment/resized-crop.ts'
import { planewise } from './image.ts'
import type { Sample, SslMethod } from './method.ts'
import { inputAndTarget } from './subsample-again.ts'

/** A view number that no method uses, so the term has random streams of its own. */
const OWN_VIEW = 1000

function termParts(sample: Sample, side: number | null): ReturnType<typeof inputAndTarget> {
  const images = [sample.again(OWN_VIEW), sample.measured()] as const
  if (side === null) return inputAndTarget(...images)
  const { shape } = images[0]
  const box = randomBox(shape, 0.5, sample.random(OWN_VIEW))
  const [again, measured] = images.map(image =>
    planewise(image, [side, side], plane => resizeBox(plane, shape, box, side)),
  )
  return inputAndTarget(again, measured)
}

export function withReconstruction(method: SslMethod, weight: number): SslMethod {
  return {
    ...method,
    parts(config, sample) {
      const { input, target } = termParts(sample, method.smallestView(config))
      return { termInput: input, termTarget: target, ...method.parts(config, sample) }
    },
    loss(config, trunk, parameters, batch, pass) {
      const { termInput, termTarget } = batch
      const term = tf.mean(tf.abs(tf.sub(trunk.output(parameters, termInput as tf.Tensor4D, pass), termTarget)))
      const loss = method.loss(config, trunk, parameters, batch, pass)
      pass.own?.(loss) // the chance level belongs to the method's loss alone
      return tf.add(loss, tf.mul(term, weight))
    },
  }
}
