/** Builds TensorFlow.js' Node-API add-on against the native TensorFlow, and tests it in a separate Node process. */
import { dirname, join } from 'node:path'
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import { KERNELS_FILE } from '../native/library.ts'
import {
  bindingSources,
  engineEnvironment,
  engineNode,
  type InstalledEngine,
  tensorflowHeaders,
  type Variant,
} from './environment.ts'
import { BINDING } from './manifest.ts'
import { onAllCores } from './native.ts'
import { nodeApiHeaders } from './native-sources.ts'
import type { Platform } from './platform.ts'
import { type Ended, firstError, run } from './run.ts'

export async function findCompiler(platform: Platform, signal?: AbortSignal): Promise<string> {
  const candidates = process.env.CXX ? [process.env.CXX] : platform.compilers
  for (const compiler of candidates) {
    const { status } = await run(compiler, ['--version'], { signal })
    if (status === 0) return compiler
  }
  throw new AppError(
    'ENGINE_UNAVAILABLE',
    `Expected a C++ compiler (${candidates.join(', ')}), got none. Install one: Debian and Ubuntu ` +
      '`sudo apt install g++`, Fedora `sudo dnf install gcc-c++`, macOS `xcode-select --install`.',
  )
}

type Compilation = {
  readonly compiler: string
  readonly variant: Variant
  /** Folder of the object files. */
  readonly objects: string
  readonly signal?: AbortSignal
}

// `tensorflowKey` does not contain these flags. If a flag changes, add the flags to that hash.
const FLAGS = ['-O2', '-std=c++17', '-fPIC', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION']

const SOURCES = ['tfjs_backend', 'tfjs_binding']

const objectOf = (folder: string, name: string) => join(folder, `${name}.o`)

/** Compiles the add-on. This needs TensorFlow's headers, but not its libraries. */
export async function compileBinding({ compiler, variant, objects, signal }: Compilation): Promise<void> {
  const sources = bindingSources()
  const folders = [dirname(sources), tensorflowHeaders(variant), nodeApiHeaders()].flatMap(folder => ['-I', folder])
  let failed: Ended | null = null
  await onAllCores(SOURCES, async name => {
    const files = ['-c', join(sources, `${name}.cc`), '-o', objectOf(objects, name)]
    const ended = await run(compiler, [...FLAGS, ...folders, ...files], { signal, env: { TMPDIR: objects } })
    if (ended.status !== 0) failed ??= ended
    return ended.status === 0
  })
  if (failed) throw notBuilt(compiler, failed)
}

type Link = Omit<Compilation, 'variant'> & {
  readonly platform: Platform
  /** The engine's folder, with TensorFlow's libraries. */
  readonly engine: string
}

/** Links the object files to the add-on in the engine's folder. */
export async function linkBinding({ compiler, objects, platform, engine, signal }: Link): Promise<void> {
  const libraries = platform.libraries.map(name => join(engine, 'tensorflow', name))
  const args = ['-shared', ...SOURCES.map(name => objectOf(objects, name)), '-o', join(engine, BINDING)]
  const ended = await run(compiler, [...args, ...libraries, ...platform.linkFlags], {
    signal,
    env: { TMPDIR: objects },
  })
  if (ended.status !== 0) throw notBuilt(compiler, ended)
}

const notBuilt = (compiler: string, ended: Ended) =>
  new AppError(
    'ENGINE_UNAVAILABLE',
    `${compiler} could not build the add-on: ${firstError(ended)}\n` +
      'Expected a C++17 compiler (GCC 9, Clang 10 or newer); set the variable CXX to another compiler.',
  )

/**
 * Computes 3² through the add-on, and prints the version of the loaded TensorFlow. Then computes a Fourier transform
 * and a transposed convolution with the native kernels, unless the processor lacks their instructions. A GPU's networks
 * do not use the native kernels.
 */
const SMOKE_TEST = `
  const [, addOn, library] = process.argv
  const binding = require(addOn)
  const tensor = (shape, values) => binding.createTensor(shape, binding.TF_FLOAT, new Float32Array(values))
  const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }
  const [square] = binding.executeOp('Square', [type], [tensor([1], [3])], 1)
  console.log(\`TensorFlow \${binding.TF_Version} says \${binding.tensorDataSync(square.id)[0]}\`)
  const kernels = library ? require(library) : { instructions: null }
  const expect = (got, expected) => {
    const wrong = got.find(value => value !== expected)
    if (wrong !== undefined) throw new Error(\`Expected \${expected}, got \${wrong}\`)
  }
  if (kernels.instructions !== null) {
    const values = new Float32Array(2)
    kernels.fourierImages(new Float32Array([3, 3]), new Int32Array([1, 1, 1]), false, values, true)
    expect(values, 3)
  }
  if (kernels.instructions !== null && !binding.isUsingGpuDevice()) {
    kernels.registerOperations()
    const ones = (...shape) => tensor(shape, new Array(shape.reduce((a, b) => a * b)).fill(1))
    const [maps] = binding.executeOp('SelfMriTransposed', [], [ones(1, 1, 1, 16), ones(2, 2, 16, 16)], 1)
    expect(binding.tensorDataSync(maps.id), 16)
  }
`

/**
 * Throws if TensorFlow does not compute. Returns why the native kernels are missing or do not compute, or `null`.
 */
export async function smokeTest(engine: InstalledEngine, signal?: AbortSignal): Promise<string | null> {
  const { directory, kernelsMissing, tensorflow } = engine
  const files = [engine.binding, ...(kernelsMissing === null ? [join(directory, KERNELS_FILE)] : [])]
  const { status, endedBy, output } = await run(engineNode().node, ['-e', SMOKE_TEST, ...files], {
    signal,
    env: { ...engineEnvironment(engine), NODE_OPTIONS: '', SELF_MRI_KERNELS: '' },
  })
  if (output.includes(`TensorFlow ${tensorflow} says 9`)) {
    if (status === 0) return kernelsMissing
    const error = output.split('\n').find(line => /Error:/.test(line))
    if (kernelsMissing === null)
      return `their test ended with ${endedBy ?? `status ${status}`}${error ? `: ${error.trim()}` : ''}`
  }
  const reason =
    endedBy === 'SIGILL'
      ? 'this processor lacks instructions that TensorFlow needs (AVX).'
      : `it ended with ${endedBy ?? `status ${status}`}: ${output.trim().slice(-500)}`
  throw new AppError(
    'ENGINE_UNAVAILABLE',
    `Expected the newly built engine to compute with TensorFlow ${tensorflow}, but ${reason}`,
  )
}
