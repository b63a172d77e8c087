/** Our process of the bench: the program's own functions, answering the requests of side.ts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import * as tf from '@tensorflow/tfjs-core'
import { unet } from '../../src/core/models/unet.ts'
import { centreCropReal, normalise, normaliseTarget } from '../../src/core/mri/transform.ts'
import { maskOf, predict, zeroFilled } from '../../src/core/reconstruct.ts'
import { encodeCheckpoint } from '../../src/core/training/checkpoint.ts'
import { makeOptimizer, type Optimizer } from '../../src/core/training/optimizers.ts'
import { initialParameters, toTorch } from '../../src/core/training/parameters.ts'
import { makeStep, type Step } from '../../src/core/training/step.ts'
import { startingState } from '../../src/core/training/stepper.ts'
import { RECORDED_AFTER } from '../../src/engine/graph/predictor.ts'
import { graphStepper } from '../../src/engine/graph/stepper.ts'
import { loadTensorflow } from '../../src/engine/tensorflow.ts'
import { openVolume } from '../../src/engine/volumes.ts'
import type { Endured, Load, Names, Request } from './side.ts'
import type { Computed } from './works.ts'

interface Computation {
  result(): Float32Array | Promise<Float32Array>
  /** Called again and again when it is timed. */
  once(): unknown
}

const SEED = 0
const RMSPROP = { kind: 'rmsprop', alpha: 0.99, epsilon: 1e-8, momentum: 0, weightDecay: 0 } as const

async function load(request: Load): Promise<{ works: Record<string, Computation>; names: Names; engine: string }> {
  const { tensorflow, tfjs, device } = await loadTensorflow(process.argv[2])
  if (device !== request.hardware.toUpperCase())
    throw new Error(`Expected TensorFlow on a ${request.hardware}, got ${device}`)
  const volume = await openVolume(request.kspace, '')
  const reconstruct = () => zeroFilled(volume, 0, maskOf(volume, request.mask))
  const { image, mean, std } = normalise(reconstruct())
  const target = normaliseTarget(volume.readTarget(0)!, volume.info.targetShape!, request.size, mean, std)

  const engine = `TensorFlow ${tensorflow} (${device}), TensorFlow.js ${tfjs}`
  const works: Record<string, Computation> = {}
  for (const [name, computed] of Object.entries(request.works)) {
    if (computed.kind === 'slice') {
      works[name] = { result: reconstruct, once: reconstruct }
      continue
    }
    const { network, size } = computed
    const specs = unet.parameters(network)
    const weights = initialParameters(specs, SEED)
    const [input, truth] = [image, target].map(values => centreCropReal(values, request.size, size))
    const write = (suffix: string, content: Uint8Array | Float32Array) =>
      writeFileSync(join(request.folder, `${name}${suffix}`), content)
    write('.safetensors', encodeCheckpoint({ tensors: toTorch(weights, specs), metadata: {} }))
    write('-image.f32', input)
    write('-target.f32', truth)
    const make = computed.kind === 'forward' ? forward : training
    works[name] = make(request, computed, weights, input, truth)
  }
  const names = Object.fromEntries(Object.keys(works).map(work => [work, { name: 'Self-MRI', version: engine }]))
  return { works, names, engine }
}

type NetworkWork = Extract<Computed, { network: unknown }>

/** As a volume's slices are reconstructed: once there have been some, as a graph. */
function forward(_: Load, { network, size }: NetworkWork, weights: Float32Array, image: Float32Array): Computation {
  const model = { network: unet, config: network, specs: unet.parameters(network), parameters: tf.tensor1d(weights) }
  const once = () => predict(model, image, size)
  return {
    result() {
      for (let i = 0; i < RECORDED_AFTER; i++) once()
      return once()
    },
    once,
  }
}

/** The step that supervised training takes. */
function stepOf(network: NetworkWork['network'], optimizer: Optimizer): Step {
  return makeStep(
    unet.parameters(network),
    (parameters, [input, truth]) =>
      tf.mean(tf.abs(tf.sub(unet.outputs(network, parameters, input as tf.Tensor4D)[0], truth))),
    optimizer,
  )
}

function training(
  { rates }: Load,
  { network, size, batch: count }: NetworkWork,
  weights: Float32Array,
  image: Float32Array,
  target: Float32Array,
): Computation {
  const optimizer = makeOptimizer(RMSPROP)
  const batch = [image, target].map(values => tf.tile(tf.tensor4d(values, [1, ...size, 1]), [count, 1, 1, 1]))
  const start = (rate: number) => {
    const stepper = graphStepper(stepOf(network, optimizer), startingState(weights, optimizer))
    return { next: () => stepper.step(batch, optimizer.scalars(rate, 1)), end: () => stepper.dispose() }
  }
  let timed: ReturnType<typeof start> | null = null
  return {
    async result() {
      const { next, end } = start(rates.checked)
      const losses = Float32Array.of(await next(), await next(), await next())
      end()
      return losses
    },
    once() {
      timed ??= start(rates.timed)
      return timed.next()
    },
  }
}

/** A training whose batches are other ones each time, as a run's are. */
async function endure(epochs: number, steps: number): Promise<Endured> {
  const network = { channels: 8, pools: 4 }
  const optimizer = makeOptimizer(RMSPROP)
  const start = startingState(initialParameters(unet.parameters(network), SEED), optimizer)
  const stepper = graphStepper(stepOf(network, optimizer), start)
  const endured: { ms: number[]; bytes: number }[] = []
  for (let step = 0; step < epochs * steps; step++) {
    const begun = performance.now()
    const batch = [1, 2].map(which => tf.randomNormal([1, 64, 64, 1], 0, 1, 'float32', 2 * step + which))
    await stepper.step(batch, optimizer.scalars(1e-3, step + 1))
    tf.dispose(batch)
    if (step % steps === 0) endured.push({ ms: [], bytes: 0 })
    const epoch = endured[endured.length - 1]
    epoch.ms.push(performance.now() - begun)
    epoch.bytes = process.memoryUsage.rss()
  }
  stepper.dispose()
  return endured
}

async function measure(once: Computation['once'], iterations: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < iterations; i++) {
    const start = performance.now()
    await once()
    times.push(performance.now() - start)
  }
  return times
}

let works: Record<string, Computation> = {}

async function answer(request: Request): Promise<object> {
  if (request.do === 'load') {
    const loaded = await load(request)
    works = loaded.works
    return { names: loaded.names, engine: loaded.engine }
  }
  if (request.do === 'endure') return { endured: await endure(request.epochs, request.steps) }
  const work = works[request.work]
  if (request.do === 'time') return { ms: await measure(work.once, request.iterations) }
  writeFileSync(request.path, await work.result())
  return {}
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`)
}
process.exit(0)
