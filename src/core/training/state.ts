/**
 * Everything that a training carries from step to step, as one safetensors file. A run that resumes from this state
 * ends with the same weights, bit for bit, if the kernels are the same. Random streams are keyed by (seed, purpose,
 * epoch, index), so the progress determines all random numbers.
 */
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { KernelSpans } from '../../contract/kernels.ts'
import { TrainingSeconds } from '../../contract/training-summary.ts'
import type { PlainTensor } from '../models/parameters.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { PlainState } from './stepper.ts'

const WrittenFile = z.object({ path: z.string(), sha256: z.string() })

/** How far a training has come. */
const Progress = z.object({
  /** Steps done, of all epochs. */
  step: z.int(),
  /** Epochs done: validated, reported and written. */
  epoch: z.int(),
  /** Of the current epoch: the sum of its steps' losses, and seconds since its beginning. */
  lossSum: z.number(),
  /** Sum of the method's own parts of these losses. `null`: an older program wrote the state, so the sum is unknown. */
  ownSum: z.number().nullable().default(null),
  epochSeconds: z.number(),
  /** The weights with the lowest validation loss, if the task keeps these weights. */
  best: WrittenFile.extend({ epoch: z.int(), loss: z.number() }).nullable(),
  last: WrittenFile.nullable(),
  /** Lowest validation loss, and the number of later validations without a lower loss. */
  lowest: z.object({ loss: z.number(), waited: z.int() }).nullable(),
  /** Losses of the last finished epoch. */
  loss: z.number().nullable(),
  ownLoss: z.number().nullable().default(null),
  validationLoss: z.number().nullable(),
  seconds: TrainingSeconds,
  kernels: KernelSpans,
})
export type Progress = z.infer<typeof Progress>

export const BEGINNING: Progress = {
  step: 0,
  epoch: 0,
  lossSum: 0,
  ownSum: 0,
  epochSeconds: 0,
  best: null,
  last: null,
  lowest: null,
  loss: null,
  ownLoss: null,
  validationLoss: null,
  seconds: { steps: 0, validation: 0, preparation: 0 },
  kernels: [],
}

export interface SavedState {
  readonly progress: Progress
  readonly plain: PlainState
}

const FORMAT = 'self-mri state 1'

const vector = (data: Float32Array): PlainTensor => ({ shape: [data.length], data })

/** A state names weights by file name only, because their files lie beside the state in any folder. */
const besides = <File extends { readonly path: string }>(file: File | null): File | null =>
  file && { ...file, path: file.path.slice(file.path.lastIndexOf('/') + 1) }

export function encodeState(run: string, { progress, plain }: SavedState): Checkpoint {
  const portable: Progress = { ...progress, best: besides(progress.best), last: besides(progress.last) }
  return {
    tensors: new Map<string, PlainTensor>([
      ['parameters', vector(plain.parameters)],
      ...plain.slots.map((slot, i): [string, PlainTensor] => [`slot.${i}`, vector(slot)]),
    ]),
    metadata: { format: FORMAT, run, progress: JSON.stringify(portable) },
  }
}

/** `null` if the file is no state, or a state of another program. */
function progressOf({ format, progress = '' }: Checkpoint['metadata']): Progress | null {
  if (format !== FORMAT) return null
  try {
    return Progress.parse(JSON.parse(progress))
  } catch {
    return null
  }
}

/** Throws `CHECKPOINT_DAMAGED` if the file is no state of this run. The error names `origin`. */
export function decodeState({ tensors, metadata }: Checkpoint, run: string, origin: string): SavedState {
  const parameters = tensors.get('parameters')
  const progress = progressOf(metadata)
  if (!progress || metadata.run !== run || !parameters) {
    throw new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected a state of run ${run} (${FORMAT}), got ${metadata.format ?? 'another file'} ` +
        `of run ${metadata.run ?? '?'}, in ${origin}`,
    )
  }
  const slots: Float32Array[] = []
  for (let slot = tensors.get('slot.0'); slot; slot = tensors.get(`slot.${slots.length}`)) slots.push(slot.data)
  return { progress, plain: { parameters: parameters.data, slots } }
}
