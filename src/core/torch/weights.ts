/** Weights from files of any program: safetensors, PyTorch, Lightning. */
import type { Note } from '../../contract/notes.ts'
import { isBesideWeights, prefixesOf, withoutPrefix } from '../models/names.ts'
import type { ParameterSpec } from '../models/network.ts'
import { fromTorch } from '../models/parameters.ts'
import { type Checkpoint, decodeCheckpoint } from '../training/checkpoint.ts'
import { isTorchFile, readTorchFile } from './file.ts'

export interface Weights extends Checkpoint {
  /** What a user should know about the reading, in whole sentences. */
  readonly remarks: readonly string[]
}

/**
 * Reads a checkpoint of any program, recognised from its contents and its name. Throws `CHECKPOINT_DAMAGED`,
 * `UNSUPPORTED_FORMAT` or `NOT_FINITE`. The error names `origin`.
 */
export function decodeWeights(bytes: Uint8Array, origin: string): Weights {
  if (isTorchFile(bytes, origin)) return { ...readTorchFile(bytes, origin), metadata: {} }
  const { tensors, metadata } = decodeCheckpoint(bytes, origin)
  const weights = new Map([...tensors].filter(([name]) => !isBesideWeights(name)))
  return { tensors: weights, metadata, remarks: [] }
}

export const conversionNotes = (remarks: readonly string[]): Note[] =>
  remarks.map(text => ({ level: 'info', code: 'converted-weights', text }))

/** A network's tensors. A prefix of all names is left out. */
function tensorsFor({ tensors }: Weights, specs: readonly ParameterSpec[]): Weights['tensors'] {
  const prefix = prefixesOf(tensors.keys()).find(each => tensors.has(each + specs[0].name)) ?? ''
  return withoutPrefix(tensors, prefix)
}

/** The flat vector of a known network's parameters. A prefix of all names is left out. Throws as `fromTorch` does. */
export const parametersOf = (weights: Weights, specs: readonly ParameterSpec[], origin: string): Float32Array =>
  fromTorch(tensorsFor(weights, specs), specs, origin)

/** Whether there is a tensor for each of a network's parameters. */
export function namesFit(weights: Weights, specs: readonly ParameterSpec[]): boolean {
  const tensors = tensorsFor(weights, specs)
  return specs.every(({ name }) => tensors.has(name))
}
