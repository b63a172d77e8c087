import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { difference, native } from './graph/steps.ts'

beforeAll(useEngine)

const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number) =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed)

const valuesOf = (tensor: tf.Tensor) => tensor.dataSync().slice() as Float32Array

/** The nearest number of 8 bits of precision, ties to even. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer)
  return new Float32Array(bits.map(each => (each + 0x7fff + ((each >>> 16) & 1)) & 0xffff0000).buffer)
}

const isBfloat16 = (values: Float32Array) => new Uint32Array(values.buffer).every(bits => (bits & 0xffff) === 0)

/** A convolution, and its gradients with respect to map and filter. */
function results(shape: readonly number[], to: number): Float32Array[] {
  return tf.tidy(() => {
    const x = normal<tf.Rank.R4>([...shape] as [number, number, number, number], 1)
    const w = normal<tf.Rank.R4>([3, 3, shape[3], to], 2)
    const weights = normal<tf.Rank.R4>([shape[0], shape[1], shape[2], to], 3)
    const convolve = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')
    const gradients = tf.grads((x, w) => tf.sum(tf.mul(convolve(x, w), weights)))([x, w])
    return [convolve(x, w), ...gradients].map(valuesOf)
  })
}

describe('a convolution in bfloat16', () => {
  it.each([
    { x: [1, 20, 18, 16], to: 24 },
    { x: [2, 44, 40, 32], to: 16 },
    { x: [1, 40, 40, 128], to: 128 },
  ])('rounds what it takes and gives, $x to $to, and only there', ({ x, to }) => {
    const exact = results(x, to)
    const reduced = kernels().inBfloat16(() => results(x, to))
    for (const [i, values] of reduced.entries()) {
      // Inputs and result are each rounded to 8 bits, with an error of half a unit in the last bit. The limit for
      // gradients is wider, because TensorFlow's CPU kernels also sum the parts of a gradient in bfloat16.
      expect(difference(values, exact[i])).toBeLessThan(i === 0 ? 2 ** -8 : 2 ** -5)
      expect(difference(values, exact[i])).toBeGreaterThan(2 ** -10)
      expect(isBfloat16(values)).toBe(true)
    }
    expect(results(x, to)).toEqual(exact)
  })

  it('computes in float32 with an image of one channel, and rounds only maps', () => {
    const shape = [1, 20, 18]
    const [first, last] = [results([...shape, 1], 16), results([...shape, 16], 1)]
    const reduced = kernels().inBfloat16(() => [results([...shape, 1], 16), results([...shape, 16], 1)])
    // The output of the first convolution and the gradient of the last convolution's input have 16 channels.
    expectClose(reduced[0][0], rounded(first[0]), 2 ** -8)
    expect(isBfloat16(reduced[0][0])).toBe(true)
    for (const i of [1, 2]) expectClose(reduced[0][i], first[i], 1e-5)
    for (const i of [0, 2]) expectClose(reduced[1][i], last[i], 1e-5)
    expectClose(reduced[1][1], rounded(last[1]), 2 ** -8)
    expect(isBfloat16(reduced[1][1])).toBe(true)
  })

  it('ends after a failed computation', () => {
    const exact = results([1, 20, 18, 16], 16)
    const before = native()
    const fail = () =>
      tf.tidy(() => {
        tf.conv2d(normal<tf.Rank.R4>([1, 8, 8, 8], 1), normal<tf.Rank.R4>([3, 3, 8, 8], 2), 1, 'same')
        throw new Error('as planned')
      })
    expect(() => kernels().inBfloat16(fail)).toThrow('as planned')
    expect(native()).toEqual(before)
    expect(results([1, 20, 18, 16], 16)).toEqual(exact)
  })

  it('leaks no tensor', () => {
    results([1, 20, 18, 16], 16)
    const before = native()
    kernels().inBfloat16(() => results([1, 20, 18, 16], 16))
    expect(native()).toEqual(before)
  })
})

describe('a map in bfloat16', () => {
  const convolved = () =>
    tf.tidy(() => tf.conv2d(normal<tf.Rank.R4>([2, 9, 8, 8], 1), normal<tf.Rank.R4>([3, 3, 8, 16], 2), 1, 'same'))

  const SHAPE: [number, number, number, number] = [2, 9, 8, 16]
  const operations: [string, (x: tf.Tensor4D) => tf.Tensor][] = [
    ['instance norm and rectifier', x => kernels().normLeakyRelu(x)],
    ['batch norm and rectifier', x => kernels().batchNormRelu(x, tf.ones([16]), tf.zeros([16])).activated],
    ['rectifier', x => kernels().biasRelu(x, tf.zeros([x.shape[3]]))],
    ['average pooling', x => tf.avgPool(x, 2, 2, 'valid')],
    ['max pooling', x => tf.maxPool(x, 2, 2, 'valid')],
    ['concatenation with a slice', x => tf.concat([x, tf.slice(x, [0, 7, 0, 0], [2, 1, 8, 16])], 1)],
    ['sum of several maps', x => tf.addN([x, x, tf.neg(x)])],
    ['bilinear resizing', x => tf.image.resizeBilinear(x, [18, 16], true)],
    ['transposed convolution', x => kernels().convolveTransposed(x, normal([2, 2, 8, 16], 3))],
  ]

  it.each(operations)('has nearly the float32 result and gradient: %s', (_, operation) => {
    const x = tf.tensor(rounded(valuesOf(normal(SHAPE, 1))), SHAPE)
    const unchanging = tf.reshape(tf.eye(16), [1, 1, 16, 16]) as tf.Tensor4D // as a filter, it makes x a map
    const run = () =>
      tf.tidy(() => {
        const { value, grad } = tf.valueAndGrad(v => {
          const y = operation(tf.conv2d(v as tf.Tensor4D, unchanging, 1, 'same'))
          return tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)))
        })(x)
        return [operation(tf.conv2d(x as tf.Tensor4D, unchanging, 1, 'same')), grad, value].map(valuesOf)
      })
    const exact = run()
    const reduced = kernels().inBfloat16(run)
    for (const i of [0, 1]) {
      expectClose(reduced[i], exact[i], 2 ** -6)
      expect(isBfloat16(reduced[i])).toBe(true)
      expect(exact[i].some(value => value !== 0)).toBe(true)
    }
  })

  it('is float32 for operations of other kinds', () => {
    kernels().inBfloat16(() =>
      tf.tidy(() => {
        const map = convolved()
        const exact = tf.tensor(valuesOf(map), map.shape)
        expect(valuesOf(tf.mean(map))).toEqual(valuesOf(tf.mean(exact)))
        expect(valuesOf(tf.mul(map, 1.001))).toEqual(valuesOf(tf.mul(exact, 1.001)))
        expect(isBfloat16(valuesOf(tf.mul(map, 1.001)))).toBe(false)
      }),
    )
  })

  it('is float32 after the work, in the returned tensor and in its clones', () => {
    const before = native()
    const inside: Float32Array[] = []
    const [map, clone] = kernels().inBfloat16(() => {
      const map = convolved()
      inside.push(valuesOf(map))
      return [map, tf.clone(map)]
    })
    expect(isBfloat16(inside[0])).toBe(true)
    expect(valuesOf(map)).toEqual(inside[0])
    const sum = tf.add(map, clone)
    expect(valuesOf(sum)).toEqual(inside[0].map(value => 2 * value))
    tf.dispose([map, clone, sum])
    expect(native()).toEqual(before)
  })
})
