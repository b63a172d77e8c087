/** Our own convolutions through TensorFlow: any channels and sizes, refused shapes, and memory that runs out. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { OptimizerConfig } from '../../../../src/contract/recipes.ts'
import { type Kernels, makePlainKernels } from '../../../../src/core/kernels.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { startingState } from '../../../../src/core/training/stepper.ts'
import { locateEngine } from '../../../../src/engine/install/install.ts'
import { KERNELS_FILE, type NativeLibrary } from '../../../../src/engine/native/library.ts'
import { isExhausted } from '../../../../src/engine/tensorflow/exhausted.ts'
import type { NativeBackend } from '../../../../src/engine/tensorflow/kernels.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { trainAsGraph, trainEagerly } from './graph/steps.ts'
import { valueAndGradients } from './kernel-cases.ts'

beforeAll(useEngine)

type Shape = [number, number, number, number]
const normal = (shape: Shape, seed: number) => tf.randomNormal<tf.Rank.R4>(shape, 0, 1, 'float32', seed)
const plain = makePlainKernels()

/** The value and the gradients by all inputs, weighted. */
const results = (f: (...inputs: tf.Tensor4D[]) => tf.Tensor4D, inputs: tf.Tensor4D[]) =>
  tf.tidy(() => {
    const tensors = valueAndGradients((...given) => f(...(given as tf.Tensor4D[])), inputs)
    return tensors.map(tensor => tensor.dataSync() as Float32Array)
  })

const convolving =
  ({ convolve }: Kernels) =>
  (...inputs: tf.Tensor4D[]) =>
    convolve(inputs.slice(0, -1), inputs.at(-1)!)

function expectEqualResults(
  f: (kernels: Kernels) => (...inputs: tf.Tensor4D[]) => tf.Tensor4D,
  inputs: tf.Tensor4D[],
  tolerance: number,
) {
  const before = tf.memory().numTensors
  const found = results(f(kernels()), inputs)
  expect(tf.memory().numTensors).toBe(before)
  for (const [i, expected] of results(f(plain), inputs).entries()) {
    expectClose(found[i], expected, tolerance)
    expect(found[i].every(Number.isFinite) && found[i].some(value => value !== 0)).toBe(true)
  }
}

it.each([
  { size: [1, 1, 1], from: [1], to: 1 },
  { size: [2, 5, 3], from: [3], to: 7 },
  { size: [1, 40, 33], from: [1], to: 8 },
  { size: [3, 14, 13], from: [17, 5], to: 12 },
  { size: [1, 50, 47], from: [8, 8, 8], to: 24 },
] as const)('a convolution and its gradients equal the plain ones: $size, $from to $to channels', shape => {
  const maps = shape.from.map((channels, i) => normal([...shape.size, channels], i + 1))
  const filter = normal([3, 3, shape.from.reduce((a, b) => a + b, 0), shape.to], 8)
  expectEqualResults(convolving, [...maps, filter], 2e-5)
})

it.each([
  { size: [1, 1, 1], from: 1, to: 1 },
  { size: [2, 5, 3], from: 7, to: 3 },
  { size: [1, 20, 33], from: 24, to: 12 },
] as const)('a transposed convolution and its gradients equal the plain ones: $size, $from to $to channels', shape => {
  const inputs = [normal([...shape.size, shape.from], 1), normal([2, 2, shape.to, shape.from], 2)]
  expectEqualResults(
    ({ convolveTransposed }) =>
      (x, filter) =>
        convolveTransposed(x, filter),
    inputs,
    1e-5,
  )
})

it('are replayed with equal bits', async () => {
  const optimizer = makeOptimizer(kernels(), OptimizerConfig.parse({ kind: 'adam' }))
  const conv = (name: string, shape: number[]) => ({ name, kind: 'conv' as const, shape, fanIn: 1 })
  const step = makeStep(
    [conv('first', [5, 1, 3, 3]), conv('second', [4, 6, 3, 3])],
    ({ first, second }, { x, y }) => {
      const hidden = kernels().convolve([x as tf.Tensor4D], first as tf.Tensor4D)
      const result = kernels().convolve([hidden, x as tf.Tensor4D], second as tf.Tensor4D)
      return tf.mean(tf.square(tf.sub(result, y))) as tf.Scalar
    },
    optimizer,
  )
  const size = 5 * 9 + 4 * 6 * 9
  const start = startingState(tf.randomNormal([size], 0, 1, 'float32', 3).dataSync() as Float32Array, optimizer)
  const feed = (step: number) => ({
    batch: { x: normal([2, 19, 13, 1], step + 10), y: normal([2, 19, 13, 4], step + 20) },
    scalars: optimizer.scalars(0.01, step + 1),
  })
  expect(await trainAsGraph(step, start, 4, feed)).toEqual(await trainEagerly(step, start, 4, feed))
})

describe('shapes that do not fit are refused in words', () => {
  const sizes = (text: string) => (text ? text.split(' × ').map(Number) : [])

  it.each([
    ['maps of two sizes', 'Convolve', '1 × 4 × 4 × 2, 1 × 4 × 5 × 2, 3 × 3 × 4 × 2', /maps of one size/],
    ['no maps', 'Convolve', '4 × 4, 3 × 3 × 4 × 2', /\[n, h, w, c\]/],
    ['scalars', 'Convolve', ', ', /\[n, h, w, c\]/],
    ['a filter of other channels', 'Convolve', '1 × 4 × 4 × 2, 3 × 3 × 3 × 2', /filter \[3, 3, from, to\]/],
    ['a filter of 5 × 5', 'Convolve', '1 × 4 × 4 × 2, 5 × 5 × 2 × 2', /filter \[3, 3, from, to\]/],
    ['no filter', 'Convolve', '1 × 4 × 4 × 2, 9', /filter \[3, 3, from, to\]/],
    ['channels of no map', 'ConvolveInput', '1 × 4 × 4 × 2, 3 × 3 × 2 × 2', /channels of each map/, [1, 1]],
    ['negative channels', 'ConvolveInput', '1 × 4 × 4 × 2, 3 × 3 × 2 × 2', /filter/, [-2]],
    ['a gradient of another size', 'ConvolveFilter', '1 × 4 × 4 × 2, 2 × 2 × 4 × 2', /maps' size/],
    ['a filter of 3 × 3', 'Transposed', '1 × 4 × 4 × 2, 3 × 3 × 2 × 2', /filter \[2, 2, to, from\]/],
    ['odd lines', 'TransposedInput', '1 × 5 × 4 × 2, 2 × 2 × 2 × 2', /\[n, 2h, 2w, to\]/],
    ['a filter of 1 × 4', 'TransposedInput', '1 × 4 × 4 × 2, 1 × 4 × 2 × 2', /filter \[2, 2, to, from\]/],
    ['another batch', 'TransposedFilter', '2 × 1 × 2 × 2, 1 × 4 × 4 × 2', /\[n, 2h, 2w, to\]/],
  ] as [string, string, string, RegExp, number[]?][])('%s', (_, name, shapes, message, channels) => {
    const backend = tf.backend() as unknown as NativeBackend
    const type = backend.binding.TF_ATTR_INT
    const inputs = shapes.split(', ').map(shape => tf.zeros(sizes(shape)))
    const attributes = [
      ...(name.startsWith('Convolve') ? [{ name: 'N', type, value: channels ? 1 : inputs.length - 1 }] : []),
      ...(channels ? [{ name: 'channels', type, value: channels }] : []),
    ]
    expect(() => backend.executeMultipleOutputs(`SelfMri${name}`, attributes, inputs, 1)).toThrow(message)
  })
})

it('fails if no memory is left, as TensorFlow’s operations fail, and computes again if memory is left', () => {
  const library = createRequire(import.meta.url)(join(dirname(locateEngine()!.binding), KERNELS_FILE))
  const [x, filter] = [normal([1, 30, 30, 16], 1), normal([3, 3, 16, 16], 2)]
  const expected = results(convolving(kernels()), [x, filter])
  const before = tf.memory().numTensors
  for (const bytes of [1, 10_000, 100_000]) {
    library.limitWorkingMemory(bytes)
    try {
      let failure: unknown = null
      try {
        results(convolving(kernels()), [x, filter])
      } catch (error) {
        failure = error
      }
      expect(isExhausted(failure)).toBe(true)
    } finally {
      library.limitWorkingMemory(0)
    }
    expect(tf.memory().numTensors).toBe(before)
    expect(results(convolving(kernels()), [x, filter])).toEqual(expected)
  }
})

it('keep working memory for the next call until it is released', async () => {
  const library: NativeLibrary = createRequire(import.meta.url)(join(dirname(locateEngine()!.binding), KERNELS_FILE))
  const { releaseWorkingMemory } = await useEngine()
  const inputs = [normal([1, 40, 40, 32], 1), normal([3, 3, 32, 32], 2)]
  const expected = results(convolving(kernels()), inputs)
  expect(library.releaseWorkingMemory()).toBeGreaterThan(0)
  expect(library.releaseWorkingMemory()).toBe(0)
  expect(results(convolving(kernels()), inputs)).toEqual(expected)
  releaseWorkingMemory()
  expect(library.releaseWorkingMemory()).toBe(0)
})
