/**
 * All that a training carries from step to step, as one safetensors file: a run that goes on from it ends with the same weights, bit for
 * bit. Random streams are keyed by (seed, purpose, epoch, index), so the position says where they are.
 */
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { TrainingSeconds } from '../../contract/training-summary.ts'
import type { PlainTensor } from '../models/parameters.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { PlainState } from './stepper.ts'

const WrittenFile = z.object({ path: z.string(), sha256: z.string() })

/** How far a training has come. */
const Progress = z.object({
  /** Steps done, of all epochs. */
  step: z.int(),
  /** Epochs done: validated, told and written. */
  epoch: z.int(),
  /** Of the epoch begun: the sum of its steps' losses, and seconds since it began. */
  lossSum: z.number(),
  /** Of the method's own parts of them; `null`: not known from the epoch's beginning, as an older program wrote the state. */
  ownSum: z.number().nullable().default(null),
  epochSeconds: z.number(),
  /** The weights that are kept, where the task keeps the best. */
  best: WrittenFile.extend({ epoch: z.int(), loss: z.number() }).nullable(),
  last: WrittenFile.nullable(),
  /** Lowest validation loss, and how many validations since have not gone below it. */
  lowest: z.object({ loss: z.number(), waited: z.int() }).nullable(),
  /** Of the last epoch that is done. */
  loss: z.number().nullable(),
  ownLoss: z.number().nullable().default(null),
  validationLoss: z.number().nullable(),
  seconds: TrainingSeconds,
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
}

export interface SavedState {
  readonly progress: Progress
  readonly plain: PlainState
}

const FORMAT = 'self-mri state 1'

const vector = (data: Float32Array): PlainTensor => ({ shape: [data.length], data })

/** Weights that a state names lie beside it, wherever that is. */
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

/** `null`: it is none, or another program's. */
function progressOf({ format, progress = '' }: Checkpoint['metadata']): Progress | null {
  if (format !== FORMAT) return null
  try {
    return Progress.parse(JSON.parse(progress))
  } catch {
    return null
  }
}

/** Throws `CHECKPOINT_DAMAGED` where it is no state of this run; `origin` is named. */
export function decodeState({ tensors, metadata }: Checkpoint, run: string, origin: string): SavedState {
  const parameters = tensors.get('parameters')
  const progress = progressOf(metadata)
  if (!progress || metadata.run !== run || !parameters) {
    throw new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected a state of run ${run} (${FORMAT}), got ${metadata.format ?? 'another file'} of run ${metadata.run ?? '?'}, in ${origin}`,
    )
  }
  const slots: Float32Array[] = []
  for (let slot = tensors.get('slot.0'); slot; slot = tensors.get(`slot.${slots.length}`)) slots.push(slot.data)
  return { progress, plain: { parameters: parameters.data, slots } }
}
