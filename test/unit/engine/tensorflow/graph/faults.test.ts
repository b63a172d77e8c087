/** Steps that a replay would compute wrongly, and steps that cannot be recorded. Each is named and trained eagerly. */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Step } from '../../../../../src/core/training/step.ts'
import type { PlainState } from '../../../../../src/core/training/stepper.ts'
import { record } from '../../../../../src/engine/tensorflow/graph/recording.ts'
import { GraphSession } from '../../../../../src/engine/tensorflow/graph/session.ts'
import type { NativeBackend } from '../../../../../src/engine/tensorflow/kernels.ts'
import { useEngine } from '../../../../engine.ts'
import { backend, type Feed, trainAsGraph, trainEagerly } from './steps.ts'

beforeAll(useEngine)

const start: PlainState = {
  parameters: Float32Array.of(1, 2, 3),
  slots: [Float32Array.of(4, 5, 6), Float32Array.of(4, 5, 6)],
}
const feed: Feed = i => ({ batch: { x: tf.tensor1d([i + 1, 2 * i, 3]) }, scalars: [1 / (i + 1)] })

/** A step of (parameters, slots, batch, rate) as plain TensorFlow.js. */
type Body = (p: tf.Tensor1D, slots: readonly tf.Tensor1D[], x: tf.Tensor1D, rate: tf.Scalar) => tf.Tensor1D[]

const stepOf =
  (body: Body): Step =>
  (state, { x }, [rate]) =>
    tf.tidy(() => {
      const [parameters, ...slots] = body(state.parameters, state.slots, x as tf.Tensor1D, rate)
      return { state: { parameters, slots }, loss: tf.sum(tf.mul(parameters, x)) } as unknown as tf.TensorContainer
    }) as unknown as ReturnType<Step>

/** Replays a step, expects the results of eager steps, and gives the printed lines. */
async function linesOf(make: () => Step, steps = 5): Promise<string[]> {
  const { lines, ...graph } = await trainAsGraph(make(), start, steps, feed)
  const { losses, state } = await trainEagerly(make(), start, steps, feed)
  expect(graph).toEqual({ losses, state })
  return lines
}

const plain: Body = (p, [a, b], x, rate) => [tf.sub(p, tf.mul(x, rate)), tf.add(a, x), tf.mul(b, 0.5)]

describe('silent faults', () => {
  it('1. variables that share one native tensor stay separate', async () => {
    // An average of the weights begins so: both slots first hold the tensor of the parameters, and later differ.
    const average: Body = (p, [a, b], x, rate) => [tf.add(p, tf.mul(x, rate)), tf.clone(p), tf.mul(tf.add(a, b), 0.5)]
    expect(await linesOf(() => stepOf(average))).toEqual([])
    const both: Body = (p, [a, b], x) => {
      const next: tf.Tensor1D = tf.add(p, tf.mul(x, tf.sub(a, b)))
      return [next, tf.clone(next), tf.clone(next)]
    }
    expect(await linesOf(() => stepOf(both))).toEqual([])
  })

  it('1. tensors of a batch that share one native tensor stay separate', async () => {
    const shared: Feed = i => {
      const x = tf.tensor1d([i, 1, 2])
      return { batch: { x, y: i === 0 ? tf.clone(x) : tf.tensor1d([7, i, 7]) }, scalars: [1] }
    }
    const step: Step = (state, { x, y }) =>
      tf.tidy(
        () =>
          ({
            state: { parameters: tf.add(state.parameters, tf.mul(x, y)), slots: [] },
            loss: tf.sum(tf.sub(x, y)),
          }) as unknown as tf.TensorContainer,
      ) as unknown as ReturnType<Step>
    const one = { parameters: start.parameters, slots: [] }
    expect(await trainAsGraph(step, one, 4, shared)).toEqual(await trainEagerly(step, one, 4, shared))
  })

  it('2. a variable is read before it is written: swapped variables swap, in every session', async () => {
    const swap: Body = (p, [a, b]) => [tf.clone(a), tf.clone(b), tf.clone(p)]
    for (let i = 0; i < 30; i++) expect(await linesOf(() => stepOf(swap), 4)).toEqual([])
  })

  it('2. a variable that only the loss reads is read before it is written, in every session', async () => {
    const one = { parameters: start.parameters, slots: [] }
    const step: Step = ({ parameters }, { x }, [rate]) =>
      tf.tidy(
        () =>
          ({
            state: { parameters: tf.mul(x, rate), slots: [] },
            loss: tf.sum(parameters),
          }) as unknown as tf.TensorContainer,
      ) as unknown as ReturnType<Step>
    const eager = await trainEagerly(step, one, 4, feed)
    for (let i = 0; i < 30; i++) expect(await trainAsGraph(step, one, 4, feed)).toEqual(eager)
  })

  it('2. the order is written in the graph', () => {
    const [p, q] = [tf.tensor1d([1]), tf.tensor1d([2])]
    const { recording } = record(backend(), {
      variables: [p, q],
      feeds: [],
      run: ([a, b]) => ({ next: [b, a], outputs: [a] }),
    })
    expect(recording.next).toEqual([
      { kind: 'variable', index: 1 },
      { kind: 'variable', index: 0 },
    ])
    const session = new GraphSession(backend(), [recording])
    session.assign([p, q])
    for (let i = 1; i <= 9; i++) {
      tf.dispose(session.run(0, []))
      expect(session.readAll().map(value => value.dataSync()[0])).toEqual(i % 2 === 1 ? [2, 1] : [1, 2])
    }
    session.dispose()
  })

  it('3. random numbers made in JavaScript are named', async () => {
    const make = () => {
      let seed = 0
      return stepOf((p, [a, b], x, rate) => {
        const noise = tf.randomNormal<tf.Rank.R1>([3], 0, 1, 'float32', ++seed)
        return plain(tf.add(p, noise), [a, b], x, rate)
      })
    }
    const { lines } = await trainAsGraph(make(), start, 3, feed)
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(
          '^The training runs eagerly.*An undeclared tensor changes from step to step: ' +
            'input 1 of operation 0 \\(Add\\), float32 \\[3\\], at index \\[0\\] ' +
            'was -?[\\d.e-]+, then -?[\\d.e-]+\\. It is made in JavaScript within the step .*' +
            'Declare it: .*scalar of the step.*\\.$',
        ),
      ),
    ])
  })

  it('3. a counter and a rate that are not scalars of the step are named', async () => {
    const make = () => {
      let t = 0
      return stepOf((p, slots, x, rate) => plain(tf.mul(p, 0.9 ** ++t), slots, x, rate))
    }
    expect((await trainAsGraph(make(), start, 3, feed)).lines[0]).toMatch(
      /operation 0 \(Mul\), float32 \[\].*0\.89\d*, then 0\.8/,
    )
  })

  it('3. native random numbers are not replayed', async () => {
    const step = stepOf((p, slots, x, rate) => {
      const drawn = tf.multinomial(tf.tensor1d([0.1, 0.2, 0.7]), 3, 1)
      return plain(tf.add(p, tf.cast(drawn, 'float32')), slots, x, rate)
    })
    expect((await trainAsGraph(step, start, 3, feed)).lines[0]).toMatch(/Multinomial draws random numbers of its own/)
  })

  it('4. an undeclared variable is named, also if a step only writes it', async () => {
    const statistics = tf.variable(tf.zeros<tf.Rank.R1>([3]), false)
    const running = stepOf((p, slots, x, rate) => {
      statistics.assign(tf.add(tf.mul(statistics, 0.9), x))
      return plain(tf.add(p, statistics), slots, x, rate)
    })
    expect((await trainAsGraph(running, start, 3, feed)).lines[0]).toMatch(
      new RegExp(
        'input 0 of operation 0 \\(Mul\\), float32 \\[3\\], at index \\[0\\] was 0, then 1\\. ' +
          'It is held outside the step \\(a variable',
      ),
    )
    const written = stepOf((p, slots, x, rate) => {
      statistics.assign(tf.square(x))
      return plain(p, slots, x, rate)
    })
    expect((await trainAsGraph(written, start, 3, feed)).lines[0]).toMatch(
      /keeps output 0 of operation 0 \(Square\), float32 \[3\] beyond the step/,
    )
    statistics.dispose()
  })
})

describe('a step that cannot be recorded is trained eagerly, and the reason is printed:', () => {
  const cases: [string, Body, RegExp][] = [
    [
      'a tensor read back',
      (p, slots, x, rate) => plain(tf.add(p, tf.sum(x).dataSync()[0]), slots, x, rate),
      /reads a tensor back .* output 0 of operation 0 \(Sum\)/,
    ],
    [
      'the batch read back',
      (p, slots, x, rate) => plain(tf.add(p, x.dataSync()[0]), slots, x, rate),
      /reads a tensor back .* feed 0/,
    ],
    [
      'data() within the step',
      (p, slots, x, rate) => {
        void p.data()
        return plain(p, slots, x, rate)
      },
      /reads a tensor back .* variable 0/,
    ],
    [
      'a string tensor',
      (p, slots, x, rate) => plain(tf.where(tf.equal(tf.tensor1d(['a', 'b', 'c']), 'b'), p, x), slots, x, rate),
      /constant of string, which cannot be written down/,
    ],
  ]
  it.each(cases)('%s', async (_, body, reason) => {
    const lines = await linesOf(() => stepOf(body))
    expect(lines).toEqual([expect.stringMatching(reason)])
    expect(lines[0]).toMatch(/^The training runs eagerly, one operation at a time, because the step cannot be replayed/)
  })

  it('a branch, with the first operation that differs', async () => {
    const make = () => {
      let calls = 0
      return stepOf((p, slots, x, rate) => plain(calls++ % 2 === 0 ? tf.sqrt(x) : tf.abs(p), slots, x, rate))
    }
    expect((await trainAsGraph(make(), start, 3, feed)).lines).toEqual([
      expect.stringMatching(/different operations on different data: operation 0 was Sqrt, then Abs/),
    ])
  })

  it('an attribute or an input that differs', async () => {
    const attribute = () => {
      let calls = 0
      return stepOf((p, slots, x, rate) => plain(tf.elu(tf.sum(tf.outerProduct(p, x), calls++ % 2)), slots, x, rate))
    }
    expect((await trainAsGraph(attribute(), start, 3, feed)).lines[0]).toMatch(/at index|attributes of operation/)
    const wiring = () => {
      let calls = 0
      return stepOf((p, [a, b], x, rate) => plain(tf.sub(p, calls++ % 2 ? a : b), [a, b], x, rate))
    }
    expect((await trainAsGraph(wiring(), start, 3, feed)).lines[0]).toMatch(
      /inputs of operation 0 \(Sub\) were variable 0, variable 2, then variable 0, variable 1/,
    )
  })

  it('a step that fails on the trial data', async () => {
    const make = () => {
      let calls = 0
      return stepOf((p, slots, x, rate) => {
        if (++calls === 2) throw new Error('an unknown label')
        return plain(p, slots, x, rate)
      })
    }
    expect(await linesOf(make, 1)).toEqual([expect.stringMatching(/fails on other data.*an unknown label/)])
  })

  it('an operation that TensorFlow refuses in a graph', async () => {
    const native = tf.backend() as unknown as NativeBackend
    // An eager operation takes its types from its inputs. An operation of a graph must name them.
    const untyped = stepOf((p, slots, x, rate) =>
      plain(native.executeSingleOutput('Square', [], [p]) as tf.Tensor1D, slots, x, rate),
    )
    expect(await linesOf(() => untyped)).toEqual([
      expect.stringMatching(/TensorFlow rejects the graph: .*No attr named 'T'/),
    ])
    const shapes = { name: 'shapes', type: backend().binding.TF_ATTR_SHAPE, value: null }
    const odd = {
      recording: record(backend(), { variables: [], feeds: [], run: () => ({ next: [], outputs: [tf.scalar(1)] }) })
        .recording,
    }
    const recording = {
      ...odd.recording,
      ops: [{ name: 'Square', attributes: [shapes], inputs: [] }],
      outputs: [{ dtype: 1, shape: [], source: { kind: 'output' as const, op: 0, index: 0 } }],
    }
    expect(() => new GraphSession(backend(), [recording])).toThrow(
      /The attribute shapes of Square .* cannot be written down/,
    )
  })

  it('an error of the step itself is thrown, and the binding is restored', async () => {
    const { binding } = backend()
    const broken = stepOf(() => {
      throw new Error('a bug')
    })
    await expect(trainAsGraph(broken, start, 1, feed)).rejects.toThrow('a bug')
    expect(backend().binding).toBe(binding)
  })
})
