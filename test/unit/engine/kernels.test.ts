import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { kernels, plain } from '../../../src/core/kernels.ts'
import { useEngine } from '../../engine.ts'
import { expectClose, golden } from '../../golden.ts'

beforeAll(useEngine)

const ops = golden('ops')

/** [n, c, h, w] → [n, h, w, c] */
const channelsLast = (name: string) => {
  const { shape, data } = ops.array(name)
  return tf.transpose(tf.tensor4d(Float32Array.from(data), shape as [number, number, number, number]), [0, 2, 3, 1])
}

describe('fused kernels', () => {
  it.each([
    ['instanceNorm', 'instance_norm.y'],
    ['leakyRelu', 'leaky_relu_0.2.y'],
  ] as const)('%s equals PyTorch’s, batch 2', (kernel, expected) => {
    expectClose(kernels()[kernel](channelsLast('x')).dataSync(), channelsLast(expected).dataSync(), 1e-5)
  })

  it.each(['instanceNorm', 'leakyRelu'] as const)(
    '%s and its gradient equal the plain operations’, batch 1 to 3',
    kernel => {
      for (const batch of [1, 2, 3]) {
        const x = tf.randomNormal<tf.Rank.R4>([batch, 9, 7, 5], 1, 2, 'float32', 1)
        const weights = tf.randomNormal([batch, 9, 7, 5], 0, 1, 'float32', 2)
        const scored = (f: (x: tf.Tensor4D) => tf.Tensor) =>
          tf.valueAndGrad(v => tf.sum(tf.mul(f(v as tf.Tensor4D), weights)))(x)
        const fused = scored(kernels()[kernel])
        const reference = scored(plain[kernel])
        expectClose(kernels()[kernel](x).dataSync(), plain[kernel](x).dataSync(), 1e-5)
        expectClose(fused.grad.dataSync(), reference.grad.dataSync(), 1e-4)
        expect(fused.grad.dataSync().some(v => v !== 0)).toBe(true)
      }
    },
  )

  it('leave no tensor behind', () => {
    const run = () =>
      tf.tidy(() => {
        tf.grad(v => tf.sum(tf.square(kernels().leakyRelu(kernels().instanceNorm(v as tf.Tensor4D)))))(
          tf.ones([2, 8, 8, 3]),
        ).dataSync()
        kernels()
          .inverseDft(tf.ones([6, 5, 2]))
          .dataSync()
      })
    run() // makes the kept constants
    const before = tf.memory().numTensors
    run()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('inverse DFT', () => {
  it.each([
    [3, 16],
    [4, 15],
    [1, 372],
    [5, 1],
  ])('of %d lines of %d samples equals its definition, fused and plain', (lines, samples) => {
    const x = tf.randomNormal<tf.Rank.R3>([lines, samples, 2], 0, 1, 'float32', 1)
    const values = x.dataSync()
    const expected = new Float64Array(values.length)
    for (let line = 0; line < lines; line++) {
      for (let n = 0; n < samples; n++) {
        for (let k = 0; k < samples; k++) {
          const [re, im] = values.subarray(2 * (line * samples + k))
          const angle = (2 * Math.PI * ((k * n) % samples)) / samples
          expected[2 * (line * samples + n)] += (re * Math.cos(angle) - im * Math.sin(angle)) / samples
          expected[2 * (line * samples + n) + 1] += (re * Math.sin(angle) + im * Math.cos(angle)) / samples
        }
      }
    }
    expectClose(kernels().inverseDft(x).dataSync(), expected, 1e-5)
    expectClose(plain.inverseDft(x).dataSync(), expected, 1e-5)
  })
})
