/**
 * Records a training's step once per batch shape, and replays it as one native graph. If the step cannot be recorded,
 * the training runs eagerly, and one line gives the reason. See docs/decisions/0008-record-a-step-replay-a-graph.md.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../../../core/models/parts.ts'
import type { Step } from '../../../core/training/step.ts'
import { eagerStepper, type MakeStepper, type PlainState, type Stepper } from '../../../core/training/stepper.ts'
import type { Backend } from './native.ts'
import { NotRecordable, type Recording } from './recording.ts'
import { checkReplay, rehearse } from './rehearsal.ts'
import { attempt, GraphSession } from './session.ts'
import { computesEagerly, say } from './way.ts'

/**
 * The largest number of recorded shapes, because each graph needs memory and slows down the next rebuild. Batches of
 * further shapes run eagerly. Matrices and coils of a multi-centre study give a dozen shapes.
 */
const MOST_SHAPES = 24

const shapesOf = (batch: Batch, scalars: readonly number[]) =>
  [
    ...Object.values(batch).map(({ dtype, shape }) => `${dtype} ${shape.join(' × ')}`),
    `${scalars.length} scalars`,
  ].join(', ')

/** `say` gets one line if the training or a batch runs eagerly. */
export function makeGraphStepper(
  backend: Backend,
  say: (line: string) => void,
  mostShapes: number = MOST_SHAPES,
): MakeStepper {
  return (step, start) => new GraphStepper(backend, say, mostShapes, step, start)
}

class GraphStepper implements Stepper {
  readonly #backend: Backend
  readonly #say: (line: string) => void
  readonly #mostShapes: number
  readonly #step: Step
  /** The state is in `#start` before the first step, then in `#session`, or permanently in `#eager`. */
  #start: PlainState | null
  #session: GraphSession | null = null
  #eager: Stepper | null = null
  readonly #shapes: string[] = []
  readonly #recordings: Recording[] = []
  #parameters: tf.Tensor1D | null = null
  readonly #refused = new Set<string>()
  #own: number | null = null

  constructor(backend: Backend, say: (line: string) => void, mostShapes: number, step: Step, start: PlainState) {
    this.#backend = backend
    this.#say = say
    this.#mostShapes = mostShapes
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
    if (this.#shapes.length === this.#mostShapes) return this.#stepEagerly(shape, batch, scalars)
    try {
      return this.#add(shape, batch, scalars)
    } catch (error) {
      if (!(error instanceof NotRecordable)) throw error
      this.#say(
        'The training runs eagerly, one operation at a time, because the step cannot be replayed as one graph. ' +
          `${error.message}.`,
      )
      const state = await this.read()
      this.dispose()
      this.#eager = eagerStepper(this.#step, state)
      return this.#eager.step(batch, scalars)
    }
  }

  /**
   * Records a shape and makes a session of all recorded shapes with the present state. Takes the step in this session.
   */
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

  /** The training's present state. The caller disposes the tensors. */
  #state(): tf.Tensor[] {
    return this.#session?.readAll() ?? tensorsOf(this.#start!)
  }

  async #stepEagerly(shape: string, batch: Batch, scalars: readonly number[]): Promise<number> {
    if (!this.#refused.has(shape)) {
      this.#say(
        `Batches of ${shape} run eagerly, one operation at a time, ` +
          `because ${this.#mostShapes} other shapes are recorded.`,
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

/** Makes graph steppers, or eager steppers if SELF_MRI_EAGER=1. `hear` gets a line for everything that runs eagerly. */
export const makeTrainingStepper = (hear: (line: string) => void): MakeStepper =>
  computesEagerly() ? eagerStepper : makeGraphStepper(tf.backend() as unknown as Backend, hear)

/** The stepper of trainings, which prints its lines on standard error. */
export const graphStepper: MakeStepper = (step, start) => makeTrainingStepper(say)(step, start)
