/** Arrays and parameters of networks that take complex numbers, for tests. */
import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import type { ParameterSpec } from '../src/core/models/network.ts'
import { fromTorch, toTorch } from '../src/core/models/parameters.ts'
import { expectClose, type golden } from './golden.ts'

type Vectors = ReturnType<typeof golden>

/** The weights `weight.<name>` of a group as a flat vector. */
export const goldenWeights = (vectors: Vectors, specs: readonly ParameterSpec[]): Float32Array =>
  fromTorch(
    new Map(
      specs.map(({ name }) => {
        const { shape, data } = vectors.array(`weight.${name}`)
        return [name, { shape, data: Float32Array.from(data) }]
      }),
    ),
    specs,
    'golden',
  )

/** An array of a group as a tensor of float32. */
export const goldenTensor = (vectors: Vectors, name: string, shape?: readonly number[]): tf.Tensor => {
  const array = vectors.array(name)
  return tf.tensor(Float32Array.from(array.data), [...(shape ?? array.shape)])
}

/** Compares each gradient with `<label>.grad.<name>`. A parameter without a vector is left out. */
export function expectGradients(
  vectors: Vectors,
  label: string,
  gradients: Float32Array,
  specs: readonly ParameterSpec[],
  tolerance: number,
): void {
  for (const [name, { shape, data }] of toTorch(gradients, specs)) {
    if (!vectors.names.includes(`${label}.grad.${name}`)) continue
    const expected = vectors.array(`${label}.grad.${name}`)
    expect(shape, name).toEqual(expected.shape)
    expectClose(data, expected.data, tolerance)
  }
}

/** Normally distributed numbers from a seed. */
export const noise = <T extends tf.Tensor>(shape: readonly number[], seed: number): T =>
  tf.randomNormal([...shape] as [number], 0, 1, 'float32', seed) as unknown as T

/** The real inner product of pairs. */
export const inner = (a: tf.Tensor, b: tf.Tensor): number => tf.tidy(() => tf.sum(tf.mul(a, b)).dataSync()[0])
