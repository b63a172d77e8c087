/** The bytes of a saved model, against the examples in the description of the format. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { boolean, bytes, float, integer } from '../../../../../src/engine/tensorflow/graph/protobuf.ts'
import { type Recording, record } from '../../../../../src/engine/tensorflow/graph/recording.ts'
import { encodeSavedModel } from '../../../../../src/engine/tensorflow/graph/saved-model.ts'
import { GraphSession } from '../../../../../src/engine/tensorflow/graph/session.ts'
import { useEngine } from '../../../../engine.ts'
import { backend } from './steps.ts'

beforeAll(useEngine)

const hex = (message: Uint8Array) => Buffer.from(message).toString('hex')

describe('protocol buffers', () => {
  it('have the bytes of the examples in protobuf.dev/programming-guides/encoding', () => {
    expect(hex(integer(1, 150))).toBe('089601')
    expect(hex(bytes(2, 'testing'))).toBe('120774657374696e67')
    expect(hex(bytes(3, integer(1, 150)))).toBe('1a03089601')
    expect(hex(integer(1, -2))).toBe('08feffffffffffffffff01')
    expect(hex(integer(16, 1))).toBe('800101')
    expect(hex(boolean(5, true))).toBe('2801')
    expect(hex(float(4, 1))).toBe('250000803f')
  })
})

/** A recording that has only constants, which are its results. */
function constants(...values: { dtype: number; shape: number[]; bytes: Uint8Array }[]): Recording {
  return {
    variables: [],
    feeds: [],
    ops: [],
    constants: values.map(value => ({ ...value, use: '', madeInside: true })),
    next: [],
    outputs: values.map(({ dtype, shape }, index) => ({ dtype, shape, source: { kind: 'constant', index } })),
    kept: [],
  }
}

const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

describe('a saved model', () => {
  it('restores constants of every kind, bit for bit', () => {
    const floats = Float32Array.of(-0, 1e-42, Number.NaN, Number.NEGATIVE_INFINITY)
    const recording = constants(
      { dtype: 1, shape: [2, 2], bytes: bytesOf(floats) },
      { dtype: 3, shape: [3], bytes: bytesOf(Int32Array.of(-1, 2 ** 31 - 1, 0)) },
      { dtype: 10, shape: [2], bytes: Uint8Array.of(1, 0) },
      { dtype: 1, shape: [2, 0], bytes: new Uint8Array() },
      { dtype: 1, shape: [100], bytes: bytesOf(new Float32Array(100).fill(0.1)) },
    )
    const session = new GraphSession(backend(), [recording])
    const results = session.run(0, [])
    const [first, ...rest] = results.map(tensor => tensor.dataSync())
    expect(bytesOf(first as Float32Array)).toEqual(bytesOf(floats))
    expect(rest).toEqual([
      Int32Array.of(-1, 2 ** 31 - 1, 0),
      Uint8Array.of(1, 0),
      new Float32Array(),
      new Float32Array(100).fill(0.1),
    ])
    expect(results.map(({ shape }) => shape)).toEqual([[2, 2], [3], [2], [2, 0], [100]])
    for (const result of results) result.dispose()
    session.dispose()
  })

  it('writes a repeated number once', () => {
    const size = (fill: (i: number) => number) =>
      encodeSavedModel(backend().binding, [
        constants({ dtype: 1, shape: [1000], bytes: bytesOf(Float32Array.from({ length: 1000 }, (_, i) => fill(i))) }),
      ]).length
    expect(size(() => 1)).toBeLessThan(1000)
    expect(size(i => i)).toBeGreaterThan(4000)
  })

  it('lets an operation with old inputs wait for an operation recorded shortly before', () => {
    const feed = tf.tensor1d([0.5, -2])
    const after = (steps: number) =>
      record(backend(), {
        variables: [],
        feeds: [feed],
        run(_, [x]) {
          const old = tf.sin(x) // operation 0
          let y = old
          for (let i = 0; i < steps; i++) y = tf.tanh(y)
          return { next: [], outputs: [tf.add(y, tf.neg(old))] }
        },
      })
    const waited = (recording: Recording) =>
      Buffer.from(encodeSavedModel(backend().binding, [recording]))
        .toString('latin1')
        .match(/\^graph0\/op\d+/g)
    const [near, far] = [after(10), after(50)]
    expect(waited(near.recording)).toBeNull()
    expect(waited(far.recording)).toEqual(['^graph0/op47']) // The 51st operation waits.
    const session = new GraphSession(backend(), [far.recording])
    const [replayed] = session.run(0, [feed])
    expect(replayed.dataSync()).toEqual(far.outputs[0].dataSync())
    session.dispose()
    tf.dispose([feed, replayed, ...near.outputs, ...far.outputs])
  })
})
