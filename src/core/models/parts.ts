/** Batches of named parts: plain arrays, which a thread may prepare, then tensors. */
import * as tf from '@tensorflow/tfjs-core'
import type { PlainTensor } from './parameters.ts'

/**
 * The parts of a batch by name. A recorded step is fed in the order of the names, so that order is equal in every
 * batch. Names are words, because JavaScript moves keys that are numbers to the front.
 */
export type PlainBatch = Readonly<Record<string, PlainTensor>>
export type Batch = Readonly<Record<string, tf.Tensor>>

/** Samples as [batch, …shape]. */
function stack(samples: readonly PlainTensor[]): PlainTensor {
  const [{ data, shape }] = samples
  const other = samples.find(sample => sample.shape.join() !== shape.join())
  if (other) throw new Error(`Expected parts of one shape in a batch, got [${shape}] and [${other.shape}]`)
  const values = new Float32Array(samples.length * data.length)
  for (const [i, sample] of samples.entries()) values.set(sample.data, i * data.length)
  return { data: values, shape: [samples.length, ...shape] }
}

/** Stacks the parts of each name over all samples. All samples have parts of the same names. */
export const stackParts = (samples: readonly PlainBatch[]): PlainBatch =>
  mapParts(samples[0], (_, name) => stack(samples.map(sample => sample[name])))

/** The caller disposes the tensors. */
export const tensorsOf = (batch: PlainBatch): Batch => mapParts(batch, ({ data, shape }) => tf.tensor(data, [...shape]))

function mapParts<From, To>(batch: Readonly<Record<string, From>>, map: (part: From, name: string) => To) {
  return Object.fromEntries(Object.entries(batch).map(([name, part]) => [name, map(part, name)]))
}

/** Samples of a batch: the length of the first part's first axis. */
export const samplesIn = (batch: Batch): number => Object.values(batch)[0].shape[0]
