import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Step } from '../../../../src/core/training/step.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { native, trainAsGraph, trainEagerly, unetTraining } from './graph/steps.ts'

beforeAll(useEngine)

const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number) =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed)

/** A convolution, and its gradients with respect to map and filter. */
function results(shape: readonly number[], to: number): Float32Array[] {
  return tf.tidy(() => {
    const x = normal<tf.Rank.R4>([...shape] as [number, number, number, number], 1)
    const w = normal<tf.Rank.R4>([3, 3, shape[3], to], 2)
    const weights = normal<tf.Rank.R4>([shape[0], shape[1], shape[2], to], 3)
    const convolve = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')
    const gradients = tf.grads((x, w) => tf.sum(tf.mul(convolve(x, w), weights)))([x, w])
    return [convolve(x, w), ...gradients].map(tensor => tensor.dataSync().slice() as Float32Array)
  })
}

/** The norm of a − b over the norm of b. */
function difference(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array) => Math.hypot(...values.subarray(0, 2 ** 14))
  return norm(a.map((value, i) => value - b[i])) / norm(b)
}

describe('convolutions in bfloat16', () => {
  it.each([
    { x: [1, 20, 18, 16], to: 24 },
    { x: [2, 44, 40, 32], to: 16 },
    { x: [1, 40, 40, 128], to: 128 },
  ])('round what they take and give, $x to $to, and only there', ({ x, to }) => {
    const exact = results(x, to)
    const rounded = kernels().inBfloat16(() => results(x, to))
    for (const [i, values] of rounded.entries()) {
      // Inputs and result are each rounded to 8 bits, with an error of half a unit in the last bit. The limit for
      // gradients is wider, because TensorFlow's CPU kernels also sum the parts of a gradient in bfloat16.
      expect(difference(values, exact[i])).toBeLessThan(i === 0 ? 2 ** -8 : 2 ** -5)
      expect(difference(values, exact[i])).toBeGreaterThan(2 ** -10)
      // The results have the bits of bfloat16 only: their lower 16 bits are 0.
      expect(new Uint32Array(values.buffer).every(bits => (bits & 0xffff) === 0)).toBe(true)
    }
    expect(results(x, to)).toEqual(exact)
  })

  it('leave an image of one channel exact', () => {
    const shapes = [
      { x: [1, 20, 18, 1], to: 16 },
      { x: [1, 20, 18, 16], to: 1 },
    ]
    for (const { x, to } of shapes) expect(kernels().inBfloat16(() => results(x, to))).toEqual(results(x, to))
  })

  it('end after a failed computation', () => {
    const exact = results([1, 20, 18, 16], 16)
    expect(() =>
      kernels().inBfloat16(() => {
        throw new Error('as planned')
      }),
    ).toThrow('as planned')
    expect(results([1, 20, 18, 16], 16)).toEqual(exact)
  })

  it('leak no tensor', () => {
    results([1, 20, 18, 16], 16)
    const before = native()
    kernels().inBfloat16(() => results([1, 20, 18, 16], 16))
    expect(native()).toEqual(before)
  })
})

describe('a training in bfloat16', () => {
  const { optimizer, step: exact, start } = unetTraining({ channels: 8, pools: 2 })
  const mixed: Step = (...given) => kernels().inBfloat16(() => exact(...given))
  const feed = (step: number) => ({
    batch: { x: tf.randomNormal([1, 24, 20, 1], 0, 1, 'float32', 1), y: tf.ones([1, 24, 20, 1]) },
    scalars: optimizer.scalars(3e-3, step + 1),
  })
  const STEPS = 30

  it('is replayed bit for bit, and reaches nearly the same loss', async () => {
    const graph = await trainAsGraph(mixed, start, STEPS, feed)
    const eager = await trainEagerly(mixed, start, STEPS, feed)
    expect(graph.lines).toEqual([])
    expect(graph.losses).toEqual(eager.losses)
    expect(graph.state).toEqual(eager.state)
    expect(graph.state.parameters.every(Number.isFinite)).toBe(true)
    const { losses } = await trainAsGraph(exact, start, STEPS, feed)
    expect(graph.losses).not.toEqual(losses)
    expectClose([graph.losses[0]], [losses[0]], 1e-2)
    expect(losses.at(-1)! / losses[0]).toBeLessThan(0.7)
    expect(graph.losses.at(-1)! / losses.at(-1)!).toBeGreaterThan(0.8)
    expect(graph.losses.at(-1)! / losses.at(-1)!).toBeLessThan(1.25)
  })
})
