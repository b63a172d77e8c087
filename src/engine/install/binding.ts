/** Builds TensorFlow.js' Node-API add-on against the native TensorFlow, and tests it in a separate Node process. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import { bindingSources, engineEnvironment, engineNode, type InstalledEngine } from './environment.ts'
import type { Platform } from './platform.ts'
import { run } from './run.ts'

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

type Build = {
  readonly compiler: string
  readonly platform: Platform
  /** The wheel's `include` folder. */
  readonly headers: string
  /** Folder of the two native libraries. */
  readonly libraries: string
  readonly output: string
  readonly temporary: string
  readonly signal?: AbortSignal
}

export async function buildBinding(build: Build): Promise<void> {
  const { compiler, platform, headers, libraries, output, temporary, signal } = build
  const sources = bindingSources()
  const nodeApi = dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json'))
  const args = [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'],
    ...[dirname(sources), headers, join(nodeApi, 'include')].flatMap(folder => ['-I', folder]),
    ...[join(sources, 'tfjs_backend.cc'), join(sources, 'tfjs_binding.cc'), '-o', output],
    ...platform.libraries.map(name => join(libraries, name)),
    ...platform.linkFlags,
  ]
  const ended = await run(compiler, args, { signal, env: { TMPDIR: temporary } })
  if (ended.status === 0) return
  const first = ended.output.split('\n').find(line => /error/i.test(line)) ?? ended.output.trim().slice(-500)
  throw new AppError(
    'ENGINE_UNAVAILABLE',
    `${compiler} could not build the add-on: ${first}\nExpected a C++17 compiler (GCC 9, Clang 10 or newer); ` +
      'set the variable CXX to another compiler.',
  )
}

/** Computes 3² through the add-on, and prints the version of the loaded TensorFlow. */
const SMOKE_TEST = `
  const binding = require(process.argv[1])
  const three = binding.createTensor([1], binding.TF_FLOAT, new Float32Array([3]))
  const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }
  const [square] = binding.executeOp('Square', [type], [three], 1)
  console.log(\`TensorFlow \${binding.TF_Version} says \${binding.tensorDataSync(square.id)[0]}\`)
`

export async function smokeTest(engine: InstalledEngine, signal?: AbortSignal): Promise<void> {
  const { status, endedBy, output } = await run(engineNode().node, ['-e', SMOKE_TEST, engine.binding], {
    signal,
    env: { ...engineEnvironment(engine), NODE_OPTIONS: '' },
  })
  if (status === 0 && output.includes(`TensorFlow ${engine.tensorflow} says 9`)) return
  const reason =
    endedBy === 'SIGILL'
      ? 'this processor lacks instructions that TensorFlow needs (AVX).'
      : `it ended with ${endedBy ?? `status ${status}`}: ${output.trim().slice(-500)}`
  throw new AppError(
    'ENGINE_UNAVAILABLE',
    `Expected the newly built engine to compute with TensorFlow ${engine.tensorflow}, but ${reason}`,
  )
}
