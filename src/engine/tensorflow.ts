/**
 * Loads TensorFlow.js on the native TensorFlow of the engine's cache, and installs the fused kernels.
 * tfjs-node's own index wants its binding inside node_modules; this goes round it (see docs in ARCHITECTURE.md).
 */
import { createRequire } from 'node:module'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import type { Device } from '../contract/engine.ts'
import { AppError } from '../contract/errors.ts'
import { useKernels } from '../core/kernels.ts'
import { usePredictor } from '../core/reconstruct.ts'
import { convolutionKernels, makeMixedPrecision } from './bfloat16.ts'
import { compilesWithXla } from './environment.ts'
import type { Backend } from './graph/native.ts'
import { makeGraphPredictor } from './graph/predictor.ts'
import { computesEagerly, say } from './graph/way.ts'
import { run } from './install/run.ts'
import { fusedKernels, type NativeBackend, splitVectorsInPlace } from './kernels.ts'
import { useOneDnn } from './onednn.ts'

const require = createRequire(import.meta.url)

let loaded: Device | null = null

/** Makes TensorFlow.js compute on the native library beside `bindingPath`. Called once a process; later calls return the same. */
export async function loadTensorflow(bindingPath: string): Promise<Device> {
  if (loaded) return loaded
  // tfjs-node 4.22 calls two functions that Node ≥ 23 no longer has, or warns of.
  const util = require('node:util')
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  util.isArray = Array.isArray
  const { NodeJSKernelBackend } = require('@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js')
  require('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js')
  let binding: NativeBackend['binding']
  try {
    binding = require(bindingPath)
  } catch (cause) {
    throw new AppError(
      'ENGINE_UNAVAILABLE',
      `The TensorFlow engine in ${bindingPath} does not load. Mend it with: self-mri engine install`,
      cause,
    )
  }
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, 'tfjs-node-gpu'))
  await tf.setBackend('tensorflow')
  const backend = tf.backend() as unknown as NativeBackend & Backend
  const convolutions = convolutionKernels()
  splitVectorsInPlace(backend)
  const fused = fusedKernels(useOneDnn(backend))
  useKernels({ ...fused, inBfloat16: makeMixedPrecision(backend, convolutions) })
  if (!computesEagerly()) usePredictor(makeGraphPredictor(backend, say))
  const device = backend.isUsingGpuDevice ? 'GPU' : 'CPU'
  loaded = {
    tensorflow: binding.TF_Version,
    tfjs: tf.version_core,
    device,
    gpu: device === 'GPU' ? await gpuName() : null,
    compiler: compilesWithXla() ? 'XLA' : null,
  }
  return loaded
}

/** TensorFlow takes the first GPU that it may see; its C interface does not tell the name. */
async function gpuName(): Promise<string | null> {
  const seen = process.env.CUDA_VISIBLE_DEVICES?.split(',')[0]
  const which = seen ? [`--id=${seen}`] : []
  const { status, output } = await run('nvidia-smi', [...which, '--query-gpu=name', '--format=csv,noheader'])
  return status === 0 ? output.trim().split('\n')[0] : null
}

/** Where this process computes; `null` until it has loaded TensorFlow. */
export const loadedDevice = (): Device | null => loaded

/** Loads TensorFlow where the client said when it spawned this process; scanning, synthesis and the ground truth need none. */
export async function requireTensorflow(): Promise<Device> {
  if (loaded) return loaded
  const binding = process.env.SELF_MRI_BINDING
  if (!binding)
    throw new AppError(
      'ENGINE_UNAVAILABLE',
      'The TensorFlow engine is not installed. Install it with: self-mri engine install',
    )
  return loadTensorflow(binding)
}
