/** Takes the same steps eagerly and as a graph. */
import * as tf from '@tensorflow/tfjs-core'
import type { Step } from '../../../../src/core/training/step.ts'
import { eagerStepper, type PlainState, type Stepper } from '../../../../src/core/training/stepper.ts'
import type { Backend } from '../../../../src/engine/graph/native.ts'
import { makeGraphStepper } from '../../../../src/engine/graph/stepper.ts'

export const backend = () => tf.backend() as unknown as Backend

/** What the steps are fed, from 0; the caller disposes the batch. */
export type Feed = (step: number) => { batch: tf.Tensor[]; scalars: number[] }

export async function take(stepper: Stepper, steps: number, feed: Feed, from = 0): Promise<number[]> {
  const losses: number[] = []
  for (let i = from; i < from + steps; i++) {
    const { batch, scalars } = feed(i)
    losses.push(await stepper.step(batch, scalars))
    tf.dispose(batch)
  }
  return losses
}

export interface Trained {
  readonly losses: number[]
  readonly state: PlainState
  /** What it said: empty where all was replayed. */
  readonly lines: string[]
}

export async function trainAsGraph(step: Step, start: PlainState, steps: number, feed: Feed): Promise<Trained> {
  const lines: string[] = []
  const stepper = makeGraphStepper(backend(), line => lines.push(line))(step, start)
  try {
    return { losses: await take(stepper, steps, feed), state: await stepper.read(), lines }
  } finally {
    stepper.dispose()
  }
}

export async function trainEagerly(step: Step, start: PlainState, steps: number, feed: Feed): Promise<Trained> {
  const stepper = eagerStepper(step, start)
  try {
    return { losses: await take(stepper, steps, feed), state: await stepper.read(), lines: [] }
  } finally {
    stepper.dispose()
  }
}
