import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { ntXent, retrievalAccuracy } from '../../../../src/core/ssl/nt-xent.ts'
import { useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'

beforeAll(useEngine)

const vectors = golden('simclr')
const embeddings = () => tf.tensor2d(Float32Array.from(vectors.array('embeddings').data), [10, 8])

describe('NT-Xent', () => {
  it.each([0.1, 0.5])('equals VISSL’s loss and gradient at temperature %f', temperature => {
    const { value, grad } = tf.valueAndGrad(z => ntXent(z as tf.Tensor2D, temperature))(embeddings())
    expect(Math.abs(value.dataSync()[0] / vectors.scalar(`T${temperature}.loss`) - 1)).toBeLessThan(1e-5)
    expectClose(grad.dataSync(), vectors.array(`T${temperature}.grad`).data, 1e-4)
  })

  it('of equal embeddings is the chance level, ln(2N − 1)', () => {
    expect(ntXent(tf.ones([10, 8]), 0.1).dataSync()[0]).toBeCloseTo(vectors.scalar('chance_level_ln_2N_minus_1'), 5)
  })

  it('counts how many anchors find their other view', async () => {
    const first = tf.eye(4)
    expect(await retrievalAccuracy(tf.concat([first, first]) as tf.Tensor2D)).toBe(1)
    expect(await retrievalAccuracy(tf.concat([first, tf.reverse(first, 0)]) as tf.Tensor2D)).toBe(0)
  })
})
