/**
 * Runs many images of one shape through one network as one native graph. A recording costs about the time that a graph
 * saves on `RECORDED_AFTER` images. Recording therefore starts after this number of images. The extra time is then at
 * most twice the least possible extra time.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../../core/kernels.ts'
import { applyModel, type Model, makeEagerPredict, type Predict } from '../../../core/models/model.ts'
import { read } from '../../../core/read.ts'
import { compareRecordings } from './compare.ts'
import type { Backend } from './native.ts'
import { NotRecordable, type Recording, record } from './recording.ts'
import { GraphSession } from './session.ts'

/**
 * Recording, loading and planning were measured. They cost what a graph saves on 13 (U-Net-16, 160 × 160) to 36 images
 * (U-Net-32, 320 × 320).
 */
export const RECORDED_AFTER = 20

/** The largest number of recorded shapes per network. */
const MOST_SHAPES = 8

/** A session is closed after this time without a request, because it holds a copy of the network's weights. */
const IDLE_MS = 60_000

interface Recorded {
  readonly recordings: Recording[]
  /** The shape [h, w] of each recording. */
  readonly shapes: string[]
  session: GraphSession | null
  /** Identifies the weights whose values the session's variable has. */
  weights: object | null
}

/** `say` gets one line if a network stays eager. */
export function makeGraphPredictor(
  backend: Backend,
  kernels: Kernels,
  say: (line: string) => void,
): Predict & { dispose(): void } {
  const predictOnce = makeEagerPredict(kernels)
  /** Images of the present network so far, by shape. */
  const seen = new Map<string, number>()
  let key = ''
  let recorded: Recorded = nothing()
  let idle: ReturnType<typeof setTimeout> | undefined

  function forget(): void {
    clearTimeout(idle)
    recorded.session?.dispose()
    recorded = nothing()
    key = ''
    seen.clear()
  }

  function add(model: Model, image: Float32Array, shape: readonly [number, number]): void {
    const recording = recordForward(backend, kernels, model, image, shape)
    const session = new GraphSession(backend, [...recorded.recordings, recording])
    recorded.session?.dispose()
    recorded = {
      recordings: [...recorded.recordings, recording],
      shapes: [...recorded.shapes, shape.join(' × ')],
      session,
      weights: null,
    }
  }

  const predict: Predict = async (model, image, shape) => {
    const network = keyOf(model)
    if (network !== key) forget()
    key = network
    clearTimeout(idle)
    idle = setTimeout(forget, IDLE_MS)
    idle.unref()

    const place = shape.join(' × ')
    if (!recorded.shapes.includes(place)) {
      const count = (seen.get(place) ?? 0) + 1
      seen.set(place, count)
      if (count !== RECORDED_AFTER + 1 || recorded.shapes.length === MOST_SHAPES)
        return predictOnce(model, image, shape)
      try {
        add(model, image, shape)
      } catch (error) {
        if (!(error instanceof NotRecordable)) throw error
        say(`The network runs eagerly, one operation at a time, on ${place} images. ${error.message}.`)
        return predictOnce(model, image, shape)
      }
    }
    const session = recorded.session!
    if (recorded.weights !== model.parameters.dataId) {
      session.assign([model.parameters])
      recorded.weights = model.parameters.dataId
    }
    return read(() => {
      const input = tf.tensor4d(image, [1, shape[0], shape[1], 1])
      return session.run(recorded.shapes.indexOf(place), [input])[0]
    })
  }
  return Object.assign(predict, { dispose: forget })
}

const nothing = (): Recorded => ({ recordings: [], shapes: [], session: null, weights: null })

const keyOf = ({ network, config, specs, parameters }: Model): string =>
  JSON.stringify([network.label, config, specs.length, parameters.size])

/** Records the network twice, on different images, because a replay would freeze every difference. */
function recordForward(
  backend: Backend,
  kernels: Kernels,
  model: Model,
  image: Float32Array,
  shape: readonly [number, number],
): Recording {
  const [first, second] = [image, image.toReversed()].map(values => {
    const input = tf.tensor4d(values, [1, shape[0], shape[1], 1])
    const { recording, outputs } = record(backend, {
      variables: [model.parameters],
      feeds: [input],
      run: ([parameters], [images]) => ({
        next: [],
        outputs: [applyModel(kernels, model, parameters as tf.Tensor1D, images as tf.Tensor4D)],
      }),
    })
    tf.dispose([input, ...outputs])
    return recording
  })
  compareRecordings(first, second)
  return first
}
