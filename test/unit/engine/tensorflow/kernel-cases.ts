/** The engine’s kernels against their definition, whoever computes them: our own operations, or TensorFlow’s. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Kernels, LEAKY_SLOPE, makePlainKernels } from '../../../../src/core/kernels.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'

const ops = golden('ops')
const plain = makePlainKernels()

/** [n, c, h, w] → [n, h, w, c] */
const channelsLast = (name: string) => {
  const { shape, data } = ops.array(name)
  return tf.transpose(tf.tensor4d(Float32Array.from(data), shape as [number, number, number, number]), [0, 2, 3, 1])
}

/** The kernels as functions of one map. */
const unary = ({ batchNormRelu, biasRelu, ...others }: Kernels) => ({
  ...others,
  biasRelu: (x: tf.Tensor4D) => biasRelu(x, tf.fill([x.shape[3]], -0.5)),
  batchNormRelu: (x: tf.Tensor4D) => batchNormRelu(x, tf.ones([x.shape[3]]), tf.zeros([x.shape[3]])).activated,
})

/** A convolution by its definition: a sum of shifted maps times the filter's matrices. */
function convolve(maps: readonly tf.Tensor4D[], filter: tf.Tensor4D): tf.Tensor4D {
  const x = tf.concat([...maps], 3)
  const [size, , from, to] = filter.shape
  const [batch, rows, columns] = x.shape
  const padded = tf.pad(x, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ])
  const parts = Array.from({ length: size * size }, (_, k) => {
    const [i, j] = [Math.floor(k / size), k % size]
    const shifted = tf.reshape(tf.slice(padded, [0, i, j, 0], [batch, rows, columns, from]), [-1, from])
    return tf.matMul(shifted as tf.Tensor2D, tf.reshape(tf.slice(filter, [i, j, 0, 0], [1, 1, from, to]), [from, to]))
  })
  return tf.reshape(tf.addN(parts), [batch, rows, columns, to])
}

/** A transposed convolution by its definition: each pixel times the filter's matrices gives four pixels. */
function convolveTransposed(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const [batch, rows, columns, from] = x.shape
  const to = filter.shape[2]
  const matrix = tf.reshape(tf.transpose(filter, [3, 0, 1, 2]), [from, 4 * to])
  const products = tf.reshape(tf.matMul(tf.reshape(x, [-1, from]), matrix), [batch * rows, columns, 2, 2, to])
  return tf.reshape(tf.transpose(products, [0, 2, 1, 3, 4]), [batch, 2 * rows, 2 * columns, to])
}

/** The values and all gradients of a function, weighted. */
export function valueAndGradients(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): tf.Tensor[] {
  const value = f(...inputs)
  const weights = tf.randomNormal(value.shape, 0, 1, 'float32', 9)
  return [value, ...tf.grads((...given) => tf.sum(tf.mul(f(...given), weights)))(inputs)]
}

/** Call this in a test file of its own, because a process loads the engine once. */
export function testKernels(): void {
  beforeAll(useEngine)

  describe('convolutions', () => {
    const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed)

    it.each([
      { size: [1, 33, 29], from: [16], to: 16 },
      { size: [2, 9, 7], from: [3], to: 5 },
      { size: [1, 40, 36], from: [1], to: 16 },
      { size: [1, 24, 20], from: [32, 16], to: 32 },
      { size: [2, 6, 5], from: [5, 7, 4], to: 9 },
      { size: [1, 10, 10], from: [256, 256], to: 256 },
    ])('of $size pixels, $from → $to channels, and its gradients equal the definition’s', ({ size, from, to }) => {
      const maps = from.map((channels, i) => normal([...size, channels], i))
      const inputs = [...maps, normal([3, 3, from.reduce((a, b) => a + b), to], 8)]
      const results = [kernels().convolve, convolve].map(f =>
        valueAndGradients((...given) => f(given.slice(0, -1) as tf.Tensor4D[], given.at(-1) as tf.Tensor4D), inputs),
      )
      for (const [i, expected] of results[1].entries()) {
        expect(results[0][i].shape).toEqual(expected.shape)
        expectClose(results[0][i].dataSync(), expected.dataSync(), 3e-5)
      }
    })

    it.each([
      { size: [1, 30, 23], from: 32, to: 1 },
      { size: [2, 5, 7], from: 3, to: 4 },
    ])('1 × 1, of $size pixels, $from → $to channels, equal the plain operations’', ({ size, from, to }) => {
      const inputs = [normal([...size, from], 1), normal([1, 1, from, to], 2), normal([to], 3)]
      const [found, expected] = [kernels(), plain].map(({ convolvePixels }) =>
        valueAndGradients(
          (x, filter, bias) => convolvePixels(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D),
          inputs,
        ),
      )
      for (const [i, tensor] of expected.entries()) {
        expect(found[i].shape).toEqual(tensor.shape)
        expectClose(found[i].dataSync(), tensor.dataSync(), 1e-5)
      }
    })

    it.each([
      { size: [1, 15, 12], from: 32, to: 16 },
      { size: [2, 5, 7], from: 3, to: 4 },
    ])('transposed, of $size pixels, $from → $to channels, equal the definition', ({ size, from, to }) => {
      const inputs = [normal([...size, from], 1), normal([2, 2, to, from], 2)]
      const results = [kernels().convolveTransposed, convolveTransposed].map(f =>
        valueAndGradients((x, filter) => f(x as tf.Tensor4D, filter as tf.Tensor4D), inputs),
      )
      for (const [i, expected] of results[1].entries()) expectClose(results[0][i].dataSync(), expected.dataSync(), 1e-5)
    })
  })

  describe('fused kernels', () => {
    it.each([
      ['normLeakyRelu', 'instance_norm.y', LEAKY_SLOPE],
      ['batchNormRelu', 'batch_norm_train.y', 0],
    ] as const)('%s equals PyTorch’s norm, then rectified, batch 2', (kernel, expected, slope) => {
      const rectified = tf.leakyRelu(channelsLast(expected), slope)
      expectClose(unary(kernels())[kernel](channelsLast('x')).dataSync(), rectified.dataSync(), 1e-5)
    })

    it.each(['normLeakyRelu', 'batchNormRelu', 'biasRelu'] as const)(
      '%s and its gradient equal the plain operations’, batch 1 to 3',
      kernel => {
        for (const batch of [1, 2, 3]) {
          const x = tf.randomNormal<tf.Rank.R4>([batch, 9, 7, 5], 1, 2, 'float32', 1)
          const weights = tf.randomNormal([batch, 9, 7, 5], 0, 1, 'float32', 2)
          const scored = (f: (x: tf.Tensor4D) => tf.Tensor) =>
            tf.valueAndGrad(v => tf.sum(tf.mul(f(v as tf.Tensor4D), weights)))(x)
          const [native, defined] = [unary(kernels())[kernel], unary(plain)[kernel]]
          const fused = scored(native)
          const reference = scored(defined)
          expectClose(native(x).dataSync(), defined(x).dataSync(), 1e-5)
          expectClose(fused.grad.dataSync(), reference.grad.dataSync(), 1e-4)
          expect(fused.grad.dataSync().some(v => v !== 0)).toBe(true)
        }
      },
    )

    it('normLeakyRelu of large samples, each separately, equals the plain operations’', () => {
      const x = tf.randomNormal<tf.Rank.R4>([2, 130, 127, 16], 1, 2, 'float32', 1)
      const weights = tf.randomNormal([2, 130, 127, 16], 0, 1, 'float32', 2)
      const [fused, reference] = [kernels(), plain].map(({ normLeakyRelu }) =>
        tf.valueAndGrad(v => tf.sum(tf.mul(normLeakyRelu(v as tf.Tensor4D), weights)))(x),
      )
      expectClose(kernels().normLeakyRelu(x).dataSync(), plain.normLeakyRelu(x).dataSync(), 1e-5)
      expectClose(fused.grad.dataSync(), reference.grad.dataSync(), 1e-4)
    })

    it('batchNormRelu, its statistics, and its gradient by scale and offset equal the plain operations’', () => {
      for (const batch of [1, 3]) {
        const x = tf.randomNormal<tf.Rank.R4>([batch, 9, 7, 5], 1, 2, 'float32', 1)
        const weights = tf.randomNormal([batch, 9, 7, 5], 0, 1, 'float32', 2)
        const [scale, offset] = [3, 4].map(seed => tf.randomNormal<tf.Rank.R1>([5], 1, 1, 'float32', seed))
        const [fused, reference] = [kernels(), plain].map(({ batchNormRelu }) => ({
          ...batchNormRelu(x, scale, offset),
          ...tf.valueAndGrads((x, scale, offset) =>
            tf.sum(
              tf.mul(batchNormRelu(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D).activated, weights),
            ),
          )([x, scale, offset]),
        }))
        for (const part of ['activated', 'mean', 'variance'] as const)
          expectClose(fused[part].dataSync(), reference[part].dataSync(), 1e-5)
        for (const [i, gradient] of reference.grads.entries())
          expectClose(fused.grads[i].dataSync(), gradient.dataSync(), 1e-4)
      }
    })

    it('biasRelu and its gradient by both inputs equal the plain operations’, of many pixels', () => {
      const inputs = [tf.randomNormal([2, 40, 31, 17], 0, 1, 'float32', 1), tf.randomNormal([17], 0, 1, 'float32', 2)]
      const [found, expected] = [kernels(), plain].map(({ biasRelu }) =>
        valueAndGradients((x, bias) => biasRelu(x as tf.Tensor4D, bias as tf.Tensor1D), inputs),
      )
      for (const [i, tensor] of expected.entries()) expectClose(found[i].dataSync(), tensor.dataSync(), 1e-5)
    })

    it('batchNormRelu of one pixel is its offset, rectified, with a variance of 0', () => {
      const offset = tf.tensor1d([3, -4])
      for (const { batchNormRelu } of [kernels(), plain]) {
        const { activated, variance } = batchNormRelu(tf.ones([1, 1, 1, 2]), tf.tensor1d([5, 6]), offset)
        expect([...activated.dataSync()].map(Math.abs)).toEqual([3, 0])
        expect([...variance.dataSync()]).toEqual([0, 0])
      }
    })

    it('leave no tensor behind', () => {
      const run = () =>
        tf.tidy(() => {
          tf.grad(v => tf.sum(tf.square(kernels().normLeakyRelu(v as tf.Tensor4D))))(tf.ones([2, 8, 8, 3])).dataSync()
          tf.grad(v => tf.sum(unary(kernels()).batchNormRelu(unary(kernels()).biasRelu(v as tf.Tensor4D))))(
            tf.ones([2, 8, 8, 3]),
          )
          valueAndGradients(
            (x, w) => kernels().convolve([x as tf.Tensor4D], w as tf.Tensor4D),
            [tf.ones([1, 9, 9, 4]), tf.ones([3, 3, 4, 4])],
          )
          tf.grad(v => tf.sum(tf.square(kernels().fourier(v as tf.Tensor4D, 'forward'))))(tf.ones([2, 6, 5, 2]))
        })
      run() // The first run makes constants that the kernels keep.
      const before = tf.memory().numTensors
      run()
      expect(tf.memory().numTensors).toBe(before)
    })
  })

  describe('a vector’s parts', () => {
    it('and the gradient through them equal those of a copy, with aligned and unaligned memory', () => {
      const sizes = [32, 1, 15, 48, 7, 20]
      const x = tf.randomNormal<tf.Rank.R1>([123], 0, 1, 'float32', 1)
      const values = x.dataSync()
      let from = 0
      for (const [i, part] of tf.split<tf.Tensor1D>(x, sizes).entries()) {
        expect(part.shape).toEqual([sizes[i]])
        expect([...part.dataSync()]).toEqual([...values.subarray(from, from + sizes[i])])
        from += sizes[i]
      }
      const squares = (v: tf.Tensor) => tf.addN(tf.split(v, sizes).map(part => tf.sum(tf.square(part)))) as tf.Scalar
      expect([...tf.grad(squares)(x).dataSync()]).toEqual([...tf.mul(x, 2).dataSync()])
      expect(tf.split(x, 3).map(({ shape }) => shape)).toEqual([[41], [41], [41]])
    })

    it('do not change when another part is written', () => {
      const x = tf.tensor1d(Array.from({ length: 32 }, (_, i) => i))
      const [first, second] = tf.split(tf.add(x, 0), 2)
      const changed = tf.add(first, 1)
      expect([...first.dataSync()]).toEqual([...x.dataSync().subarray(0, 16)])
      expect([...second.dataSync()]).toEqual([...x.dataSync().subarray(16)])
      expect(changed.dataSync()[15]).toBe(16)
    })
  })
}
