import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { makeGraphStepper } from '../../../../../src/engine/tensorflow/graph/stepper.ts'
import { useEngine } from '../../../../engine.ts'
import { backend, type Feed, imageTraining, native, take } from './steps.ts'

beforeAll(useEngine)

it('holds as many tensors after 200 steps as after one, and no tensor and no session after dispose', async () => {
  const { optimizer, step, start } = imageTraining('unet', { channels: 2, pools: 2 })
  // Every third batch has another shape.
  const feed: Feed = i => {
    const noise = (seed: number) => tf.randomNormal([i % 3 === 0 ? 2 : 1, 16, 16, 1], 0, 1, 'float32', seed)
    return { batch: { x: noise(2 * i + 1), y: noise(2 * i + 2) }, scalars: optimizer.scalars(1e-3, i + 1) }
  }
  const makeStepper = makeGraphStepper(backend(), line => expect.unreachable(line))
  const rehearsal = makeStepper(step, start) // The first steps make constants that the kernels keep.
  await take(rehearsal, 2, feed)
  rehearsal.dispose()

  const before = native()
  const stepper = makeStepper(step, start)
  await take(stepper, 3, feed)
  stepper.parameters()
  const early = { ...native(), rss: process.memoryUsage.rss() }
  for (let i = 3; i < 203; i += 50) {
    await take(stepper, 50, feed, i)
    await stepper.read()
    stepper.parameters()
    console.info(
      `after ${i + 50} steps: ${native().tensors} tensors, ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
    )
  }
  const { rss, ...held } = early
  expect(native()).toEqual(held)
  expect(held.sessions).toBe(before.sessions + 1)
  console.info(`resident memory grew by ${((process.memoryUsage.rss() - rss) / 1e6).toFixed(1)} MB over 200 steps`)
  stepper.dispose()
  expect(native()).toEqual(before)
})
