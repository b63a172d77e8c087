/**
 * Mixed precision by Kalamkar et al. 2019 (arXiv:1905.12322). Convolutions and their gradients take and give bfloat16.
 * All other operations are float32, also the parameters and their updates. bfloat16 has float32's exponent, so the loss
 * needs no scaling. bfloat16 has 8 bits of precision, and float32 has 24.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend, OpAttribute } from './graph/native.ts'
import { type NativeBackend, replaceKernel } from './kernels.ts'

const CONVOLUTIONS = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'] as const

/** TF_BFLOAT16, for which TensorFlow.js has no name. */
const BFLOAT16 = 14

/**
 * Matrix units multiply this many channels at a time. An image of one channel, such as the network's output, stays
 * exact.
 */
const CHANNELS = 8

type Convolutions = ReadonlyMap<string, tf.KernelFunc>

/** TensorFlow's own convolution kernels. Call this before other kernels replace them. */
export const convolutionKernels = (): Convolutions =>
  new Map(CONVOLUTIONS.map(name => [name, tf.getKernel(name, tf.getBackend()).kernelFunc]))

function isWide({ inputs, attrs }: { inputs: unknown; attrs?: unknown }): boolean {
  const { filter } = inputs as { filter?: tf.Tensor4D }
  const [, , from, to] = filter?.shape ?? (attrs as { filterShape: readonly number[] }).filterShape
  return from % CHANNELS === 0 && to % CHANNELS === 0
}

/** Returns a function that runs `work` with bfloat16 convolutions, computed by the `standard` kernels. */
export function makeMixedPrecision(backend: NativeBackend & Backend, standard: Convolutions): <T>(work: () => T) => T {
  let mixed = false

  function convert(id: number, from: number, to: number): number {
    const { TF_ATTR_TYPE, TF_ATTR_BOOL } = backend.binding
    const attributes = [
      { name: 'SrcT', type: TF_ATTR_TYPE, value: from },
      { name: 'DstT', type: TF_ATTR_TYPE, value: to },
      { name: 'Truncate', type: TF_ATTR_BOOL, value: false },
    ]
    return backend.binding.executeOp('Cast', attributes, [id], 1)[0].id
  }

  function execute(name: string, attributes: OpAttribute[], inputs: tf.Tensor[]): tf.Tensor {
    const { binding } = backend
    const made: number[] = []
    const keep = (id: number) => {
      made.push(id)
      return id
    }
    try {
      const given = backend
        .getInputTensorIds(inputs)
        .map((id, i) => (inputs[i].dtype === 'float32' ? keep(convert(id, binding.TF_FLOAT, BFLOAT16)) : id))
      const lower = attributes.map(each => (each.name === 'T' ? { ...each, value: BFLOAT16 } : each))
      const [result] = binding.executeOp(name, lower, given, 1)
      const id = convert(keep(result.id), BFLOAT16, binding.TF_FLOAT)
      return backend.createOutputTensor({ id, shape: result.shape, dtype: binding.TF_FLOAT })
    } finally {
      for (const id of made) binding.deleteTensor(id)
    }
  }
  const reduced = Object.create(backend, { executeSingleOutput: { value: execute } })

  for (const name of CONVOLUTIONS) {
    replaceKernel(
      name,
      present => args => (mixed && isWide(args) ? standard.get(name)!({ ...args, backend: reduced }) : present(args)),
    )
  }

  return work => {
    const before = mixed
    mixed = true
    try {
      return work()
    } finally {
      mixed = before
    }
  }
}
