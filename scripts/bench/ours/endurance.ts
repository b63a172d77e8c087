/** A training with a new batch of noise in each step, because the batches of a run change too. */
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import { initialParameters } from '../../../src/core/models/parameters.ts'
import { startingState } from '../../../src/core/training/stepper.ts'
import { graphStepper } from '../../../src/engine/tensorflow/graph/stepper.ts'
import { SEED } from './computation.ts'
import { specsOf, supervisedStep } from './networks.ts'
import { optimizerOf } from './optimizer.ts'

/** One entry per epoch: milliseconds of each step, and the process's resident bytes after the last step. */
export type Endured = readonly { readonly ms: readonly number[]; readonly bytes: number }[]

const UNET_8 = { network: 'unet', networkConfig: { channels: 8, pools: 4 } }

export async function endure(epochs: number, steps: number): Promise<Endured> {
  const optimizer = optimizerOf('rmsprop')
  const start = startingState(initialParameters(specsOf(UNET_8), SEED), optimizer)
  const stepper = graphStepper(supervisedStep(UNET_8, { optimizer: 'rmsprop' }), start)
  const endured: { ms: number[]; bytes: number }[] = []
  for (let step = 0; step < epochs * steps; step++) {
    const begun = performance.now()
    const noise = (seed: number) => tf.randomNormal([1, 64, 64, 1], 0, 1, 'float32', seed)
    const batch = { image: noise(2 * step + 1), target: noise(2 * step + 2) }
    await stepper.step(batch, optimizer.scalars(1e-3, step + 1))
    tf.dispose(batch)
    if (step % steps === 0) endured.push({ ms: [], bytes: 0 })
    const epoch = endured[endured.length - 1]
    epoch.ms.push(performance.now() - begun)
    epoch.bytes = process.memoryUsage.rss()
  }
  stepper.dispose()
  return endured
}
