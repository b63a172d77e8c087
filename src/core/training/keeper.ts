/** A training's weights and states as files. Weights with NaN or infinity are never written. */
import { AppError } from '../../contract/errors.ts'
import type { CheckpointRole, TrainingEvent } from '../../contract/runs.ts'
import { allFinite } from '../extremes.ts'
import type { ParameterSpec } from '../models/network.ts'
import { toTorch } from '../models/parameters.ts'
import type { Checkpoint } from './checkpoint.ts'
import { encodeState, type Progress } from './state.ts'
import type { Stepper } from './stepper.ts'

/** Where files go, because core opens no file. Two files of one name always have equal content. */
export interface RunFiles {
  /** `epoch`: the epoch of the weights, from 1. `step`: the last step, if the epoch is not finished. */
  saveCheckpoint(
    role: CheckpointRole | 'head',
    epoch: number,
    checkpoint: Checkpoint,
    step?: number,
  ): Promise<{ path: string; sha256: string }>
  /** `epoch` and `step`: numbers of epochs and steps that are done. */
  saveState(epoch: number, step: number, state: Checkpoint): Promise<{ path: string; sha256: string }>
  /** Image [height, width]. */
  savePreview(epoch: number, image: Float32Array): Promise<{ path: string }>
}

interface Kept {
  readonly run: string
  readonly task: {
    readonly network: readonly ParameterSpec[]
    readonly head: readonly ParameterSpec[]
  }
  readonly metadata: Readonly<Record<string, string>>
  readonly files: RunFiles
}

/** States and last weights are written again after this many times their writing time. */
const SAVE_AFTER = 20

export interface Keeper {
  /** Writes the network's weights; for role `last` the head's weights too. Throws `NOT_FINITE`. */
  weights(role: CheckpointRole, progress: Progress): Promise<Extract<TrainingEvent, { type: 'checkpoint' }>>
  /** Writes the state. Throws `NOT_FINITE`. */
  state(progress: Progress): Promise<Extract<TrainingEvent, { type: 'state' }>>
  /** Whether enough time has passed since the last state, or there was none. */
  readonly due: boolean
  /** Minutes since the last state, or since the beginning. */
  readonly minutes: number
}

export function makeKeeper({ run, task, metadata: common, files }: Kept, stepper: Stepper, perEpoch: number): Keeper {
  const specs = [...task.network, ...task.head]
  const begun = performance.now()
  let savedAt: number | null = null
  let lastMs = 0
  let costMs = 0

  function refuseNumberless({ step }: Progress, vectors: readonly Float32Array[]): void {
    if (vectors.every(allFinite)) return
    throw new AppError(
      'NOT_FINITE',
      `After step ${step} the weights are no longer numbers, so they are not kept. ` +
        'A lower learning rate, or clipping, may help.',
    )
  }

  async function weights(role: CheckpointRole, progress: Progress) {
    const { step } = progress
    const epoch = Math.max(1, Math.ceil(step / perEpoch))
    const within = step === epoch * perEpoch ? undefined : step
    const parameters = (await stepper.parameters().data()) as Float32Array
    refuseNumberless(progress, [parameters])
    const tensors = toTorch(parameters, specs)
    const pick = (wanted: readonly ParameterSpec[]) => new Map(wanted.map(spec => [spec.name, tensors.get(spec.name)!]))
    const metadata = { ...common, format: 'pt', run, epoch: String(epoch) }
    const head =
      role === 'last' && task.head.length > 0
        ? await files.saveCheckpoint('head', epoch, { tensors: pick(task.head), metadata }, within)
        : null
    const written = await files.saveCheckpoint(role, epoch, { tensors: pick(task.network), metadata }, within)
    return { type: 'checkpoint' as const, role, epoch, step, ...written, ...(head && { head: head.path }) }
  }

  return {
    async weights(role, progress) {
      const start = performance.now()
      const event = await weights(role, progress)
      if (role === 'last') lastMs = performance.now() - start
      return event
    },
    async state(progress) {
      const start = performance.now()
      const { step, epoch, best } = progress
      const plain = await stepper.read()
      refuseNumberless(progress, [plain.parameters, ...plain.slots])
      const written = await files.saveState(epoch, step, encodeState(run, { progress, plain }))
      savedAt = performance.now()
      costMs = lastMs + savedAt - start
      return { type: 'state', at: { step, epoch }, bestEpoch: best?.epoch ?? null, ...written }
    },
    get due() {
      return savedAt === null || performance.now() - savedAt >= SAVE_AFTER * costMs
    },
    get minutes() {
      return (performance.now() - (savedAt ?? begun)) / 60_000
    },
  }
}
