/**
 * Tests the convolution kernels that Self-MRI chooses for one kind of processor, on this machine. Other operations use
 * TensorFlow's kernels. Replaced kernels stay replaced in a process, so each kind of processor has its own test file.
 */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { NativeBackend } from '../../../../src/engine/tensorflow/kernels.ts'
import { useOneDnn, type Ways } from '../../../../src/engine/tensorflow/onednn.ts'
import { useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'

export const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number) =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed)

/** Convolution by its definition, 'same' and stride 1: a sum of shifted maps times the filter's matrices. */
function convolve(x: tf.Tensor4D, w: tf.Tensor4D): tf.Tensor {
  const [size, , from, to] = w.shape
  const [batch, rows, columns] = x.shape
  const border: [number, number] = [size >> 1, size >> 1]
  const padded = tf.pad(x, [[0, 0], border, border, [0, 0]])
  const parts = Array.from({ length: size * size }, (_, k) => {
    const [i, j] = [Math.floor(k / size), k % size]
    const shifted = tf.reshape(tf.slice(padded, [0, i, j, 0], [batch, rows, columns, from]), [-1, from])
    return tf.matMul(shifted as tf.Tensor2D, tf.reshape(tf.slice(w, [i, j, 0, 0], [1, 1, from, to]), [from, to]))
  })
  return tf.reshape(tf.addN(parts), [batch, rows, columns, to])
}

export function testConvolutions(ways: Ways): { backend(): NativeBackend } {
  let backend: NativeBackend
  beforeAll(async () => {
    await useEngine()
    backend = useOneDnn(tf.backend() as unknown as NativeBackend, ways)
  })
  describe('a convolution and its gradients by oneDNN', () => {
    it.each([
      { label: 'wide', x: [1, 41, 38, 256], filter: 3, to: 260 },
      { label: 'wide, several images', x: [2, 27, 31, 260], filter: 3, to: 256 },
      { label: 'wide enough for the filter’s gradient', x: [2, 29, 26, 128], filter: 3, to: 130 },
      { label: 'another filter, wide', x: [1, 40, 40, 256], filter: 1, to: 256 },
      { label: 'tall', x: [1, 44, 37, 16], filter: 3, to: 16 },
      { label: 'tall, several images', x: [3, 41, 23, 16], filter: 3, to: 20 },
      { label: 'tall, more channels than out', x: [1, 70, 50, 32], filter: 3, to: 16 },
      { label: 'few pixels', x: [2, 8, 6, 32], filter: 3, to: 32 },
      { label: 'one channel', x: [1, 40, 40, 1], filter: 3, to: 16 },
      { label: 'another filter', x: [1, 44, 40, 16], filter: 1, to: 16 },
    ] as const)('equal the definition’s: $label', ({ label, x: shape, filter, to }) => {
      const x = normal<tf.Rank.R4>([...shape], 1)
      const w = normal<tf.Rank.R4>([filter, filter, shape[3], to], 2)
      const weights = normal<tf.Rank.R4>([shape[0], shape[1], shape[2], to], 3)
      const results = (conv: typeof convolve) => [
        conv(x, w),
        ...tf.grads((x, w) => tf.sum(tf.mul(conv(x as tf.Tensor4D, w as tf.Tensor4D), weights)))([x, w]),
      ]
      const expected = results(convolve)
      for (const [i, found] of results((x, w) => tf.conv2d(x, w, 1, 'same')).entries()) {
        expect(found.shape).toEqual(expected[i].shape)
        expectClose(found.dataSync(), expected[i].dataSync(), label.startsWith('wide') ? 3e-5 : 1e-5)
      }
    })

    it('and transposed convolutions are adjoint with stride 2', () => {
      // ⟨conv(x), y⟩ = ⟨x, transposed conv(y)⟩, and the two sides have equal derivatives by w.
      const x = normal<tf.Rank.R4>([2, 40, 40, 16], 1)
      const y = normal<tf.Rank.R4>([2, 20, 20, 16], 2)
      const w = normal<tf.Rank.R4>([2, 2, 16, 16], 3)
      const down = (w: tf.Tensor) => tf.sum(tf.mul(tf.conv2d(x, w as tf.Tensor4D, 2, 'valid'), y))
      const up = (w: tf.Tensor) => tf.sum(tf.mul(tf.conv2dTranspose(y, w as tf.Tensor4D, x.shape, 2, 'valid'), x))
      const [a, b] = [down, up].map(f => tf.valueAndGrad(f)(w))
      expectClose(a.value.dataSync(), b.value.dataSync(), 1e-4)
      expectClose(a.grad.dataSync(), b.grad.dataSync(), 1e-5)
    })

    it('leaks no tensor', () => {
      for (const channels of [16, 256]) {
        const x = normal<tf.Rank.R4>([1, 44, 37, channels], 1)
        const w = normal<tf.Rank.R4>([3, 3, channels, channels], 2)
        const before = tf.memory().numTensors
        tf.dispose(tf.grads((x, w) => tf.sum(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')))([x, w]))
        expect(tf.memory().numTensors).toBe(before)
      }
    })
  })
  return { backend: () => backend }
}
