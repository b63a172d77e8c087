/**
 * The installation from end to end. Fake programs take the place of pip and the compiler, and copy from the installed
 * engine. Everything but the download and the build is real, including the smoke test.
 */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  cacheDirectory,
  engineDirectory,
  tensorflowKey,
  tensorflowPrefix,
} from '../../src/engine/install/environment.ts'
import { type InstallStep, installEngine, locateEngine } from '../../src/engine/install/install.ts'
import { BINDING } from '../../src/engine/install/manifest.ts'
import { nativeKey } from '../../src/engine/install/native-sources.ts'
import { KERNELS_FILE } from '../../src/engine/native/library.ts'

const real = locateEngine('cpu') ?? (await installEngine({ variant: 'cpu' }))

/**
 * A folder beside the real engine, because the fake pip hard-links its libraries. Tests may damage copies only.
 */
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(cacheDirectory(), 'test-'))
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env.PATH}`)
  vi.stubEnv('CXX', join(folder, 'bin', 'compiler'))
  vi.stubEnv('SELF_MRI_CACHE', join(folder, 'cache'))
  mkdirSync(join(folder, 'bin'))
  program('python3', PIP)
  program('compiler', COMPILER)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

function program(name: string, script: string): void {
  const path = join(folder, 'bin', name)
  writeFileSync(path, `#!/bin/sh\nfolder='${folder}'\nreal='${real.directory}'\n${script}\n`)
  chmodSync(path, 0o755)
}

const PIP = `
test "$3" = --version && echo "pip 24.0 from somewhere" && exit 0
echo "$*" >> "$folder/pip.log"
echo "Collecting tensorflow-cpu==2.21.0"
echo "  Downloading tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl (273.8 MB)"
mkdir -p "$5/tensorflow/python"
ln "$real"/tensorflow/libtensorflow* "$5/tensorflow/"
echo unused > "$5/tensorflow/python/unused.py"
`

const COMPILER = `
test "$1" = --version && exit 0
echo "$*" >> "$folder/compiler.log"
while test "$1" != -o; do shift; done
case "$2" in
  *.node) cp "$real/$(basename "$2")" "$2" ;;
  *) touch "$2" ;;
esac
`

const pipRuns = () => readFileSync(join(folder, 'pip.log'), 'utf8').trim().split('\n')
const engineFolder = () => join(folder, 'cache', 'engine')
const install = () => installEngine({ variant: 'cpu' })

describe('an installation', () => {
  test('keeps the libraries and the add-on, and nothing else', async () => {
    const steps: InstallStep[] = []
    const engine = await installEngine({ variant: 'cpu', onProgress: step => steps.push(step) })
    expect(engine).toMatchObject({ variant: 'cpu', tensorflow: real.tensorflow, directory: engineDirectory('cpu') })
    expect(locateEngine('cpu')).toEqual(engine)
    expect(readdirSync(engineFolder())).toHaveLength(1)
    const files = readdirSync(engine.directory, { recursive: true }).map(String).sort()
    expect(files.filter(file => !file.startsWith('tensorflow'))).toEqual(['manifest.json', KERNELS_FILE, BINDING])
    expect(files.filter(file => file.startsWith('tensorflow'))).toHaveLength(3)
    expect(steps.map(step => step.label)).toEqual(
      expect.arrayContaining(['Building the add-on and the native kernels', 'Testing the engine']),
    )
    expect(engine.kernelsMissing).toBeNull()
  })

  test('asks pip for the pinned wheels of this platform, by hash', async () => {
    await install()
    const [arguments_] = pipRuns()
    expect(arguments_).toMatch(/^-m pip install --target \S+/)
    expect(arguments_).toContain('requirements-cpu.txt --no-deps --require-hashes --only-binary=:all:')
    expect(arguments_).toContain('--platform')
  })

  test('is found again, and not repeated unless forced', async () => {
    const engine = await install()
    expect(await install()).toEqual(engine)
    expect(pipRuns()).toHaveLength(1)
    await installEngine({ variant: 'cpu', force: true })
    expect(pipRuns()).toHaveLength(2)
    expect(locateEngine('cpu')).not.toBeNull()
  })

  test('is repaired if it is broken', async () => {
    const { binding, directory } = await install()
    truncateSync(binding, 1000)
    expect(locateEngine('cpu')).toBeNull()
    await install()
    rmSync(join(directory, 'manifest.json'))
    expect((await install()).binding).toBe(binding)
    expect(pipRuns()).toHaveLength(3)
    expect(readdirSync(engineFolder())).toHaveLength(1)
  })

  test('is made once if two processes start it at the same time', async () => {
    const [first, second] = await Promise.all([installInProcess().done, installInProcess().done])
    expect(first).toMatchObject({ status: 0, output: engineDirectory('cpu') })
    expect(second).toMatchObject({ status: 0, output: engineDirectory('cpu') })
    expect(pipRuns()).toHaveLength(1)
  })

  test('is taken over if its process was killed, and partial files are removed', async () => {
    program('python3', `${PIP}\nexec sleep 5`)
    const killed = installInProcess()
    await vi.waitUntil(() => existsSync(join(folder, 'pip.log')), { timeout: 10_000 })
    killed.child.kill('SIGKILL')
    await killed.done
    expect(readdirSync(engineFolder()).sort()).toEqual([expect.stringMatching(/^\.installing-/), 'install.lock'])
    program('python3', PIP)
    await install()
    expect(readdirSync(engineFolder())).toHaveLength(1)
  })
})

/**
 * An engine as version 0.2.0 and commit 349f561 left it in the cache, without native kernels. With another name and
 * with kernels: as version 0.3.0 left it.
 */
function placeEarlierEngine(name = tensorflowKey('cpu'), kernels: readonly string[] = []): string {
  const directory = join(engineFolder(), name)
  mkdirSync(join(directory, 'tensorflow'), { recursive: true })
  const libraries = readdirSync(join(real.directory, 'tensorflow')).map(file => `tensorflow/${file}`)
  const paths = [BINDING, ...kernels, ...libraries]
  const files = paths.map(path => ({ path, bytes: statSync(join(real.directory, path)).size }))
  for (const path of paths) linkSync(join(real.directory, path), join(directory, path))
  const manifest = { variant: 'cpu', tensorflow: real.tensorflow, installedAt: '2026-11-30T02:55:09.090Z', files }
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest))
  return directory
}

/** Replaces a file by another content of equal size, so that the engine seems complete. */
function damage(path: string): void {
  const { size } = statSync(path)
  rmSync(path)
  writeFileSync(path, 'x'.repeat(size))
}

/** The parts whose sources the compiler got. */
function built(): string[] {
  const log = readFileSync(join(folder, 'compiler.log'), 'utf8')
  const sources = [
    [KERNELS_FILE, '/kernels.cc '],
    [BINDING, '/tfjs_backend.cc '],
  ]
  return sources.flatMap(([part, source]) => (log.includes(source) ? [part] : []))
}

const inode = (...path: string[]) => statSync(join(...path)).ino
const pipWasCalled = () => existsSync(join(folder, 'pip.log'))

describe('an engine of an earlier version', () => {
  const otherBinding = `${tensorflowPrefix('cpu')}aaaaaaaaaaaa`
  const otherKernels = '0123456789ab'
  beforeEach(() => program('python3', `${PIP}\nexit 1`))

  const expectTakenOver = async (earlier: string, parts: readonly string[]) => {
    expect(locateEngine('cpu')).toBeNull()
    const engine = await install()
    expect(engine).toMatchObject({ directory: engineDirectory('cpu'), kernelsMissing: null })
    expect(locateEngine('cpu')).toEqual(engine)
    expect(existsSync(join(engine.directory, KERNELS_FILE))).toBe(true)
    expect(pipWasCalled()).toBe(false)
    expect(built()).toEqual(parts)
    // A hard link takes no space. The earlier engine stays, because another checkout may use it.
    const files = [...readdirSync(join(earlier, 'tensorflow')).map(name => `tensorflow/${name}`), BINDING, KERNELS_FILE]
    const taken = files.filter(name => !parts.includes(name))
    for (const name of taken) expect(inode(engine.directory, name)).toBe(inode(earlier, name))
    expect(readdirSync(engineFolder())).toHaveLength(2)
  }

  test('of version 0.2.0 gets kernels, without pip', () => expectTakenOver(placeEarlierEngine(), [KERNELS_FILE]))

  test('gets new kernels if only the sources of the kernels changed, without pip', () =>
    expectTakenOver(placeEarlierEngine(`${tensorflowKey('cpu')}-${otherKernels}`, [KERNELS_FILE]), [KERNELS_FILE]))

  test('gets a new add-on if only the sources of the add-on changed, without pip', () =>
    expectTakenOver(placeEarlierEngine(`${otherBinding}-${nativeKey()}`, [KERNELS_FILE]), [BINDING]))

  test('gets both if the sources of both changed, without pip', () =>
    expectTakenOver(placeEarlierEngine(`${otherBinding}-${otherKernels}`, [KERNELS_FILE]), [KERNELS_FILE, BINDING]))

  test('gives no kernels that do not compute', async () => {
    const earlier = placeEarlierEngine(`${otherBinding}-${nativeKey()}`, [KERNELS_FILE])
    damage(join(earlier, KERNELS_FILE))
    expect((await install()).kernelsMissing).toBeNull()
    expect(built()).toEqual([KERNELS_FILE, BINDING])
    expect(pipWasCalled()).toBe(false)
  })

  test('is left alone if it is incomplete or does not compute, or if an installation is forced', async () => {
    program('python3', PIP)
    const earlier = placeEarlierEngine()
    truncateSync(join(earlier, 'manifest.json'), 40)
    await install()
    expect(pipRuns()).toHaveLength(1)
    rmSync(engineFolder(), { recursive: true })
    damage(join(placeEarlierEngine(), BINDING))
    expect((await install()).kernelsMissing).toBeNull()
    expect(pipRuns()).toHaveLength(2)
    await installEngine({ variant: 'cpu', force: true })
    expect(pipRuns()).toHaveLength(3)
  })

  test('is left alone if the new add-on does not compute with its libraries', async () => {
    program('python3', PIP)
    const once = `test -e "$folder/once" || { touch "$folder/once"; echo broken > "$2"; }`
    program('compiler', `${COMPILER}\ncase "$2" in *${BINDING}) ${once} ;; esac`)
    placeEarlierEngine(`${otherBinding}-${otherKernels}`, [KERNELS_FILE])
    expect((await install()).kernelsMissing).toBeNull()
    expect(pipRuns()).toHaveLength(1)
    expect(readdirSync(engineFolder())).toHaveLength(2)
  })

  test('is not replaced by a download if the new add-on does not compile', async () => {
    program('compiler', `case "$*" in *tfjs_binding.cc*) echo "error: no such type"; exit 1 ;; esac\n${COMPILER}`)
    placeEarlierEngine(`${otherBinding}-${nativeKey()}`, [KERNELS_FILE])
    await expect(install()).rejects.toThrow(/could not build the add-on: error: no such type/)
    expect(pipWasCalled()).toBe(false)
    expect(readdirSync(engineFolder())).toHaveLength(1)
  })
})

describe('without native kernels', () => {
  const FAILS = 'case "$*" in *kernels.cc*) echo "src/native/kernels.cc:7:1: error: no such vector" >&2; exit 1 ;; esac'
  const labels: string[] = []
  const installAloud = (options = {}) =>
    installEngine({ variant: 'cpu', onProgress: ({ label }) => labels.push(label), ...options })
  beforeEach(() => void labels.splice(0))

  test('an engine computes if their build fails, and one line gives the reason and the remedy', async () => {
    program('compiler', `${FAILS}\n${COMPILER}`)
    const engine = await installAloud()
    expect(engine.kernelsMissing).toBe('src/native/kernels.cc:7:1: error: no such vector')
    expect(existsSync(join(engine.directory, KERNELS_FILE))).toBe(false)
    expect(locateEngine('cpu')).toEqual(engine)
    expect(labels.filter(label => label.includes('no such vector'))).toEqual([
      'The native kernels are missing: src/native/kernels.cc:7:1: error: no such vector. TensorFlow’s own operations ' +
        'compute, about twice as slow. Repair: npm run -s self-mri -- engine install',
    ])
  })

  test('an engine is complete, and a user’s installation builds them again, without pip', async () => {
    program('compiler', `${FAILS}\n${COMPILER}`)
    await install()
    program('compiler', COMPILER)
    expect((await install()).kernelsMissing).not.toBeNull()
    const { directory, kernelsMissing } = await installAloud({ repair: true })
    expect(kernelsMissing).toBeNull()
    // A library that does not load any more is built again, too. Its size is unchanged, so the engine seems complete.
    const library = join(directory, KERNELS_FILE)
    writeFileSync(library, 'x'.repeat(statSync(library).size))
    expect(locateEngine('cpu')).not.toBeNull()
    await installAloud({ repair: true })
    expect(readFileSync(library).equals(readFileSync(join(real.directory, KERNELS_FILE)))).toBe(true)
    expect(pipRuns()).toHaveLength(1)
    expect(readdirSync(engineFolder())).toHaveLength(1)
  })

  test('an engine computes if they do not load', async () => {
    program('compiler', `${COMPILER}\ncase "$2" in *${KERNELS_FILE}) echo broken > "$2" ;; esac`)
    const engine = await installAloud()
    expect(engine.kernelsMissing).toMatch(/their test ended with status 1: Error: .*self_mri_kernels\.node/)
    expect(existsSync(join(engine.directory, KERNELS_FILE))).toBe(false)
  })
})

describe('a failed installation leaves nothing behind', () => {
  const expectEmpty = () => {
    expect(readdirSync(engineFolder())).toEqual([])
    expect(locateEngine('cpu')).toBeNull()
  }

  test('if it is cancelled, and pip is ended', async () => {
    program('python3', `${PIP}\nexec sleep 30`)
    const control = new AbortController()
    const start = performance.now()
    const installing = installEngine({ variant: 'cpu', signal: control.signal })
    await vi.waitUntil(() => existsSync(join(folder, 'pip.log')), { timeout: 10_000 })
    control.abort()
    await expect(installing).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(performance.now() - start).toBeLessThan(10_000)
    expectEmpty()
  })

  test('if pip fails', async () => {
    program('python3', `${PIP}\necho "ERROR: No matching distribution found" >&2; exit 1`)
    await expect(install()).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringContaining('ERROR: No matching distribution found'),
    })
    expectEmpty()
  })

  test('if the compiler fails', async () => {
    const fails = 'case "$*" in *tfjs*) echo "tfjs_backend.cc:1: error: no such type"; exit 1 ;; esac'
    program('compiler', `${fails}\n${COMPILER}`)
    await expect(install()).rejects.toThrow(/tfjs_backend\.cc:1: error: no such type/)
    expectEmpty()
  })

  test('if the add-on does not load', async () => {
    program('compiler', `${COMPILER}\ncase "$2" in *${BINDING}) head -c 1000 "$real/${BINDING}" > "$2" ;; esac`)
    await expect(install()).rejects.toThrow(/Expected the newly built engine to compute/)
    expectEmpty()
  })
})

/** Starts an installation in a separate process, as a second terminal would. */
function installInProcess() {
  const url = new URL('../../src/engine/install/install.ts', import.meta.url).href
  const script = `const { installEngine } = await import('${url}')
    console.log((await installEngine({ variant: 'cpu' })).directory)`
  const flags = ['--experimental-strip-types', '--disable-warning=ExperimentalWarning', '--input-type=module']
  const child = spawn(process.execPath, [...flags, '-e', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (output += text))
  const done = new Promise<{ status: number | null; output: string }>(resolve => {
    child.once('close', status => resolve({ status, output: output.trim() }))
  })
  return { child, done }
}
