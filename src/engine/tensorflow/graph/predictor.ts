/**
 * Runs many slices of one shape through one network as one native graph. A recording costs about the time that a graph
 * saves on `RECORDED_AFTER` images. Recording therefore starts after this number of images. The extra time is then at
 * most twice the least possible extra time.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernels } from '../../../core/kernels.ts'
import { applyModel, type Model, makeEagerPredict, type Predict } from '../../../core/models/model.ts'
import { type PlainBatch, stackParts, tensorsOf } from '../../../core/models/parts.ts'
import type { Shape } from '../../../core/mri/transform.ts'
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
  /** The shapes of the input and of the image of each recording. */
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

  function add(model: Model, parts: PlainBatch, crop: Shape): void {
    const recording = recordForward(backend, kernels, model, parts, crop)
    const session = new GraphSession(backend, [...recorded.recordings, recording])
    recorded.session?.dispose()
    recorded = {
      recordings: [...recorded.recordings, recording],
      shapes: [...recorded.shapes, shapesOf(parts, crop)],
      session,
      weights: null,
    }
  }

  const predict: Predict = async (model, parts, crop) => {
    const network = keyOf(model)
    if (network !== key) forget()
    key = network
    clearTimeout(idle)
    idle = setTimeout(forget, IDLE_MS)
    idle.unref()

    const place = shapesOf(parts, crop)
    if (!recorded.shapes.includes(place)) {
      const count = (seen.get(place) ?? 0) + 1
      seen.set(place, count)
      if (count !== RECORDED_AFTER + 1 || recorded.shapes.length === MOST_SHAPES) return predictOnce(model, parts, crop)
      try {
        add(model, parts, crop)
      } catch (error) {
        if (!(error instanceof NotRecordable)) throw error
        say(`The network runs eagerly, one operation at a time, on inputs of ${place}. ${error.message}.`)
        return predictOnce(model, parts, crop)
      }
    }
    const session = recorded.session!
    if (recorded.weights !== model.parameters.dataId) {
      session.assign([model.parameters])
      recorded.weights = model.parameters.dataId
    }
    return read(() => {
      const input = tensorsOf(stackParts([parts]))
      return session.run(recorded.shapes.indexOf(place), Object.values(input))[0]
    })
  }
  return Object.assign(predict, { dispose: forget })
}

/** The shapes in words, such as '320 × 320 × 1 → 320 × 320'. */
const shapesOf = (parts: PlainBatch, crop: Shape): string =>
  `${Object.values(parts)
    .map(({ shape }) => shape.join(' × '))
    .join(', ')} → ${crop.join(' × ')}`

const nothing = (): Recorded => ({ recordings: [], shapes: [], session: null, weights: null })

const keyOf = ({ network, config, specs, parameters }: Model): string =>
  JSON.stringify([network.label, config, specs.length, parameters.size])

/** Records the network twice, on different inputs, because a replay would freeze every difference. */
function recordForward(backend: Backend, kernels: Kernels, model: Model, parts: PlainBatch, crop: Shape): Recording {
  const reversed = Object.fromEntries(
    Object.entries(parts).map(([name, { data, shape }]) => [name, { shape, data: data.toReversed() }]),
  )
  const [first, second] = [parts, reversed].map(given => {
    const input = tensorsOf(stackParts([given]))
    const names = Object.keys(input)
    const { recording, outputs } = record(backend, {
      variables: [model.parameters],
      feeds: Object.values(input),
      run: ([parameters], feeds) => {
        const fed = Object.fromEntries(feeds.map((tensor, i) => [names[i], tensor]))
        return { next: [], outputs: [applyModel(kernels, model, parameters as tf.Tensor1D, fed, crop)] }
      },
    })
    tf.dispose([...Object.values(input), ...outputs])
    return recording
  })
  compareRecordings(first, second)
  return first
}
