/** A native session over recordings: it holds their variables, and runs any of them as one graph. */
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

/** TensorFlow loads from a folder only; nothing of it is needed afterwards. */
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

/** What the native library does not take is not recordable; exhausted memory is the affair of whoever computes. */
export function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof NotRecordable || !(error instanceof Error)) throw error
    if (isExhausted(error)) throw error
    throw new NotRecordable(`TensorFlow does not take the graph: ${error.message.split(/\s*\n\s*/).join(' ')}`)
  }
}

export class GraphSession {
  readonly #backend: Backend
  readonly #recordings: readonly Recording[]
  readonly #session: number

  /** The variables have no values until `assign`. */
  constructor(backend: Backend, recordings: readonly Recording[]) {
    this.#backend = backend
    this.#recordings = recordings
    this.#session = attempt(() => load(backend.binding, recordings))
  }

  get #variables() {
    return this.#recordings[0].variables
  }

  /** Runs a recording on these feeds; its variables go on to their next values. */
  run(graph: number, feeds: readonly tf.Tensor[]): tf.Tensor[] {
    const { outputs } = this.#recordings[graph]
    return this.#run(
      this.#backend.getInputTensorIds(feeds),
      feeds.map((_, i) => names.feed(graph, i)),
      outputs.map((_, i) => names.output(graph, i)),
    ).map(output => this.#backend.createOutputTensor(output))
  }

  /** A variable as it is, in a tensor of its own. */
  read(variable: number): tf.Tensor {
    return this.#backend.createOutputTensor(this.#run([], [], [names.value(variable)])[0])
  }

  readAll(): tf.Tensor[] {
    return this.#variables.map((_, i) => this.read(i))
  }

  assign(values: readonly tf.Tensor[]): void {
    const { binding } = this.#backend
    // JavaScript owns the memory of what it made, and must not be told of its end by one of TensorFlow's threads.
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
