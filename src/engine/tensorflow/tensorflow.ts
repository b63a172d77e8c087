/**
 * Loads TensorFlow.js on the native TensorFlow of the engine's cache, and makes this process's `Compute` from it.
 * tfjs-node's own index looks for its binding inside node_modules, so this file loads tfjs-node's backend without that
 * index. See docs/decisions/0007-tensorflow-is-installed-not-bundled.md.
 */
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { basename, dirname } from 'node:path'
import process from 'node:process'
import * as tf from '@tensorflow/tfjs-core'
import type { Device } from '../../contract/engine.ts'
import { AppError } from '../../contract/errors.ts'
import type { Arithmetic, Compute } from '../../core/compute.ts'
import type { Kernels } from '../../core/kernels.ts'
import { makeEagerPredict } from '../../core/models/model.ts'
import { availableDevices } from '../devices/devices.ts'
import { threadsHere } from '../devices/threads.ts'
import { sharedImages } from '../files/kept-images.ts'
import { sharedMaps } from '../files/kept-maps.ts'
import { compilesWithXla, thisHost } from '../install/environment.ts'
import { plain } from '../native/arithmetic.ts'
import { eigenvectorsOf } from '../native/eigenvectors.ts'
import { fourierOf } from '../native/fourier.ts'
import { kernelsName, type LoadedLibrary, loadLibrary, missingKernelsLine } from '../native/library.ts'
import type { ReconstructorReference } from '../process/protocol.ts'
import { makeMixedPrecision } from './bfloat16.ts'
import { examine } from './doctor.ts'
import { isExhausted, outOfMemory } from './exhausted.ts'
import type { Backend } from './graph/native.ts'
import { makeGraphPredictor } from './graph/predictor.ts'
import { graphStepper } from './graph/stepper.ts'
import { computesEagerly, say } from './graph/way.ts'
import { fusedKernels, type NativeBackend, splitVectorsInPlace } from './kernels.ts'
import { withNativeKernels } from './native/kernels.ts'

const require = createRequire(import.meta.url)

let loaded: Compute | null = null
let loading: Promise<Compute> | null = null

/**
 * Makes TensorFlow.js compute on the native library of `bindingPath`. Later calls in a process return the first value.
 */
export async function loadTensorflow(bindingPath: string): Promise<Compute> {
  try {
    loading ??= load(bindingPath) // concurrent callers share one load
    loaded = await loading
    return loaded
  } catch (error) {
    loading = null // a later call tries again
    if (error instanceof AppError || !isExhausted(error)) throw error
    throw outOfMemory(error)
  }
}

async function load(bindingPath: string): Promise<Compute> {
  // tfjs-node 4.22 calls two functions that Node ≥ 23 has removed or deprecated.
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
      `The TensorFlow engine in ${bindingPath} does not load. Repair it with: self-mri engine install`,
      cause,
    )
  }
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, 'tfjs-node-gpu'))
  await tf.setBackend('tensorflow')
  const backend = tf.backend() as unknown as NativeBackend & Backend
  splitVectorsInPlace(backend)
  const tensorflows = {
    ...fusedKernels(backend),
    inBfloat16: makeMixedPrecision(backend),
  }
  const loaded = loadLibrary(bindingPath)
  const { kernels, name, missing } = kernelsOn(backend, tensorflows, loaded)
  const predictor = computesEagerly() ? null : makeGraphPredictor(backend, kernels, say)
  const device = await deviceOf(backend, name, bindingPath)
  return {
    device,
    kernels,
    fourier: fourierOf(loaded, 'shared'),
    eigenvectors: eigenvectorsOf(loaded, 'shared'),
    keepMaps: sharedMaps,
    keptImages: sharedImages,
    makeStepper: graphStepper,
    predict: predictor ?? makeEagerPredict(kernels),
    examine: () => examine(device, kernels, missing),
    releaseWorkingMemory: () => void ('library' in loaded && loaded.library.releaseWorkingMemory()),
    close: () => predictor?.dispose(),
  }
}

/**
 * Our own kernels if their library is there and a CPU computes. Otherwise TensorFlow's own operations compute.
 * `missing`: why there is no library. On a GPU the library computes the Fourier transforms of arrays.
 */
function kernelsOn(backend: NativeBackend, tensorflows: Kernels, loaded: LoadedLibrary) {
  const fallback = { kernels: tensorflows, name: 'TensorFlow', missing: null }
  if ('missing' in loaded) {
    if (loaded.isFault) say(missingKernelsLine(loaded.missing))
    return { ...fallback, missing: loaded.missing }
  }
  const name = kernelsName(loaded.library)
  if (backend.isUsingGpuDevice) return { ...fallback, name: `TensorFlow, Fourier transforms by ${name}` }
  loaded.library.registerOperations()
  return { kernels: withNativeKernels(backend, tensorflows), name, missing: null }
}

async function deviceOf(
  { binding, isUsingGpuDevice }: NativeBackend,
  kernels: string,
  bindingPath: string,
): Promise<Device> {
  const build = basename(dirname(bindingPath))
  return {
    host: process.env.SLURMD_NODENAME ?? thisHost(), // a job has the environment of the machine that submitted it
    cpu: cpus()[0]?.model ?? null,
    threads: threadsHere(),
    tensorflow: binding.TF_Version,
    tfjs: tf.version_core,
    device: isUsingGpuDevice ? 'GPU' : 'CPU',
    gpu: isUsingGpuDevice ? await gpuName() : null,
    compiler: compilesWithXla() ? 'XLA' : null,
    kernels,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    variant: build.includes('-cuda-') ? 'cuda' : 'cpu',
    build,
  }
}

/** TensorFlow uses the first visible GPU. TensorFlow's C interface does not give the GPU's name. */
const gpuName = async (): Promise<string | null> => (await availableDevices('cuda'))[0].name

/** An error of this process for users: TensorFlow's lack of memory gets a remedy. Other errors stay as they are. */
export const inWords = (error: unknown): unknown =>
  loaded && !(error instanceof AppError) && isExhausted(error) ? outOfMemory(error) : error

/** This process's `Compute`. `null` until TensorFlow is loaded. */
export const loadedCompute = (): Compute | null => loaded

/**
 * Loads TensorFlow from the path that the client set when it spawned this process. Scanning, synthesis and the ground
 * truth do not need TensorFlow.
 */
export async function requireCompute(): Promise<Compute> {
  if (loaded) return loaded
  const binding = process.env.SELF_MRI_BINDING
  if (!binding)
    throw new AppError(
      'ENGINE_UNAVAILABLE',
      'The TensorFlow engine is not installed. Install it with: self-mri engine install',
    )
  return loadTensorflow(binding)
}

/** Loads TensorFlow for networks only, because other images do not need it. */
export const arithmeticFor = async (reference: ReconstructorReference | null): Promise<Arithmetic> =>
  reference && 'network' in reference ? requireCompute() : plain
