/** Which kernels a process gets. Each case is a process of its own, because a process chooses once. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheDirectory, engineNode } from '../../../../src/engine/install/environment.ts'
import { locateEngine } from '../../../../src/engine/install/install.ts'
import { BINDING, writeManifest } from '../../../../src/engine/install/manifest.ts'
import { run } from '../../../../src/engine/install/run.ts'
import { KERNELS_FILE, kernelsName } from '../../../../src/engine/native/library.ts'
import { compilerHere } from '../../../native/build.ts'

const real = locateEngine('cpu')!

/** What `loadLibrary` gives in a new process: the instruction set, the reason, or the error's message. */
async function load(binding: string, wanted?: string): Promise<string> {
  const url = new URL('../../../../src/engine/native/library.ts', import.meta.url).href
  const script = `const { loadLibrary } = await import('${url}')
    try {
      const loaded = loadLibrary('${binding}')
      console.log(loaded.library?.instructions ?? loaded.missing, loaded.isFault ?? '')
    } catch (error) {
      console.log(error.code, error.message)
    }`
  const flags = ['--experimental-strip-types', '--disable-warning=ExperimentalWarning', '--input-type=module']
  const env = { NODE_OPTIONS: '', SELF_MRI_KERNELS: wanted ?? '' }
  const { output } = await run(engineNode().node, [...flags, '-e', script], { env })
  return output.trim()
}

/** Prints in a new process. `script` runs after `library` got its path. */
const runScript = async (script: string): Promise<string> => {
  const path = JSON.stringify(join(real.directory, KERNELS_FILE))
  const { output } = await run(engineNode().node, ['-e', `const library = ${path}\n${script}`], {
    env: { NODE_OPTIONS: '', SELF_MRI_KERNELS: '', TF_NUM_INTRAOP_THREADS: '3' },
  })
  return output.trim()
}

test.runIf(process.platform === 'linux')('the library stays loaded when the thread that loaded it ends', async () => {
  const script = `const { Worker } = require('node:worker_threads')
    const isLoaded = () => require('node:fs').readFileSync('/proc/self/maps', 'utf8').includes(library)
    const worker = new Worker(\`require(\${JSON.stringify(library)})\`, { eval: true })
    console.log(isLoaded())
    worker.on('exit', () => console.log(isLoaded()))`
  expect(await runScript(script)).toBe('false\ntrue')
})

test.runIf(process.platform === 'linux')('transforms of a thread that computes alone start no thread', async () => {
  const script = `const { fourierImages } = require(library)
    const threads = () => require('node:fs').readdirSync('/proc/self/task').length
    const x = new Float32Array(2 * 256 * 256)
    const started = [true, false].map(isAlone => {
      const before = threads()
      fourierImages(x, Int32Array.of(1, 256, 256), true, new Float32Array(x.length), isAlone)
      return threads() - before
    })
    console.log(...started)`
  expect(await runScript(script)).toBe('0 2')
})

test('the name has the compiler if its bits may differ from those of the version', async () => {
  const own = { version: 1, instructions: 'AVX2' }
  expect(kernelsName({ ...own, otherCompiler: '' })).toBe('Self-MRI 1 (AVX2)')
  expect(kernelsName({ ...own, otherCompiler: 'GCC 13' })).toBe('Self-MRI 1 (AVX2, GCC 13)')
  const { output } = await run(compilerHere(), ['-dM', '-E', '-x', 'c++', '/dev/null'])
  const major = (name: string) => output.match(new RegExp(`^#define ${name} (\\d+)$`, 'm'))?.[1]
  const clang = `${output.includes('__apple_build_version__') ? 'Apple ' : ''}Clang ${major('__clang_major__')}`
  const gcc = ['11', '12'].includes(major('__GNUC__') ?? '') ? '' : `GCC ${major('__GNUC__')}`
  const expected = output.includes('__clang__') ? clang : gcc
  expect(await runScript('console.log(require(library).otherCompiler)')).toBe(expected)
})

const OWN = process.arch === 'arm64' ? 'neon' : 'avx2'
const FOREIGN = process.arch === 'arm64' ? 'avx2' : 'neon'

describe('SELF_MRI_KERNELS', () => {
  test('unset takes the best instruction set', async () => {
    expect(await load(real.binding)).toMatch(/^(?:AVX2|AVX-512|NEON)$/)
  })

  test('chooses an instruction set, or TensorFlow', async () => {
    expect(await load(real.binding, OWN)).toBe(OWN.toUpperCase())
    expect(await load(real.binding, 'tensorflow')).toBe('SELF_MRI_KERNELS is tensorflow false')
  })

  test.each([FOREIGN, 'sse'])('of %s is refused with the values to choose from', async wanted => {
    const refused = await load(real.binding, wanted)
    expect(refused).toMatch(new RegExp(`^INVALID_ARGUMENT Expected SELF_MRI_KERNELS .* got ${wanted}: .*Choose avx2, `))
  })
})

describe('an engine', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(cacheDirectory(), 'test-'))
    mkdirSync(join(folder, 'tensorflow'))
    linkSync(real.binding, join(folder, BINDING))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('whose kernels did not build gives the reason of the build', async () => {
    writeManifest(folder, 'cpu', '2.21.0', 'kernels.cc:7:1: error: no such vector')
    expect(await load(join(folder, BINDING))).toBe('kernels.cc:7:1: error: no such vector true')
    expect(await load(join(folder, BINDING), OWN)).toMatch(`got ${OWN}: kernels.cc:7:1: error: no such vector.`)
  })

  test('whose library is gone or damaged says so', async () => {
    expect(await load(join(folder, BINDING))).toBe(`${join(folder, KERNELS_FILE)} does not exist true`)
    writeFileSync(join(folder, KERNELS_FILE), 'damaged')
    expect(await load(join(folder, BINDING))).toMatch(/self_mri_kernels\.node: .* true$/)
  })
})
