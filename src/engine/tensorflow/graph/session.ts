/** A native session that holds the variables of recordings, and runs each recording as one graph. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs-core'
import { isExhausted } from '../exhausted.ts'
import type { Backend, Binding, NativeTensor } from './native.ts'
import { NotRecordable, type Recording } from './recording.ts'
import { encodeSavedModel, names, TAG } from './saved-model.ts'

const zeroth = (name: string) => `${name}:0`
const join0 = (list: readonly string[]) => list.map(zeroth).join(',')

/**
 * Loads the recordings from a temporary folder, because TensorFlow loads only from folders. The folder is then deleted.
 */
function load(binding: Binding, recordings: readonly Recording[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-graph-'))
  try {
    mkdirSync(join(folder, 'variables'))
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(binding, recordings))
    return binding.loadSavedModel(folder, TAG)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Turns errors of the native library into `NotRecordable`. Exhausted memory is thrown unchanged, because the caller
 * handles it.
 */
export function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof NotRecordable || !(error instanceof Error)) throw error
    if (isExhausted(error)) throw error
    throw new NotRecordable(`TensorFlow rejects the graph: ${error.message.split(/\s*\n\s*/).join(' ')}`)
  }
}

export class GraphSession {
  readonly #backend: Backend
  readonly #recordings: readonly Recording[]
  readonly #session: number

  /** The variables have no values until `assign` is called. */
  constructor(backend: Backend, recordings: readonly Recording[]) {
    this.#backend = backend
    this.#recordings = recordings
    this.#session = attempt(() => load(backend.binding, recordings))
  }

  get #variables() {
    return this.#recordings[0].variables
  }

  /** Runs a recording on these feeds, and updates its variables to their next values. */
  run(graph: number, feeds: readonly tf.Tensor[]): tf.Tensor[] {
    const { outputs } = this.#recordings[graph]
    return this.#run(
      this.#backend.getInputTensorIds(feeds),
      feeds.map((_, i) => names.feed(graph, i)),
      outputs.map((_, i) => names.output(graph, i)),
    ).map(output => this.#backend.createOutputTensor(output))
  }

  /** Returns a copy of a variable's present value. */
  read(variable: number): tf.Tensor {
    return this.#backend.createOutputTensor(this.#run([], [], [names.value(variable)])[0])
  }

  readAll(): tf.Tensor[] {
    return this.#variables.map((_, i) => this.read(i))
  }

  assign(values: readonly tf.Tensor[]): void {
    const { binding } = this.#backend
    // Copies the values, because JavaScript owns the memory of its tensors. A TensorFlow thread must not notify
    // JavaScript of the release of this memory.
    const copies = this.#backend.getInputTensorIds(values).map((id, i) => this.#copy(id, this.#variables[i].dtype))
    try {
      const [{ id }] = this.#run(
        copies,
        this.#variables.map((_, i) => names.initial(i)),
        [names.initialised],
      )
      binding.deleteTensor(id)
    } finally {
      for (const id of copies) binding.deleteTensor(id)
    }
  }

  #copy(id: number, dtype: number): number {
    const { binding } = this.#backend
    return binding.executeOp('DeepCopy', [{ name: 'T', type: binding.TF_ATTR_TYPE, value: dtype }], [id], 1)[0].id
  }

  #run(inputs: readonly number[], inputNames: readonly string[], outputNames: readonly string[]): NativeTensor[] {
    return this.#backend.binding.runSavedModel(this.#session, inputs, join0(inputNames), join0(outputNames))
  }

  dispose(): void {
    this.#backend.binding.deleteSavedModel(this.#session)
  }
}
