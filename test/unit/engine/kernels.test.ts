import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { kernels, plain } from '../../../src/core/kernels.ts'
import { fft2c, ifft2c } from '../../../src/core/mri/fft.ts'
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
        ifft2c(tf.ones([6, 5, 2])).dataSync()
      })
    run() // makes the kept constants
    const before = tf.memory().numTensors
    run()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('centred Fourier transform', () => {
  const vectors = golden('fft')
  it.each(['16x12', '15x11', '7x10', '5x372'])('equals NumPy’s on %s, fused and plain', name => {
    const { shape, data } = vectors.array(`${name}.x`)
    const x = tf.tensor3d(Float32Array.from(data), shape as [number, number, number])
    expectClose(fft2c(x).dataSync(), vectors.array(`${name}.fft`).data, 1e-5)
    expectClose(ifft2c(x).dataSync(), vectors.array(`${name}.ifft`).data, 1e-5)
    expectClose(plain.centredDft(x, false).dataSync(), vectors.array(`${name}.fft`).data, 1e-5)
    expectClose(plain.centredDft(x, true).dataSync(), vectors.array(`${name}.ifft`).data, 1e-5)
  })
})
