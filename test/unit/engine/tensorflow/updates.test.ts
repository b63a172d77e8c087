/** The engine's updates of optimizers have the bits of core's plain updates. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { OptimizerConfig } from '../../../../src/contract/recipes.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { plainUpdate, type Update } from '../../../../src/core/training/updates.ts'
import { kernels, useEngine } from '../../../engine.ts'

beforeAll(useEngine)

const CONFIGS = [
  { kind: 'sgd', momentum: 0 },
  { kind: 'sgd', momentum: 0.9 },
  { kind: 'sgd', momentum: 0.9, nesterov: true },
  { kind: 'sgd', momentum: 0.9, weightDecay: 0.01 },
  { kind: 'sgd', momentum: 0.9, larc: {} },
  { kind: 'rmsprop' },
  { kind: 'rmsprop', momentum: 0.9, weightDecay: 0.01 },
  { kind: 'adam' },
  { kind: 'adam', beta1: 0.8, beta2: 0.9, weightDecay: 0.01 },
].map(config => ({ label: JSON.stringify(config), config: OptimizerConfig.parse(config) }))

/** Around the borders of vectors, and of the blocks that a native update takes at a time. */
const SIZES = [1, 7, 17, 1023, 1025, 2 ** 14 + 3, 2 ** 15 + 1, 3 * 2 ** 15 - 1]

const STEPS = 3

const bitsOf = (vector: tf.Tensor) => new Uint32Array((vector.dataSync() as Float32Array).slice().buffer)

/** The bits of parameters and slots after some steps. Gradients have very different sizes, and some are 0. */
function bitsAfterSteps(update: Update, config: OptimizerConfig, size: number): Uint32Array[] {
  const optimizer = makeOptimizer({ update }, config)
  let parameters = tf.randomNormal<tf.Rank.R1>([size], 0, 1, 'float32', 1)
  let slots = Array.from({ length: optimizer.slots }, () => tf.zerosLike(parameters))
  for (let step = 1; step <= STEPS; step++) {
    const exponents = tf.randomUniform<tf.Rank.R1>([size], -12, 3, 'float32', 10 * step)
    const signs = tf.round(tf.randomUniform<tf.Rank.R1>([size], -1, 1, 'float32', 10 * step + 1))
    const gradients = tf.mul(signs, tf.exp(exponents)) as tf.Tensor1D
    const scalars = optimizer.scalars(1e-2 / step, step).map(value => tf.scalar(value))
    ;({ parameters, slots } = optimizer.update(parameters, gradients, slots, scalars))
  }
  return [parameters, ...slots].map(bitsOf)
}

it.each(CONFIGS)('$label', ({ config }) => {
  for (const size of SIZES) {
    const native = bitsAfterSteps(kernels().update, config, size)
    expect(native).toEqual(bitsAfterSteps(plainUpdate, config, size))
    if (size > 1) expect(native.every(bits => bits.some(value => value !== 0))).toBe(true)
  }
})

it('leave no tensor behind, and change no vector that they read', () => {
  for (const { config } of CONFIGS) {
    const optimizer = makeOptimizer(kernels(), config)
    const given = Array.from({ length: 2 + optimizer.slots }, () => tf.fill([40_000], 0.25) as tf.Tensor1D)
    const [parameters, gradients, ...slots] = given
    const scalars = optimizer.scalars(0.1, 1).map(value => tf.scalar(value))
    const before = tf.memory().numTensors
    const updated = kernels().update(config, parameters, gradients, slots, scalars)
    expect(updated.parameters.dataSync()[39_999]).not.toBe(0.25)
    tf.dispose([updated.parameters, ...updated.slots])
    expect(tf.memory().numTensors).toBe(before)
    for (const vector of given) expect(vector.dataSync().every(value => value === 0.25)).toBe(true)
  }
})
