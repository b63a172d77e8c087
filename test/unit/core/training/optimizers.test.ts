import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { OptimizerConfig, Recipe, type ScheduleConfig } from '../../../../src/contract/recipes.ts'
import { recipeOptimizer } from '../../../../src/core/training/gradients.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { learningRate } from '../../../../src/core/training/schedules.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { golden } from '../../../golden.ts'

beforeAll(useEngine)

const vectors = golden('optim')

type TorchParameters = {
  kind: string
  lr: number
  betas?: [number, number]
  eps?: number
  weight_decay?: number
} & Record<string, number>

function fromTorchNames({
  kind,
  betas,
  eps,
  weight_decay,
  alpha,
  momentum,
  nesterov,
}: TorchParameters): OptimizerConfig {
  return OptimizerConfig.parse({
    kind: kind.toLowerCase(),
    beta1: betas?.[0],
    beta2: betas?.[1],
    epsilon: eps,
    weightDecay: weight_decay,
    alpha,
    momentum,
    nesterov,
  })
}

describe.each(['sgd_mom', 'sgd_mom_wd', 'sgd_nesterov', 'adam', 'adam_l2', 'rmsprop', 'rmsprop_wd_mom'])('%s', name => {
  it('steps as PyTorch does', () => {
    const torch = vectors.params[name] as TorchParameters
    const optimizer = makeOptimizer(kernels(), fromTorchNames(torch))
    const gradients = vectors.array('grads')
    const expected = vectors.array(`${name}.params`).data
    let parameters = tf.tensor1d(Float32Array.from(vectors.array('params0').data))
    let slots = Array.from({ length: optimizer.slots }, () => tf.zeros([6]) as tf.Tensor1D)
    for (let step = 1; step <= 5; step++) {
      const gradient = tf.tensor1d(Float32Array.from(gradients.data.slice((step - 1) * 6, step * 6)))
      const scalars = optimizer.scalars(torch.lr, step).map(value => tf.scalar(value))
      ;({ parameters, slots } = optimizer.update(parameters, gradient, slots, scalars))
      const values = parameters.dataSync()
      for (let i = 0; i < 6; i++) expect(Math.abs(values[i] - expected[(step - 1) * 6 + i])).toBeLessThan(1e-6)
    }
  })
})

describe('LARC', () => {
  const torch = vectors.params.larc_sgd as TorchParameters & { trust_coefficient: number }
  const config = OptimizerConfig.parse({
    kind: 'sgd',
    momentum: torch.momentum,
    weightDecay: torch.weight_decay,
    larc: { trust: torch.trust_coefficient },
  })
  const gradients = vectors.array('grads').data

  /**
   * The parameters after each of five steps. The parameters hold one copy of the golden tensor per number of `scale`.
   * The gradients of each copy are multiplied by its number.
   */
  function steps(sizes: number[] | undefined, scale: readonly number[] = [1]): number[][] {
    const optimizer = makeOptimizer(kernels(), config, sizes)
    const repeated = (values: ArrayLike<number>, by = scale.map(() => 1)) =>
      tf.tensor1d(by.flatMap(factor => Array.from(values, value => value * factor)))
    let parameters = repeated(vectors.array('params0').data)
    let slots = [tf.zerosLike(parameters)]
    return Array.from({ length: 5 }, (_, step) => {
      const gradient = repeated(gradients.slice(step * 6, step * 6 + 6), [...scale])
      const scalars = optimizer.scalars(torch.lr, step + 1).map(value => tf.scalar(value))
      ;({ parameters, slots } = optimizer.update(parameters, gradient, slots, scalars))
      return Array.from(parameters.dataSync())
    })
  }
  const expected = (step: number) => Array.from(vectors.array('larc_sgd.params').data.slice(step * 6, step * 6 + 6))

  it('steps as apex does', () => {
    for (const [step, values] of steps(undefined).entries())
      for (const [i, value] of values.entries()) expect(Math.abs(value - expected(step)[i])).toBeLessThan(1e-6)
  })

  it('scales each tensor separately, so the size of gradients does not change the steps', () => {
    for (const [step, values] of steps([6, 6], [1, 1000]).entries())
      for (const [i, value] of values.entries()) expect(Math.abs(value - expected(step)[i % 6])).toBeLessThan(1e-5)
  })

  it('takes the step of SGD if a tensor or its gradient is zero', () => {
    const { update } = makeOptimizer(kernels(), config, [2, 2])
    const { parameters } = update(
      tf.tensor1d([0, 0, 3, 4]),
      tf.tensor1d([1, -2, 0, 0]),
      [tf.zeros([4]) as tf.Tensor1D],
      [tf.scalar(0.1)],
    )
    expect(Array.from(parameters.dataSync())).toEqual([Math.fround(-0.1), Math.fround(0.2), 3, 4])
  })

  it('gets the sizes of the tensors from the recipe’s optimizer', () => {
    const recipe = Recipe.parse({ epochs: 1, batch: 1, optimizer: config, schedule: { kind: 'constant', rate: 1 } })
    const after = ([first, second]: [number, number], sizes?: number[]) =>
      recipeOptimizer(kernels(), recipe, sizes)
        .update(tf.ones([2]), tf.tensor1d([first, second]), [tf.zeros([2]) as tf.Tensor1D], [tf.scalar(1)])
        .parameters.dataSync()
    expect(after([1, 100], [1, 1])[0]).toBeCloseTo(1 - 1e-3, 6)
    expect(after([1, 100])[0]).toBeGreaterThan(1 - 2e-5)
  })
})

describe('schedules', () => {
  const schedules = golden('schedules')
  const cases: [string, ScheduleConfig, 'epoch' | 'step'][] = [
    ['steplr_1e-3_40_0.1_50ep', { kind: 'step', rate: 1e-3, every: 40, factor: 0.1 }, 'epoch'],
    ['steplr_7e-4_3_0.5_10ep', { kind: 'step', rate: 7e-4, every: 3, factor: 0.5 }, 'epoch'],
    ['cosine_1.2e-3_to_1.2e-6_100steps', { kind: 'cosine', rate: 1.2e-3, end: 1.2e-6 }, 'step'],
    ['linear_1.2e-3_to_1.2e-4_100steps', { kind: 'linear', rate: 1.2e-3, end: 1.2e-4 }, 'step'],
    [
      'multistep_0.1_30_60_90_100_of105',
      { kind: 'multistep', rate: 0.1, milestones: [30, 60, 90, 100], factor: 0.1 },
      'epoch',
    ],
    [
      'composite_linear0.6-4.8_cosine4.8-0_lengths0.1_0.9_200steps',
      { kind: 'warmup-cosine', start: 0.6, rate: 4.8, end: 0, warmup: 0.1 },
      'step',
    ],
  ]
  it.each(cases)('%s', (name, schedule, unit) => {
    const expected = Array.from(schedules.array(name).data)
    const rates = expected.map((_, i) => learningRate(schedule, unit === 'epoch' ? i : 0, i, expected.length))
    for (const [i, rate] of rates.entries()) expect(Math.abs(rate / expected[i] - 1)).toBeLessThan(1e-12)
  })
})
