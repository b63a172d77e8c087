import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { frugalValueAndGrad } from '../../../../src/core/training/frugal.ts'
import { useEngine } from '../../../engine.ts'

beforeAll(useEngine)

/** The identity, whose gradient passes the incoming tensor on. `atTheEnd` is called when the gradient is computed. */
const through = (x: tf.Tensor, atTheEnd = () => {}) =>
  tf.customGrad(x => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: dy => {
      atTheEnd()
      return dy as tf.Tensor
    },
  }))(x)

/** A chain of sines, with a branch that uses the input and the result. */
function deep(x: tf.Tensor, atTheEnd?: () => void): tf.Scalar {
  let y = through(x, atTheEnd)
  for (let i = 0; i < 20; i++) y = tf.sin(through(y))
  const [a, b] = tf.split(tf.mul(y, x), 2)
  return tf.sum(tf.add(tf.mul(a, b), tf.square(tf.sub(a, tf.slice(y, 0, 3))))) as tf.Scalar
}

describe('frugalValueAndGrad', () => {
  const x = () => tf.tensor1d([0.3, -1.2, 2.2, 0.7, 1.4, -0.2])

  it('gives the result of tf.valueAndGrad to the last bit', () => {
    const [found, expected] = [frugalValueAndGrad(deep), tf.valueAndGrad(deep)].map(of => of(x()))
    expect(found.value.dataSync()).toEqual(expected.value.dataSync())
    expect(found.grad.dataSync()).toEqual(expected.grad.dataSync())
    expect(found.grad.dataSync().every(slope => Number.isFinite(slope) && slope !== 0)).toBe(true)
  })

  it('holds fewer tensors at the end of the gradient, and none afterwards', () => {
    const held = [frugalValueAndGrad, tf.valueAndGrad].map(differentiate => {
      let most = 0
      const input = x()
      const before = tf.memory().numTensors
      const { value, grad } = differentiate(x => deep(x, () => (most = tf.memory().numTensors - before)))(input)
      tf.dispose([value, grad])
      expect(tf.memory().numTensors).toBe(before)
      return most
    })
    expect(held[0]).toBeGreaterThan(0)
    expect(held[0]).toBeLessThan(held[1] / 4)
  })
})
