/**
 * A training's steps, recorded once for each shape of batch and replayed as one native graph. What cannot be recorded is trained
 * eagerly, with a line that says why.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../../../core/training/stack.ts'
import type { Step, TrainingState } from '../../../core/training/step.ts'
import { eagerStepper, type MakeStepper, type PlainState, type Stepper } from '../../../core/training/stepper.ts'
import { isExhausted } from '../exhausted.ts'
import { compareRecordings } from './compare.ts'
import type { Backend } from './native.ts'
import { NotRecordable, type Recording, record } from './recording.ts'
import { attempt, GraphSession } from './session.ts'
import { computesEagerly, say } from './way.ts'

/** Each shape's graph costs memory and makes every rebuilding slower; batches of further shapes are taken eagerly. */
const MOST_SHAPES = 8

/** How far the first replayed step may be from the eager one before it is taken for wrong; they are equal on a CPU. */
const LOSS_TOLERANCE = 1e-2
const UPDATE_TOLERANCE = 0.25

const vectors = ({ parameters, slots }: TrainingState): tf.Tensor[] => [parameters, ...slots]
const stateOf = ([parameters, ...slots]: readonly tf.Tensor[]) => ({ parameters, slots }) as unknown as TrainingState

/** The same numbers in another order: other data, of which every value is one that may occur. */
const reversed = (tensor: tf.Tensor) => (tensor.rank === 0 ? tf.clone(tensor) : tf.reverse(tensor))

const shapesOf = (batch: Batch, scalars: readonly number[]) =>
  [
    ...Object.values(batch).map(({ dtype, shape }) => `${dtype} ${shape.join(' × ')}`),
    `${scalars.length} scalars`,
  ].join(', ')

/** One recording of a step, and the state that the step gave. */
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

interface Rehearsal {
  readonly recording: Recording
  /** Samples of what the step gave eagerly. The caller disposes them. */
  readonly next: readonly tf.Tensor[]
  /** How far the step moved each of them: Σ |next − before|. */
  readonly moved: readonly number[]
  readonly loss: number
}

/** Of a long vector every how many-th element is compared, as a second state is a large part of what a training holds; a prime, so that each channel has its turn. */
const SAMPLED = 13
const LONG = 2 ** 16

const sample = (vector: tf.Tensor): tf.Tensor =>
  vector.size < LONG ? tf.clone(vector) : tf.stridedSlice(vector, [0], [vector.size], [SAMPLED])

const samples = (state: readonly tf.Tensor[]): tf.Tensor[] => state.map(sample)

const distance = (a: tf.Tensor, b: tf.Tensor): number => tf.tidy(() => tf.sum(tf.abs(tf.sub(a, b))).dataSync()[0])

/**
 * Takes the step twice without keeping its results: on the batch to come, then from the state after it, on the same batch in another
 * order and with other scalars. Only so does what was not declared show itself by its change. `state` gives where the training is, twice as
 * large as the parameters and more: here it goes as soon as it can.
 */
function rehearse(
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
      throw new NotRecordable(`It fails on other data, on which it was tried: ${error}`) // eagerly it may never meet them
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

/** Throws `NotRecordable` where the first replay is not the step that was recorded: whatever went wrong, training goes on right. */
function checkReplay(eager: Rehearsal, session: GraphSession, loss: number): void {
  if (!Number.isFinite(eager.loss) && !Number.isFinite(loss)) return // the training stops at it either way
  const wrong = (what: string, difference: number) =>
    new NotRecordable(`The replayed step is not the recorded one: its ${what} differs by ${difference.toPrecision(2)}`)
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

/** `say` hears one line when the training, or a batch, goes eagerly. */
export function makeGraphStepper(backend: Backend, say: (line: string) => void): MakeStepper {
  return (step, start) => new GraphStepper(backend, say, step, start)
}

class GraphStepper implements Stepper {
  readonly #backend: Backend
  readonly #say: (line: string) => void
  readonly #step: Step
  /** Where the state is: outside TensorFlow before the first step, then in a session, or with an eager stepper for good. */
  #start: PlainState | null
  #session: GraphSession | null = null
  #eager: Stepper | null = null
  readonly #shapes: string[] = []
  readonly #recordings: Recording[] = []
  #parameters: tf.Tensor1D | null = null
  readonly #refused = new Set<string>()
  #own: number | null = null

  constructor(backend: Backend, say: (line: string) => void, step: Step, start: PlainState) {
    this.#backend = backend
    this.#say = say
    this.#step = step
    this.#start = start
  }

  get own(): number | null {
    return this.#eager ? this.#eager.own : this.#own
  }

  async step(batch: Batch, scalars: readonly number[]): Promise<number> {
    if (this.#eager) return this.#eager.step(batch, scalars)
    this.#forgetParameters()
    const shape = shapesOf(batch, scalars)
    const graph = this.#shapes.indexOf(shape)
    if (graph >= 0) return this.#replay(this.#session!, graph, batch, scalars)
    if (this.#shapes.length === MOST_SHAPES) return this.#stepEagerly(shape, batch, scalars)
    try {
      return this.#add(shape, batch, scalars)
    } catch (error) {
      if (!(error instanceof NotRecordable)) throw error
      this.#say(
        `The training goes on eagerly, one operation at a time: the step cannot be replayed as one graph. ${error.message}.`,
      )
      const state = await this.read()
      this.dispose()
      this.#eager = eagerStepper(this.#step, state)
      return this.#eager.step(batch, scalars)
    }
  }

  /** Records a shape, makes a session of all shapes so far that goes on from where the training is, and takes the step there. */
  #add(shape: string, batch: Batch, scalars: readonly number[]): number {
    const rehearsal = rehearse(this.#backend, this.#step, () => this.#state(), batch, scalars)
    let session: GraphSession | null = null
    try {
      session = new GraphSession(this.#backend, [...this.#recordings, rehearsal.recording])
      const before = this.#state()
      try {
        session.assign(before)
      } finally {
        tf.dispose(before)
      }
      const loss = attempt(() => this.#replay(session!, this.#recordings.length, batch, scalars))
      checkReplay(rehearsal, session, loss)
      this.#session?.dispose()
      this.#session = session
      this.#start = null
      this.#recordings.push(rehearsal.recording)
      this.#shapes.push(shape)
      return loss
    } catch (error) {
      session?.dispose()
      throw error
    } finally {
      tf.dispose([...rehearsal.next])
    }
  }

  /** Where the training is. The caller disposes it. */
  #state(): tf.Tensor[] {
    return this.#session?.readAll() ?? tensorsOf(this.#start!)
  }

  async #stepEagerly(shape: string, batch: Batch, scalars: readonly number[]): Promise<number> {
    if (!this.#refused.has(shape)) {
      this.#say(
        `Batches of ${shape} go eagerly, one operation at a time: ${MOST_SHAPES} other shapes are recorded already.`,
      )
      this.#refused.add(shape)
    }
    const eager = eagerStepper(this.#step, await this.read())
    try {
      const loss = await eager.step(batch, scalars)
      this.#own = eager.own
      const next = tensorsOf(await eager.read())
      this.#session!.assign(next)
      tf.dispose(next)
      return loss
    } finally {
      eager.dispose()
    }
  }

  #replay(session: GraphSession, graph: number, batch: Batch, scalars: readonly number[]): number {
    const fed = scalars.map(value => tf.scalar(value))
    const results = session.run(graph, [...Object.values(batch), ...fed])
    const [loss, own] = results.map(result => result.dataSync()[0])
    tf.dispose([...results, ...fed])
    this.#own = own ?? null
    return loss
  }

  parameters(): tf.Tensor1D {
    if (this.#eager) return this.#eager.parameters()
    this.#parameters ??= (this.#session?.read(0) ?? tf.tensor1d(this.#start!.parameters)) as tf.Tensor1D
    return this.#parameters
  }

  async read(): Promise<PlainState> {
    if (this.#eager) return this.#eager.read()
    const state = this.#state()
    try {
      return await plainOf(state)
    } finally {
      tf.dispose(state)
    }
  }

  #forgetParameters(): void {
    this.#parameters?.dispose()
    this.#parameters = null
  }

  dispose(): void {
    this.#forgetParameters()
    this.#session?.dispose()
    this.#session = null
    this.#eager?.dispose()
  }
}

const tensorsOf = ({ parameters, slots }: PlainState): tf.Tensor[] =>
  [parameters, ...slots].map(vector => tf.tensor1d(vector))

async function plainOf(state: readonly tf.Tensor[]): Promise<PlainState> {
  const [parameters, ...slots] = await Promise.all(state.map(vector => vector.data() as Promise<Float32Array>))
  return { parameters, slots }
}

/** As a graph, unless SELF_MRI_EAGER=1; `hear` is told what goes eagerly all the same. */
export const makeTrainingStepper = (hear: (line: string) => void): MakeStepper =>
  computesEagerly() ? eagerStepper : makeGraphStepper(tf.backend() as unknown as Backend, hear)

/** What trainings use. */
export const graphStepper: MakeStepper = (step, start) => makeTrainingStepper(say)(step, start)
