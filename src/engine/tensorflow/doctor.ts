/** Examines this computer's engine: versions, device, memory, and a small training step. */
import { availableParallelism, freemem, totalmem } from 'node:os'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import type { Device, EngineHealth } from '../../contract/engine.ts'
import type { Kernels } from '../../core/kernels.ts'
import { initialParameters } from '../../core/models/parameters.ts'
import { unet } from '../../core/models/unet.ts'
import { makeOptimizer } from '../../core/training/optimizers.ts'
import { makeStep } from '../../core/training/step.ts'
import { startingState } from '../../core/training/stepper.ts'
import type { Backend } from './graph/native.ts'
import { profileOperations } from './graph/profile.ts'
import { makeTrainingStepper } from './graph/stepper.ts'
import { computesEagerly } from './graph/way.ts'

const STEPS = 11 // the first step is not counted

/** @param missing Why the native kernels are missing. `null` if they are there. */
export async function examine(device: Device, kernels: Kernels, missing: string | null): Promise<EngineHealth> {
  const config = { channels: 8, pools: 4 }
  const specs = unet.parameters(config)
  const optimizer = makeOptimizer(kernels, {
    kind: 'rmsprop',
    alpha: 0.99,
    epsilon: 1e-8,
    momentum: 0,
    weightDecay: 0,
  })
  const step = makeStep(
    specs,
    (parameters, { image, target }) =>
      tf.mean(tf.abs(tf.sub(unet.outputs(kernels, config, parameters, { image })[0], target))),
    optimizer,
  )
  const noise = (seed: number) => tf.randomNormal([1, 64, 64, 1], 0, 1, 'float32', seed)
  const batch = { image: noise(1), target: noise(2) }
  const start = startingState(initialParameters(specs, 0), optimizer)
  const notes: string[] = []
  const stepper = makeTrainingStepper(line => notes.push(line))(step, start)
  const times: number[] = []
  let loss = Number.NaN
  for (let i = 0; i < STEPS; i++) {
    const start = performance.now()
    loss = await stepper.step(batch, optimizer.scalars(1e-3, i + 1))
    times.push(performance.now() - start)
  }
  stepper.dispose()
  const operations = profileOperations(tf.backend() as unknown as Backend, () =>
    tf.tidy(() => {
      const slots = start.slots.map(slot => tf.tensor1d(slot))
      const scalars = optimizer.scalars(1e-3, 1).map(value => tf.scalar(value))
      step({ parameters: tf.tensor1d(start.parameters), slots }, batch, scalars).loss.dataSync()
    }),
  )
  tf.dispose(batch)
  const counted = times.slice(1).toSorted((a, b) => a - b)
  return {
    ...device,
    cores: availableParallelism(),
    memory: { totalBytes: totalmem(), freeBytes: freemem(), residentBytes: process.memoryUsage.rss() },
    stepMs: counted[counted.length >> 1],
    way: computesEagerly() || notes.length > 0 ? 'eager' : 'graph',
    notes: [...(missing === null ? [] : [`No native kernels: ${missing}`]), ...notes],
    operations,
    loss,
  }
}
