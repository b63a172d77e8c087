/** Our process of the bench: the program's own functions, answering the requests of side.ts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import * as tf from '@tensorflow/tfjs-core'
import { unet } from '../../src/core/models/unet.ts'
import { normalise, normaliseTarget } from '../../src/core/mri/transform.ts'
import { maskOf, predict, zeroFilled } from '../../src/core/reconstruct.ts'
import { encodeCheckpoint } from '../../src/core/training/checkpoint.ts'
import { makeOptimizer } from '../../src/core/training/optimizers.ts'
import { initialParameters, toTorch } from '../../src/core/training/parameters.ts'
import { makeStep } from '../../src/core/training/step.ts'
import { eagerStepper, startingState } from '../../src/core/training/stepper.ts'
import { loadTensorflow } from '../../src/engine/tensorflow.ts'
import { openVolume } from '../../src/engine/volumes.ts'
import type { Load, Names, Request } from './side.ts'

interface Computation {
  result(): Float32Array | Promise<Float32Array>
  /** Called again and again when it is timed. */
  once(): unknown
}

const SEED = 0

async function load(request: Load): Promise<{ works: Record<string, Computation>; names: Names }> {
  const { tensorflow, tfjs, device } = await loadTensorflow(process.argv[2])
  const volume = await openVolume(request.kspace, '')
  const reconstruct = () => zeroFilled(volume, 0, maskOf(volume, request.mask))
  const { image, mean, std } = normalise(reconstruct())
  const target = normaliseTarget(volume.readTarget(0)!, volume.info.targetShape!, request.size, mean, std)

  const specs = unet.parameters(request.network)
  const weights = initialParameters(specs, SEED)
  const checkpoint = encodeCheckpoint({ tensors: toTorch(weights, specs), metadata: {} })
  writeFileSync(join(request.folder, 'weights.safetensors'), checkpoint)
  writeFileSync(join(request.folder, 'image.f32'), image)
  writeFileSync(join(request.folder, 'target.f32'), target)

  const model = { network: unet, config: request.network, specs, parameters: tf.tensor1d(weights) }
  const forward = () => predict(model, image, request.size)
  const name = { name: 'Self-MRI', version: `TensorFlow ${tensorflow} (${device}), TensorFlow.js ${tfjs}` }
  return {
    works: {
      forward: { result: forward, once: forward },
      training: training(request, weights, image, target),
      slice: { result: reconstruct, once: reconstruct },
    },
    names: { forward: name, training: name, slice: name },
  }
}

/** The step that supervised training takes. */
function training(
  { network, size, rates }: Load,
  weights: Float32Array,
  image: Float32Array,
  target: Float32Array,
): Computation {
  const optimizer = makeOptimizer({ kind: 'rmsprop', alpha: 0.99, epsilon: 1e-8, momentum: 0, weightDecay: 0 })
  const step = makeStep(
    unet.parameters(network),
    (parameters, [input, truth]) =>
      tf.mean(tf.abs(tf.sub(unet.apply(network, parameters, input as tf.Tensor4D), truth))),
    optimizer,
  )
  const batch = [image, target].map(values => tf.tensor4d(values, [1, size[0], size[1], 1]))
  const start = (rate: number) => {
    const stepper = eagerStepper(step, startingState(weights, optimizer))
    return () => stepper.step(batch, optimizer.scalars(rate, 1))
  }
  return {
    async result() {
      const next = start(rates.checked)
      return Float32Array.of(await next(), await next(), await next())
    },
    once: start(rates.timed),
  }
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
    return { names: loaded.names }
  }
  const work = works[request.work]
  if (request.do === 'time') return { ms: await measure(work.once, request.iterations) }
  writeFileSync(request.path, await work.result())
  return {}
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`)
}
process.exit(0)
