import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LossWeights } from '../../../../src/contract/recipes.ts'
import { OptimizerConfig } from '../../../../src/contract/recipes.ts'
import { makeLoss } from '../../../../src/core/training/losses.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { startingState } from '../../../../src/core/training/stepper.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'
import { trainAsGraph, trainEagerly } from '../../engine/tensorflow/graph/steps.ts'

beforeAll(useEngine)

const vectors = golden('ssim_loss')

/** [batch, 1, height, width] → [batch, height, width, 1]. With one channel, both orders have equal bytes. */
function image(name: string): tf.Tensor4D {
  const { shape, data } = vectors.array(name)
  return tf.tensor4d(Float32Array.from(data), [shape[0], shape[2], shape[3], 1])
}

const ranges = () => tf.tensor1d(Float32Array.from(vectors.array('data_range').data))
const MIXTURES: LossWeights[] = [{ l1: 1 }, { l2: 1 }, { ssim: 1 }, { l1: 0.3, l2: 2, ssim: 0.5 }]

describe('the loss between images', () => {
  it('1 − SSIM and its gradient equal fastMRI’s, with a data range per sample', () => {
    const { ofTensors } = makeLoss({ ssim: 1 })
    const { value, grad } = tf.valueAndGrad(x => ofTensors(x as tf.Tensor4D, image('y'), ranges()))(image('x'))
    expect(Math.abs(value.dataSync()[0] - vectors.scalar('loss'))).toBeLessThan(1e-5)
    expectClose(grad.dataSync(), vectors.array('grad_x').data, 1e-4)
    const swapped = ofTensors(image('x'), image('y'), tf.reverse(ranges())).dataSync()[0]
    expect(Math.abs(swapped - vectors.scalar('loss'))).toBeGreaterThan(1e-3)
  })

  it.each(MIXTURES)('of %o of tensors is the mean of the plain losses of its slices', weights => {
    const { ofTensors, ofSlice } = makeLoss(weights)
    const [x, y] = [image('x'), image('y')]
    const [batch, height, width] = x.shape
    const slices = Array.from({ length: batch }, (_, i) => {
      const [output, target] = [x, y].map(each => tf.slice(each, i, 1).dataSync() as Float32Array)
      return ofSlice(output, target, [height, width], ranges().dataSync()[i])
    })
    const mean = slices.reduce((sum, loss) => sum + loss) / batch
    expect(Math.abs(ofTensors(x, y, ranges()).dataSync()[0] / mean - 1)).toBeLessThan(1e-5)
  })

  it.each(MIXTURES)('of %o has the gradient of its plain loss’s finite differences', weights => {
    const { ofTensors, ofSlice } = makeLoss(weights)
    const one = (tensor: tf.Tensor4D) => tf.slice(tensor, 0, 1) as tf.Tensor4D
    const [x, y, range] = [one(image('x')), one(image('y')), tf.slice(ranges(), 0, 1)]
    const [, height, width] = x.shape
    const [values, target, [maximum]] = [x.dataSync(), y.dataSync(), range.dataSync()] as Float32Array[]
    const grad = tf
      .grad(v => ofTensors(v as tf.Tensor4D, y, range))(x)
      .dataSync()
    const largest = Math.max(...grad.map(Math.abs))
    for (const pixel of [0, 30, 71, height * width - 1]) {
      const changed = (by: number) => {
        const copy = values.slice()
        copy[pixel] += by * maximum
        return { loss: ofSlice(copy, target, [height, width], maximum), at: copy[pixel] }
      }
      const [up, down] = [changed(1e-3), changed(-1e-3)]
      expect(Math.abs((up.loss - down.loss) / (up.at - down.at) - grad[pixel])).toBeLessThan(1e-3 * largest)
    }
  })

  it('of a slice of zeros is finite, with finite gradients', () => {
    const zeros = tf.zeros<tf.Rank.R4>([1, 9, 8, 1])
    for (const weights of MIXTURES) {
      const { ofTensors } = makeLoss(weights)
      const { value, grad } = tf.valueAndGrad(v => ofTensors(v as tf.Tensor4D, zeros, tf.tensor1d([2])))(zeros)
      expect(value.dataSync()[0]).toBeCloseTo(0, 6)
      expect(grad.dataSync().every(Number.isFinite)).toBe(true)
    }
  })

  it('a mixture is replayed with equal bits, and leaves no tensor behind', async () => {
    const { ofTensors } = makeLoss({ l1: 0.3, l2: 2, ssim: 0.5 })
    const optimizer = makeOptimizer(kernels(), OptimizerConfig.parse({ kind: 'adam' }))
    const step = makeStep(
      [
        { name: 'weights', kind: 'matrix', shape: [12, 10], fanIn: 1 },
        { name: 'offset', kind: 'vector', shape: [1], fanIn: 1 },
      ],
      ({ weights, offset }, { image, target, range }) =>
        ofTensors(
          tf.add(tf.mul(image, tf.reshape(weights, [1, 12, 10, 1])), offset) as tf.Tensor4D,
          target as tf.Tensor4D,
          range as tf.Tensor1D,
        ),
      optimizer,
    )
    const start = startingState(new Float32Array(121).fill(1), optimizer)
    const normal = (seed: number) => tf.randomNormal([2, 12, 10, 1], 0, 1, 'float32', seed)
    const feed = (step: number) => ({
      batch: { image: normal(step + 1), target: normal(step + 10), range: tf.tensor1d([2, 3 + step]) },
      scalars: optimizer.scalars(0.01, step + 1),
    })
    const eager = await trainEagerly(step, start, 3, feed)
    const before = tf.memory().numTensors
    expect(await trainAsGraph(step, start, 3, feed)).toEqual(eager)
    expect(tf.memory().numTensors).toBe(before)
  })
})
