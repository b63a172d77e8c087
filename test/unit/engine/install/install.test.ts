import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { homedir, hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findCompiler } from '../../../../src/engine/install/binding.ts'
import {
  cacheDirectory,
  engineDirectory,
  engineEnvironment,
  requiredTensorflow,
  requirementsPath,
  tensorflowKey,
  wheelsKey,
} from '../../../../src/engine/install/environment.ts'
import { whileLocked } from '../../../../src/engine/install/lock.ts'
import { BINDING, locateEngine, readManifest, writeManifest } from '../../../../src/engine/install/manifest.ts'
import { findPip, pipError } from '../../../../src/engine/install/pip.ts'
import { supportedPlatform } from '../../../../src/engine/install/platform.ts'
import { run } from '../../../../src/engine/install/run.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-install-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

function program(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('the cache folder', () => {
  test('is SELF_MRI_CACHE, relative to the user’s folder', () => {
    vi.stubEnv('SELF_MRI_CACHE', 'cache')
    vi.stubEnv('INIT_CWD', folder)
    expect(cacheDirectory()).toBe(join(folder, 'cache'))
  })

  test.runIf(process.platform === 'linux')('is the user’s cache without SELF_MRI_CACHE', () => {
    vi.stubEnv('SELF_MRI_CACHE', undefined)
    vi.stubEnv('XDG_CACHE_HOME', undefined)
    expect(cacheDirectory()).toBe(join(homedir(), '.cache', 'self-mri'))
    vi.stubEnv('XDG_CACHE_HOME', folder)
    expect(cacheDirectory()).toBe(join(folder, 'self-mri'))
  })

  test('holds a folder per engine, named by version and variant', () => {
    vi.stubEnv('SELF_MRI_CACHE', folder)
    const [cpu, cuda] = [engineDirectory('cpu'), engineDirectory('cuda')]
    expect(cpu).toMatch(/tensorflow-2\.21\.0-cpu-\w+-\w+(?:-[0-9a-f]{12}){2}$/)
    expect(cuda).toMatch(/tensorflow-2\.21\.0-cuda-\w+-\w+(?:-[0-9a-f]{12}){2}$/)
    expect(engineDirectory('cpu')).toBe(cpu)
  })

  test('names an engine as version 0.2.0 did, before the hash of the kernels', () => {
    // If the wheels change, these hashes change, and engines are installed anew. If the add-on changes, these hashes
    // change, and each engine gets a new add-on.
    const [cpu, cuda] = ['6760d1f8263a', '7afb0cadf263']
    const machine = `${process.platform}-${process.arch}`
    expect(tensorflowKey('cpu')).toBe(`tensorflow-2.21.0-cpu-${machine}-${cpu}`)
    expect(tensorflowKey('cuda')).toBe(`tensorflow-2.21.0-cuda-${machine}-${cuda}`)
    expect(basename(engineDirectory('cpu')).startsWith(`${tensorflowKey('cpu')}-`)).toBe(true)
  })
})

test('every pinned wheel has a hash, and both variants have one version of TensorFlow', () => {
  for (const variant of ['cpu', 'cuda'] as const) {
    const lines = readFileSync(requirementsPath(variant), 'utf8').split('\n')
    const pins = lines.filter(line => /^[a-z]/.test(line))
    const hashes = lines.filter(line => /^ {4}--hash=sha256:[0-9a-f]{64}$/.test(line))
    expect(pins.every(line => /^[\w-]+==[\d.]+ /.test(line))).toBe(true)
    expect(hashes).toHaveLength(pins.length)
  }
  expect(requiredTensorflow('cpu')).toBe(requiredTensorflow('cuda'))
})

describe('an engine process', () => {
  const engine = (variant: 'cpu' | 'cuda') =>
    ({
      ...{ variant, directory: folder, binding: '', tensorflow: '2.21.0', wheels: '' },
      ...{ kernelsMissing: null, installedAt: '' },
    }) as const

  test('prints nothing, shares the GPU, and computes reproducibly, unless the user’s variables differ', () => {
    vi.stubEnv('TF_CPP_MIN_LOG_LEVEL', undefined)
    vi.stubEnv('TF_FORCE_GPU_ALLOW_GROWTH', undefined)
    vi.stubEnv('TF_DETERMINISTIC_OPS', undefined)
    const expected = { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true', TF_DETERMINISTIC_OPS: '1' }
    expect(engineEnvironment(engine('cpu'))).toMatchObject(expected)
    vi.stubEnv('TF_CPP_MIN_LOG_LEVEL', '0')
    expect(engineEnvironment(engine('cpu'))).toMatchObject({ ...expected, TF_CPP_MIN_LOG_LEVEL: '0' })
  })

  test('with CUDA finds the engine’s own NVIDIA libraries before any other', () => {
    mkdirSync(join(folder, 'nvidia', 'cublas', 'lib'), { recursive: true })
    mkdirSync(join(folder, 'nvidia', 'cuda_nvcc', 'bin'), { recursive: true })
    vi.stubEnv('LD_LIBRARY_PATH', '/opt/other')
    const { LD_LIBRARY_PATH } = engineEnvironment(engine('cuda'))
    expect(LD_LIBRARY_PATH).toBe(`${join(folder, 'nvidia', 'cublas', 'lib')}:/opt/other`)
  })

  test('compiles graphs with XLA if the setting says so, with the engine’s own part of CUDA', () => {
    mkdirSync(join(folder, 'nvidia'), { recursive: true })
    for (const variant of ['cpu', 'cuda'] as const) {
      expect(engineEnvironment(engine(variant))).not.toHaveProperty('TF_XLA_FLAGS')
      expect(engineEnvironment(engine(variant), { xla: true }).TF_XLA_FLAGS).toContain('--tf_xla_auto_jit=2')
    }
    expect(engineEnvironment(engine('cpu'), { xla: true })).not.toHaveProperty('XLA_FLAGS')
    expect(engineEnvironment(engine('cuda'), { xla: true }).XLA_FLAGS).toBe(
      `--xla_gpu_cuda_data_dir=${join(folder, 'nvidia', 'cuda_nvcc')}`,
    )
    vi.stubEnv('TF_XLA_FLAGS', '--tf_xla_auto_jit=-1')
    expect(engineEnvironment(engine('cpu'), { xla: true }).TF_XLA_FLAGS).toBe('--tf_xla_auto_jit=-1')
  })
})

describe('before any download', () => {
  const linux = { platform: 'linux', arch: 'x64', glibc: '2.36' }

  test('a platform without a library is refused with a message', () => {
    expect(supportedPlatform('cuda', linux).libraries[0]).toBe('libtensorflow_cc.so.2')
    expect(supportedPlatform('cpu', { platform: 'darwin', arch: 'arm64', glibc: null }).compilers[0]).toBe('clang++')
    expect(() => supportedPlatform('cpu', { platform: 'win32', arch: 'x64', glibc: null })).toThrow(/WSL2/)
    expect(() => supportedPlatform('cpu', { ...linux, arch: 'arm64' })).toThrow(/got linux arm64/)
    expect(() => supportedPlatform('cpu', { ...linux, glibc: null })).toThrow(/musl/)
    expect(() => supportedPlatform('cpu', { ...linux, glibc: '2.17' })).toThrow(/got glibc 2\.17/)
    expect(() => supportedPlatform('cuda', { platform: 'darwin', arch: 'arm64', glibc: null })).toThrow(/CPU engine/)
  })

  test('the platform of this machine is accepted', () => {
    expect(supportedPlatform('cpu').tags.length).toBeGreaterThan(0)
  })

  test('a missing pip is named, with what to install', async () => {
    await expect(findPip(undefined, [[join(folder, 'none')]])).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringContaining('sudo apt install python3-pip'),
    })
  })

  test('an old pip is refused, and the next newer pip is taken', async () => {
    const old = program('old-pip', 'echo "pip 20.0.2 from somewhere"')
    const good = program('good-pip', 'test "$1 $2 $3" = "-m pip --version" && echo "pip 23.0.1 from somewhere"')
    await expect(findPip(undefined, [[old]])).rejects.toThrow('Expected pip 21 or newer, got 20.0.2')
    expect(await findPip(undefined, [[join(folder, 'none')], [old], [good, '-m', 'pip']])).toEqual([good, '-m', 'pip'])
  })

  test('a missing compiler is named, with what to install, and CXX can name a compiler', async () => {
    vi.stubEnv('CXX', join(folder, 'none'))
    const platform = supportedPlatform('cpu')
    await expect(findCompiler(platform)).rejects.toThrow(/sudo apt install g\+\+/)
    vi.stubEnv('CXX', program('my-c++', 'echo 1.0'))
    expect(await findCompiler(platform)).toBe(join(folder, 'my-c++'))
  })
})

test('failures of pip become errors with a remedy', () => {
  const failed = (output: string) => pipError({ status: 1, endedBy: null, output })
  expect(failed('x\nERROR: Could not install: [Errno 28] No space left on device\n').code).toBe('DISK_FULL')
  const hash = failed('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    Got abc\n')
  expect(hash.message).toMatch(/the download is damaged/)
  const offline = failed('WARNING: Retrying\nERROR: No matching distribution found for tensorflow-cpu==2.21.0\n')
  expect(offline).toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  expect(offline.message).toMatch(/status 1: ERROR: No matching distribution found.*\n.*network/)
})

describe('the manifest', () => {
  const engine = () => join(folder, 'engine')
  beforeEach(() => {
    mkdirSync(join(engine(), 'tensorflow'), { recursive: true })
    writeFileSync(join(engine(), 'tensorflow', 'library'), 'x'.repeat(1000))
    writeFileSync(join(engine(), BINDING), 'binding')
  })

  test('describes the installed engine', () => {
    expect(readManifest(engine())).toBeNull()
    writeManifest(engine(), 'cpu', '2.21.0', null)
    expect(readManifest(engine())).toMatchObject({
      variant: 'cpu',
      tensorflow: '2.21.0',
      directory: engine(),
      binding: join(engine(), BINDING),
      installedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
  })

  test.each([
    ['a file cut short', () => truncateSync(join(engine(), 'tensorflow', 'library'), 999)],
    ['a file gone', () => rmSync(join(engine(), 'tensorflow', 'library'))],
    ['the add-on gone', () => rmSync(join(engine(), BINDING))],
    ['a manifest cut short', () => truncateSync(join(engine(), 'manifest.json'), 40)],
    ['another program’s manifest', () => writeFileSync(join(engine(), 'manifest.json'), '{"files":[]}')],
  ])('%s is not an engine', (_name, damage) => {
    writeManifest(engine(), 'cpu', '2.21.0', null)
    damage()
    expect(readManifest(engine())).toBeNull()
  })

  test('of version 0.3.0 names no wheels, and means the wheels of that version', () => {
    const manifest = join(engine(), 'manifest.json')
    for (const [variant, wheels] of [
      ['cpu', '7f408422c4d6'],
      ['cuda', '80f5233b3633'],
    ] as const) {
      writeManifest(engine(), variant, '2.21.0', null)
      expect(readManifest(engine())?.wheels).toBe(wheelsKey(variant))
      const { wheels: _, ...earlier } = JSON.parse(readFileSync(manifest, 'utf8'))
      writeFileSync(manifest, JSON.stringify(earlier))
      expect(readManifest(engine())?.wheels).toBe(wheels)
    }
  })

  test('nothing is located in an empty cache', () => {
    vi.stubEnv('SELF_MRI_CACHE', join(folder, 'empty'))
    expect(locateEngine()).toBeNull()
  })

  test('by default the CUDA engine is taken first, then the engine for the CPU', () => {
    vi.stubEnv('SELF_MRI_CACHE', folder)
    for (const variant of ['cpu', 'cuda'] as const) {
      const directory = engineDirectory(variant)
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, BINDING), variant)
      writeManifest(directory, variant, '2.21.0', null)
      expect(locateEngine()?.variant).toBe(variant)
    }
    expect(locateEngine('cpu')?.variant).toBe('cpu')
  })
})

describe('a program', () => {
  test('has no status if it is missing', async () => {
    expect(await run(join(folder, 'none'), [])).toMatchObject({ status: null, endedBy: null })
  })

  test('keeps its output and its status', async () => {
    const lines: string[] = []
    const both = program('both', 'echo one; echo two >&2; exit 3')
    const ended = await run(both, [], { onLine: line => lines.push(line) })
    expect(ended.status).toBe(3)
    expect(lines.sort()).toEqual(['one', 'two'])
  })

  test('is ended by an abort before the promise settles', async () => {
    const control = new AbortController()
    const slow = program('slow', `echo $$ > ${join(folder, 'pid')}; exec sleep 30`)
    const ended = run(slow, [], { signal: control.signal })
    await vi.waitUntil(() => existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8').trim())
    control.abort()
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(() => process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0)).toThrow(/ESRCH/)
  })

  test('does not start if the signal is already aborted', async () => {
    const ended = run(program('touch', `touch ${join(folder, 'ran')}`), [], { signal: AbortSignal.abort() })
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(existsSync(join(folder, 'ran'))).toBe(false)
  })
})

describe('the lock', () => {
  const lock = () => join(folder, 'lock')

  test('admits one process at a time, and names the owner to the waiting process', async () => {
    const order: string[] = []
    const owners: string[] = []
    const first = whileLocked(lock(), async () => {
      await sleep(100)
      order.push('first')
    })
    const second = whileLocked(lock(), async () => order.push('second'), { onWait: owner => owners.push(owner) })
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
    expect(owners[0]).toBe(`${process.pid} ${hostname()}`)
    expect(existsSync(lock())).toBe(false)
  })

  test('is released after a failure', async () => {
    await expect(whileLocked(lock(), () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await whileLocked(lock(), async () => 'in')).toBe('in')
  })

  test('of a dead process is ignored', async () => {
    const { output } = await run('sh', ['-c', 'echo $$'])
    writeFileSync(lock(), `${output.trim()} ${hostname()}`)
    expect(await whileLocked(lock(), async () => 'in')).toBe('in')
  })

  test('that is not refreshed is ignored, for every owner', async () => {
    writeFileSync(lock(), '1 another-host')
    const longAgo = new Date(Date.now() - 120_000)
    utimesSync(lock(), longAgo, longAgo)
    expect(await whileLocked(lock(), async () => 'in')).toBe('in')
  })

  test('of another computer is respected while it is refreshed, and waiting can be cancelled', async () => {
    writeFileSync(lock(), '1 another-host')
    const control = new AbortController()
    const waiting = whileLocked(lock(), async () => 'in', { signal: control.signal, onWait: () => control.abort() })
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(existsSync(lock())).toBe(true)
  })
})
