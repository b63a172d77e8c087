/** Networks of k-space: forward passes and training steps on one slice of simulated coils. */
import * as tf from '@tensorflow/tfjs-core'
import { networkOf } from '../../../src/core/models/index.ts'
import { centreCrop } from '../../../src/core/models/model.ts'
import type { Parameters } from '../../../src/core/models/network.ts'
import { type Batch, type PlainBatch, stackParts, tensorsOf } from '../../../src/core/models/parts.ts'
import { drawPattern } from '../../../src/core/mri/draw.ts'
import { makeZeroFilling } from '../../../src/core/mri/fft.ts'
import { fullPattern, multiply } from '../../../src/core/mri/pattern.ts'
import { stream } from '../../../src/core/mri/random.ts'
import { forward as encode } from '../../../src/core/mri/sense/encoding.ts'
import { makeLoss } from '../../../src/core/training/losses.ts'
import { makeStep, type Step, type StepPass } from '../../../src/core/training/step.ts'
import { RECORDED_AFTER } from '../../../src/engine/tensorflow/graph/predictor.ts'
import { loadedCompute, requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import {
  type CoilShape,
  floatsPath,
  type Given,
  readFloats,
  type Unrolled,
  type UnrolledForward,
  writeFloats,
} from '../computed.ts'
import { ellipses, smoothMaps } from './classical.ts'
import { type Kind, SEED } from './computation.ts'
import { readWeights, specsOf, stepsOn, writeWeights } from './networks.ts'
import { optimizerOf } from './optimizer.ts'

type Work = Given<Unrolled | UnrolledForward>

/** The parts of the slice, without the batch's axis. The unit is the zero-filled image's largest pixel. */
const shapesOf = ({ computed: { coils, size } }: Work) => {
  const [rows, columns] = size
  return {
    kspace: [coils, rows, columns, 2],
    mask: [1, columns, 1],
    centre: [1, columns, 1],
    maps: [coils, rows, columns, 2],
    target: [rows, columns, 1],
    range: [],
  } as const
}

async function write(given: Work): Promise<void> {
  const { coils, size } = given.computed
  const [rows, columns] = size
  const { fourier } = await requireCompute()
  const random = stream(SEED, 'unrolled')
  const pattern = drawPattern(given.mask, size, random)
  const maps = smoothMaps([coils, rows, columns])
  const encoding = { sizes: [coils, rows, columns] as const, maps, mask: new Uint8Array(columns).fill(1) }
  const full = encode(encoding, ellipses(rows, columns), fourier).map(value => value + 0.01 * random.normal())
  const image = (of: typeof pattern) => makeZeroFilling(fourier).image(full, coils, of, size)
  const scale = 1 / image(pattern).reduce((most, value) => Math.max(most, value), 0)
  const target = image(fullPattern(rows, columns)).map(value => value * scale)
  const { from, to } = pattern.centre!.columns
  const parts = {
    kspace: multiply(pattern, full).map(value => value * scale),
    mask: Float32Array.from(pattern.measured),
    centre: Float32Array.from({ length: columns }, (_, i) => Number(i >= from && i < to)),
    maps,
    target,
    range: Float32Array.of(target.reduce((most, value) => Math.max(most, value), 0)),
  }
  await writeWeights(given, given.computed)
  for (const [part, values] of Object.entries(parts)) await writeFloats(floatsPath(given, part), values)
}

async function readParts(given: Work, wanted: readonly string[]): Promise<PlainBatch> {
  const shapes = shapesOf(given)
  const read = async (part: keyof typeof shapes) =>
    [part, { shape: shapes[part], data: await readFloats(floatsPath(given, part)) }] as const
  return Object.fromEntries(await Promise.all(wanted.map(part => read(part as keyof typeof shapes))))
}

const inputsOf = ({ computed: { network, networkConfig } }: Work) => [
  'kspace',
  'mask',
  ...(networkOf(network).extras?.(networkConfig) ?? []),
]

/** Reconstructs one slice after another. After `RECORDED_AFTER` slices, `predict` replays a recorded graph. */
export const unrolledForward: Kind<UnrolledForward> = {
  write,
  async load(given) {
    const { network, networkConfig, size } = given.computed
    const parameters = tf.tensor1d(await readWeights(given, given.computed))
    const model = { network: networkOf(network), config: networkConfig, specs: specsOf(given.computed), parameters }
    const parts = await readParts(given, inputsOf(given))
    const { predict } = await requireCompute()
    const once = () => predict(model, parts, size)
    return {
      async result() {
        for (let slices = 0; slices < RECORDED_AFTER; slices++) await once()
        return once()
      },
      once,
    }
  },
}

function supervisedStep({ network, networkConfig, loss: weights, optimizer }: Unrolled): Step {
  const { outputs, parameters } = networkOf(network)
  const { kernels } = loadedCompute()!
  const { ofTensors } = makeLoss(weights)
  const loss = (values: Parameters, { target, range, ...input }: Batch, pass: StepPass) => {
    const images = outputs(kernels, networkConfig, values, input, pass)
    const [, height, width] = target.shape
    return ofTensors(centreCrop(images[0], [height, width]), target as tf.Tensor4D, range as tf.Tensor1D)
  }
  return makeStep(parameters(networkConfig), loss, optimizerOf(optimizer))
}

/** Noise in place of a slice, because a step takes the same time. */
function noiseParts({ mask }: Work, [coils, rows, columns]: CoilShape): PlainBatch {
  const random = stream(SEED, `unrolled ${coils} ${rows} ${columns}`)
  const { measured, centre } = drawPattern(mask, [rows, columns], random)
  const { from, to } = centre!.columns
  const noise = (length: number) => Float32Array.from({ length }, () => 0.1 * random.normal())
  return {
    kspace: { shape: [coils, rows, columns, 2], data: noise(2 * coils * rows * columns) },
    mask: { shape: [1, columns, 1], data: Float32Array.from(measured) },
    centre: { shape: [1, columns, 1], data: Float32Array.from(measured, (_, i) => Number(i >= from && i < to)) },
    target: { shape: [rows, columns, 1], data: noise(rows * columns).map(Math.abs) },
    range: { shape: [], data: Float32Array.of(1) },
  }
}

export const unrolled: Kind<Unrolled> = {
  write,
  async load(given) {
    const read = await readParts(given, [...inputsOf(given), 'target', 'range'])
    const batches = [read, ...(given.computed.others ?? []).map(other => noiseParts(given, other))]
    const weights = await readWeights(given, given.computed)
    return stepsOn(
      batches.map(parts => tensorsOf(stackParts([parts]))),
      supervisedStep(given.computed),
      weights,
      given,
    )
  },
}
