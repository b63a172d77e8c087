/** Networks whose maps are bfloat16: gradients, replays, tensors, and the bytes that a training step moves. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Kernels } from '../../../../src/core/kernels.ts'
import { unpack } from '../../../../src/core/models/parameters.ts'
import { frugalValueAndGrad } from '../../../../src/core/training/frugal.ts'
import { stepIn } from '../../../../src/core/training/step.ts'
import { DataType, type NativeTensor, withBinding } from '../../../../src/engine/tensorflow/graph/native.ts'
import { fusedKernels, type NativeBackend } from '../../../../src/engine/tensorflow/kernels.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { backend, difference, type Feed, imageTraining, native, trainAsGraph, trainEagerly } from './graph/steps.ts'

beforeAll(useEngine)

const BFLOAT16 = 14

interface Choice {
  readonly network: string
  readonly channels: number
  readonly shape: readonly [batch: number, rows: number, columns: number]
}

/** Noise, and the noise's square. */
function imagesOf(shape: Choice['shape']) {
  const x = tf.randomNormal([...shape, 1], 0, 1, 'float32', 1)
  return { x, y: tf.square(x) }
}

function trainingOf({ network, channels, shape }: Choice, used: Kernels = kernels()) {
  const { optimizer, step: exact, ...training } = imageTraining(network, { channels }, used)
  const feed: Feed = step => ({
    batch: imagesOf(shape),
    scalars: optimizer.scalars(3e-3, step + 1),
  })
  return { ...training, exact, mixed: stepIn('bfloat16', used, exact), feed }
}

interface Gradients {
  readonly loss: number
  /** Of all learned parameters together. */
  readonly all: Float32Array
  /** Of each learned parameter, by name. */
  readonly named: ReadonlyMap<string, Float32Array>
}

/** The loss and its gradients. Each parameter is changed by at most the factor 1 ± `change`. */
function gradientsOf(choice: Choice, change = 0): Gradients {
  const { specs, loss, feed, start } = trainingOf(choice)
  const { batch } = feed(0)
  const factors = tf.randomUniform([start.parameters.length], 1 - change, 1 + change, 'float32', 3)
  const parameters = tf.mul(start.parameters, factors)
  const named = new Map<string, Float32Array>()
  let found = Number.NaN
  tf.tidy(() => {
    const { value, grad } = frugalValueAndGrad(flat =>
      loss(unpack(flat as tf.Tensor1D, specs), batch, { set: () => {}, own: () => {} }),
    )(parameters)
    found = value.dataSync()[0]
    const gradients = unpack(grad as tf.Tensor1D, specs)
    for (const { name, buffer } of specs)
      if (!buffer) named.set(name, gradients[name].dataSync().slice() as Float32Array)
  })
  tf.dispose([factors, parameters, ...Object.values(batch)])
  return { loss: found, all: Float32Array.from([...named.values()].flatMap(values => [...values])), named }
}

/** Calls `hear` after each native operation of `work`. */
function listen(work: () => void, hear: (name: string, inputs: readonly number[], outputs: NativeTensor[]) => void) {
  const { binding } = backend()
  const executeOp: typeof binding.executeOp = (name, attributes, inputs, count) => {
    const outputs = binding.executeOp(name, attributes, inputs, count)
    hear(name, inputs, outputs)
    return outputs
  }
  withBinding(backend(), { executeOp }, work)
}

const choices: Choice[] = [
  { network: 'unet', channels: 8, shape: [1, 35, 46] },
  { network: 'unet', channels: 8, shape: [2, 32, 32] },
  { network: 'unet-plus-plus', channels: 8, shape: [2, 32, 48] },
]

describe.each(choices)('$network in bfloat16, images $shape', choice => {
  it('has nearly the loss of float32, and gradients as near as slightly other parameters give', () => {
    const exact = gradientsOf(choice)
    const reduced = kernels().inBfloat16(() => gradientsOf(choice))
    expectClose([reduced.loss], [exact.loss], 1e-2)
    for (const [name, gradient] of reduced.named) {
      expect(gradient.every(Number.isFinite), name).toBe(true)
      expect(
        gradient.some(value => value !== 0),
        name,
      ).toBe(true)
    }
    // Gradients of rectifiers jump where a map is near 0, so small changes of the parameters change them by a third.
    const changed = gradientsOf(choice, 2 ** -8)
    expect(difference(reduced.all, exact.all)).toBeLessThan(2 * difference(changed.all, exact.all))
  })

  it('keeps the maps of norms, rectifiers and pooling in bfloat16', () => {
    const types = new Map<string, Set<number>>()
    listen(
      () => kernels().inBfloat16(() => gradientsOf(choice)),
      (name, _, [{ dtype }]) => types.set(name, (types.get(name) ?? new Set()).add(dtype)),
    )
    const pools = [...types.keys()].filter(name => /^(?:Avg|Max)Pool/.test(name))
    expect(pools).toHaveLength(2)
    for (const name of ['FusedBatchNormV3', 'FusedBatchNormGradV3', 'LeakyRelu', 'LeakyReluGrad', ...pools])
      expect(types.get(name), name).toEqual(new Set([BFLOAT16]))
  })

  it('leaks no tensor', () => {
    gradientsOf(choice)
    const before = native()
    kernels().inBfloat16(() => gradientsOf(choice))
    expect(native()).toEqual(before)
  })

  it('is replayed bit for bit', async () => {
    const { mixed, start, feed } = trainingOf(choice)
    const graph = await trainAsGraph(mixed, start, 3, feed)
    const eager = await trainEagerly(mixed, start, 3, feed)
    expect(graph.lines).toEqual([])
    expect(graph.losses).toEqual(eager.losses)
    expect(graph.state).toEqual(eager.state)
  })
})

it('reaches nearly the loss of float32 in a training', async () => {
  const { mixed, exact, start, feed } = trainingOf({ network: 'unet', channels: 8, shape: [1, 24, 20] })
  const STEPS = 30
  const reduced = await trainAsGraph(mixed, start, STEPS, feed)
  const { losses } = await trainAsGraph(exact, start, STEPS, feed)
  expect(reduced.lines).toEqual([])
  expect(reduced.losses).not.toEqual(losses)
  expectClose([reduced.losses[0]], [losses[0]], 1e-2)
  expect(losses.at(-1)! / losses[0]).toBeLessThan(0.7)
  expectClose([reduced.losses.at(-1)!], [losses.at(-1)!], 0.2)
})

/** Bytes per element of types other than 4 bytes. */
const WIDTHS: Readonly<Record<number, number>> = {
  [BFLOAT16]: 2,
  [DataType.bool]: 1,
  [DataType.int64]: 8,
  [DataType.complex64]: 8,
}
const bytesOf = ({ dtype, shape }: NativeTensor) => shape.reduce((a, b) => a * b, WIDTHS[dtype] ?? 4)

/** Operations that return their input's memory. */
const FREE = new Set(['Reshape', 'Identity'])

/** Bytes of tensors that the operations of `work` read and write. */
function movedBy(work: () => void): number {
  const { binding } = backend()
  const known = new Map<number, number>()
  const bytesAt = (id: number) => {
    const found = known.get(id)
    if (found !== undefined) return found
    const [copy] = binding.executeOp('Identity', [], [id], 1) // the binding tells types and shapes of outputs alone
    binding.deleteTensor(copy.id)
    known.set(id, bytesOf(copy))
    return bytesOf(copy)
  }
  let moved = 0
  listen(work, (name, inputs, outputs) => {
    for (const output of outputs) known.set(output.id, bytesOf(output))
    if (!FREE.has(name)) for (const id of [...inputs, ...outputs.map(({ id }) => id)]) moved += bytesAt(id)
  })
  return moved
}

it('moves at most 0.65 of the bytes of float32 for each pixel of an image', () => {
  // TensorFlow's own operations, which compute on a GPU.
  const used = { ...fusedKernels(backend() as unknown as NativeBackend), inBfloat16: kernels().inBfloat16 }
  // A step also moves bytes for the parameters, which do not depend on the image.
  const bytesOfStep = (precision: 'exact' | 'mixed', size: number) => {
    const {
      [precision]: step,
      feed,
      start,
    } = trainingOf({ network: 'unet', channels: 32, shape: [1, size, size] }, used)
    const { batch, scalars } = feed(0)
    const inputs = [start.parameters, ...start.slots].map(values => tf.tensor1d(values))
    const [parameters, ...slots] = inputs
    const fed = scalars.map(value => tf.scalar(value))
    const moved = movedBy(() => {
      const { state, loss } = step({ parameters, slots }, batch, fed)
      tf.dispose([state.parameters, ...state.slots, loss])
    })
    tf.dispose([...inputs, ...fed, ...Object.values(batch)])
    return moved
  }
  const [small, large] = [32, 48]
  const perPixel = (precision: 'exact' | 'mixed') =>
    (bytesOfStep(precision, large) - bytesOfStep(precision, small)) / (large ** 2 - small ** 2)
  const ratio = perPixel('mixed') / perPixel('exact')
  console.info(`bfloat16 moves ${ratio.toFixed(3)} of the bytes of float32`)
  expect(ratio).toBeLessThan(0.65)
})
