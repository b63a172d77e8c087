import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ParameterSpec } from '../../../../src/core/models/network.ts'
import { fromTorch } from '../../../../src/core/models/parameters.ts'
import { makeMinimaNotes } from '../../../../src/core/training/minima.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { startingState } from '../../../../src/core/training/stepper.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { trainAsGraph, trainEagerly } from '../../engine/tensorflow/graph/steps.ts'

beforeAll(useEngine)

const BECAUSE = 'The equations need a positive number.'
const SPECS: ParameterSpec[] = [
  { name: 'weights', kind: 'vector', shape: [2], fanIn: 1 },
  { name: 'mu', kind: 'vector', shape: [2], fanIn: 1, minimum: { value: 1e-4, because: BECAUSE } },
]

describe('a parameter with a minimum', () => {
  it('stays there against its gradient, rises again, and is replayed with equal bits', async () => {
    const optimizer = makeOptimizer(kernels(), {
      kind: 'sgd',
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
      larc: null,
    })
    const step = makeStep(
      SPECS,
      ({ weights, mu }, { slope }) => tf.sum(tf.mul(tf.add(weights, mu), slope)) as tf.Scalar,
      optimizer,
    )
    const start = startingState(Float32Array.of(0.5, 0.5, 0.5, 2), optimizer)
    const feed = (step: number) => ({ batch: { slope: tf.tensor1d([step < 3 ? 1 : -1, 1]) }, scalars: [0.3] })
    const after = async (steps: number) => {
      const eager = await trainEagerly(step, start, steps, feed)
      expect(await trainAsGraph(step, start, steps, feed)).toEqual(eager)
      return [...eager.state.parameters].map(value => Number(value.toFixed(5)))
    }
    expect(await after(3)).toEqual([-0.4, -0.4, 0.0001, 1.1])
    expect(await after(4)).toEqual([-0.1, -0.7, 0.3001, 0.8])
  })

  it('is explained once when it stands at the minimum', async () => {
    const notes = makeMinimaNotes(SPECS)
    expect(await notes(tf.tensor1d([-1, 0, 0.2, 0.3]))).toEqual([])
    const [note, ...others] = await notes(tf.tensor1d([-1, 0, 0.2, 1e-4]))
    expect(note).toMatchObject({ level: 'warning', code: 'at-minimum', data: { parameter: 'mu', minimum: 1e-4 } })
    expect(note.text).toContain(BECAUSE)
    expect(others).toEqual([])
    expect(await notes(tf.tensor1d([-1, 0, 0.2, 1e-4]))).toEqual([])
  })

  it('below the minimum is refused in a checkpoint, by name, and accepted at the minimum', () => {
    const tensors = (mu: number) =>
      new Map([
        ['weights', { shape: [2], data: Float32Array.of(-1, 0) }],
        ['mu', { shape: [2], data: Float32Array.of(1, mu) }],
      ])
    expect([...fromTorch(tensors(1e-4), SPECS, 'a.safetensors')]).toEqual([-1, 0, 1, Math.fround(1e-4)])
    for (const mu of [-0.02, 0, Number.NaN])
      expect(() => fromTorch(tensors(mu), SPECS, 'a.safetensors')).toThrow(
        `Expected mu of at least 0.0001, got ${Math.fround(mu)}, in a.safetensors. ${BECAUSE}`,
      )
  })
})
