/** Weights of checkpoints. Their files differ by the number of the run, so tests compare tensors. */
import { readFileSync } from 'node:fs'
import { decodeCheckpoint } from '../src/core/training/checkpoint.ts'

/** Name and values of all tensors of a checkpoint. */
export const weightsOf = (path: string): [string, number[]][] =>
  Array.from(decodeCheckpoint(readFileSync(path), path).tensors, ([name, { data }]) => [name, Array.from(data)])
