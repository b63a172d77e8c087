import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { OptimizerConfig, type ScheduleConfig } from '../../../../src/contract/runs.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { learningRate } from '../../../../src/core/training/schedules.ts'
import { useEngine } from '../../../engine.ts'
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
    const optimizer = makeOptimizer(fromTorchNames(torch))
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

describe('schedules', () => {
  const schedules = golden('schedules')
  const cases: [string, ScheduleConfig, 'epoch' | 'step'][] = [
    ['steplr_1e-3_40_0.1_50ep', { kind: 'step', rate: 1e-3, every: 40, factor: 0.1 }, 'epoch'],
    ['steplr_7e-4_3_0.5_10ep', { kind: 'step', rate: 7e-4, every: 3, factor: 0.5 }, 'epoch'],
    ['cosine_1.2e-3_to_1.2e-6_100steps', { kind: 'cosine', rate: 1.2e-3, end: 1.2e-6 }, 'step'],
    ['linear_1.2e-3_to_1.2e-4_100steps', { kind: 'linear', rate: 1.2e-3, end: 1.2e-4 }, 'step'],
  ]
  it.each(cases)('%s', (name, schedule, unit) => {
    const expected = Array.from(schedules.array(name).data)
    const rates = expected.map((_, i) => learningRate(schedule, unit === 'epoch' ? i : 0, i, expected.length))
    for (const [i, rate] of rates.entries()) expect(Math.abs(rate / expected[i] - 1)).toBeLessThan(1e-12)
  })
})
