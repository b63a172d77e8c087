/** Records a step twice and compares the recordings. Then compares the first replay with the eager step. */
import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../../../core/models/parts.ts'
import type { Step, TrainingState } from '../../../core/training/step.ts'
import { isExhausted } from '../exhausted.ts'
import { compareRecordings } from './compare.ts'
import type { Backend } from './native.ts'
import { NotRecordable, type Recording, record } from './recording.ts'
import type { GraphSession } from './session.ts'

/** Tolerances of the first replayed step against the eager step. On a CPU both steps are equal. */
const LOSS_TOLERANCE = 1e-2
const UPDATE_TOLERANCE = 0.25

const vectors = ({ parameters, slots }: TrainingState): tf.Tensor[] => [parameters, ...slots]
const stateOf = ([parameters, ...slots]: readonly tf.Tensor[]) => ({ parameters, slots }) as unknown as TrainingState

/** Different data with the numbers of `tensor`, so that every value is a possible value. */
const reversed = (tensor: tf.Tensor) => (tensor.rank === 0 ? tf.clone(tensor) : tf.reverse(tensor))

/** Records a step. Returns the recording and the next state. */
function recordStep(
  backend: Backend,
  step: Step,
  state: readonly tf.Tensor[],
  batch: Batch,
  scalars: readonly number[],
) {
  const names = Object.keys(batch)
  const fed = scalars.map(value => tf.scalar(value))
  try {
    return record(backend, {
      variables: state,
      feeds: [...Object.values(batch), ...fed],
      run(variables, feeds) {
        const {
          state: next,
          loss,
          own,
        } = step(
          stateOf(variables),
          Object.fromEntries(names.map((name, i) => [name, feeds[i]])),
          feeds.slice(names.length) as tf.Scalar[],
        )
        return { next: vectors(next), outputs: own ? [loss, own] : [loss] }
      },
    })
  } finally {
    tf.dispose(fed)
  }
}

export interface Rehearsal {
  readonly recording: Recording
  /** Samples of the eager step's next state. The caller disposes them. */
  readonly next: readonly tf.Tensor[]
  /** How far the step moved each sample: Σ |next − before|. */
  readonly moved: readonly number[]
  readonly loss: number
}

/**
 * Only every 13th element of a long vector is compared, because a copy of the whole state needs much memory. 13 is a
 * prime, so that elements of every channel are compared.
 */
const SAMPLED = 13
const LONG = 2 ** 16

const sample = (vector: tf.Tensor): tf.Tensor =>
  vector.size < LONG ? tf.clone(vector) : tf.stridedSlice(vector, [0], [vector.size], [SAMPLED])

const samples = (state: readonly tf.Tensor[]): tf.Tensor[] => state.map(sample)

const distance = (a: tf.Tensor, b: tf.Tensor): number => tf.tidy(() => tf.sum(tf.abs(tf.sub(a, b))).dataSync()[0])

/**
 * Records the step twice and discards its results. The first time uses the next batch. The second time uses the
 * resulting state, the reversed batch, and halved scalars. An undeclared tensor then differs between the recordings.
 * `state` returns a copy of the training's state, at least twice as large as the parameters. The copy is disposed after
 * the first recording.
 */
export function rehearse(
  backend: Backend,
  step: Step,
  state: () => readonly tf.Tensor[],
  batch: Batch,
  scalars: readonly number[],
): Rehearsal {
  const before = state()
  let first: ReturnType<typeof recordStep>
  let moved: number[]
  let next: tf.Tensor[]
  try {
    first = recordStep(backend, step, before, batch, scalars)
    next = samples(first.next)
    moved = before.map((vector, i) => tf.tidy(() => distance(next[i], sample(vector))))
  } finally {
    tf.dispose([...before])
  }
  const others = Object.fromEntries(Object.entries(batch).map(([name, part]) => [name, reversed(part)]))
  const otherScalars = scalars.map(value => value / 2)
  let second: ReturnType<typeof recordStep> | null = null
  try {
    try {
      second = recordStep(backend, step, first.next, others, otherScalars)
    } catch (error) {
      if (error instanceof NotRecordable || isExhausted(error)) throw error
      // The training continues eagerly, because real batches may never contain such data.
      throw new NotRecordable(`It fails on other data, on which it was tried: ${error}`)
    }
    compareRecordings(first.recording, second.recording)
    return { recording: first.recording, next, moved, loss: first.outputs[0].dataSync()[0] }
  } catch (error) {
    tf.dispose(next)
    throw error
  } finally {
    const results = [first, ...(second ? [second] : [])].flatMap(({ next, outputs }) => [...next, ...outputs])
    tf.dispose([...Object.values(others), ...results])
  }
}

/** Throws `NotRecordable` if the first replay differs from the recorded step. The training then continues eagerly. */
export function checkReplay(eager: Rehearsal, session: GraphSession, loss: number): void {
  if (!Number.isFinite(eager.loss) && !Number.isFinite(loss)) return // the training stops at such a loss in both cases
  const wrong = (what: string, difference: number) =>
    new NotRecordable(
      `The replayed step is wrong: its ${what} differs by ${difference.toPrecision(2)} from the recorded step`,
    )
  const lossDifference = Math.abs(loss - eager.loss) / Math.max(Math.abs(eager.loss), 1e-6)
  if (!(lossDifference <= LOSS_TOLERANCE)) throw wrong('loss', lossDifference)
  for (const [i, expected] of eager.next.entries()) {
    const replayed = session.read(i)
    const difference = tf.tidy(() => distance(sample(replayed), expected))
    replayed.dispose()
    if (!(difference <= UPDATE_TOLERANCE * eager.moved[i]))
      throw wrong(i === 0 ? 'parameters' : `slot ${i}`, difference / eager.moved[i])
  }
}
