/** The build of the native kernels: flags of each compilation, and what a compilation may leave in its object. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compileNative, linkNative } from '../../../../src/engine/install/native.ts'
import { compilerArguments, nativeUnits } from '../../../../src/engine/install/native-sources.ts'
import { supportedPlatform } from '../../../../src/engine/install/platform.ts'
import { run } from '../../../../src/engine/install/run.ts'
import { compilerHere } from '../../../native/build.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-native-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A compiler that logs its arguments, then runs a script. */
function compiler(script = 'exit 0'): string {
  const path = join(folder, 'compiler')
  writeFileSync(path, `#!/bin/sh\necho "$*" >> ${join(folder, 'log')}\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const log = () => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')

const PER_SET = ['kernels.cc', 'optimizers.cc']

describe('the compilations', () => {
  test.each([
    ['x64', ['avx2', 'avx512']],
    ['arm64', ['neon']],
  ])('of %s include %j, and each other file once', (arch, sets) => {
    const units = nativeUnits(arch)
    for (const source of PER_SET) {
      const flags = units.filter(unit => unit.source === source).map(unit => unit.flags)
      const defined = flags.map(list => list.find(flag => flag.startsWith('-DSELF_MRI_SET='))?.split('=')[1])
      expect(defined.sort()).toEqual(sets)
    }
    const others = units.filter(({ source }) => !PER_SET.includes(source))
    expect(others.map(({ source }) => source)).toContain('threads.cc')
    expect(new Set(others.map(({ source }) => source)).size).toBe(others.length)
    expect(new Set(units.map(({ object }) => object)).size).toBe(units.length)
  })

  test('use instructions of the processor’s family only where the instruction set is chosen when loading', () => {
    for (const { source, flags } of [...nativeUnits('x64'), ...nativeUnits('arm64')]) {
      expect(flags).not.toContain('-march=native')
      if (!PER_SET.includes(source)) expect(flags.filter(flag => flag.startsWith('-m'))).toEqual([])
      expect(flags).toContain(source === 'optimizers.cc' ? '-ffp-contract=off' : '-ffp-contract=fast')
    }
    expect(nativeUnits('arm64').flatMap(({ flags }) => flags.filter(flag => flag.startsWith('-m')))).toEqual([])
  })

  test('run as many at a time as there are cores, and all of them run', async () => {
    const command = compiler('echo start >> "$TMPDIR/running"; sleep 0.05; echo end >> "$TMPDIR/running"')
    expect(await compileNative({ compiler: command, objects: folder })).toBeNull()
    expect(log()).toHaveLength(nativeUnits().length)
    let running = 0
    const counts = readFileSync(join(folder, 'running'), 'utf8')
      .trim()
      .split('\n')
      .map(line => (line === 'start' ? ++running : --running))
    expect(running).toBe(0)
    expect(Math.max(...counts)).toBeLessThanOrEqual(availableParallelism())
  })

  test('end at the first error, which is given as one line', async () => {
    const command = compiler('echo "In file included from kernels.cc:1:"; echo "vector.h:3:1: error: no vec"; exit 1')
    expect(await compileNative({ compiler: command, objects: folder })).toBe('vector.h:3:1: error: no vec')
    expect(log().length).toBeLessThanOrEqual(availableParallelism())
  })
})

test.each([
  ['linux', 'x64', 'libtensorflow_framework.so.2', '-Wl,-rpath,$ORIGIN/tensorflow'],
  ['darwin', 'arm64', 'libtensorflow_framework.2.dylib', '-Wl,-rpath,@loader_path/tensorflow'],
])('the library for %s is linked to TensorFlow’s framework beside it, and to nothing else', async (...machine) => {
  const [platform, arch, framework, searchPath] = machine
  const record = supportedPlatform('cpu', { platform, arch, glibc: '2.36' })
  const link = { compiler: compiler(), objects: folder, engine: join(folder, 'engine'), platform: record }
  expect(await linkNative(link)).toBeNull()
  const args = log()[0].split(' ')
  expect(args).toEqual(expect.arrayContaining(['-shared', searchPath, join(folder, 'engine', 'self_mri_kernels.node')]))
  expect(args.filter(arg => arg.includes('libtensorflow'))).toEqual([join(folder, 'engine', 'tensorflow', framework)])
  expect(args.filter(arg => arg.endsWith('.o'))).toHaveLength(nativeUnits().length)
  expect(args.includes('dynamic_lookup')).toBe(platform === 'darwin')
  expect(args.includes('-Wl,-z,nodelete')).toBe(platform === 'linux')
})

/**
 * The linker keeps one copy of a weak symbol, such as an inline function or a template of the standard library. If the
 * copy comes from a unit compiled for AVX-512, every processor executes its AVX-512 instructions. At -O0 the compiler
 * inlines nothing, so each such function shows.
 */
test.runIf(process.platform === 'linux')(
  'units that are compiled per instruction set define no weak functions',
  async () => {
    const units = nativeUnits().filter(({ source }) => PER_SET.includes(source))
    for (const unit of units) {
      const object = join(folder, unit.object)
      const compiled = await run(compilerHere(), [...compilerArguments(unit), '-O0', '-c', '-o', object])
      expect(compiled).toMatchObject({ status: 0 })
      const { status, output } = await run('nm', ['-C', '--defined-only', object])
      expect(status).toBe(0)
      expect(output).toMatch(/selfmri::/)
      // A reference to the exception handler is data, and equal everywhere.
      const weak = output.split('\n').filter(line => / [WVvwu] /.test(line) && !line.includes('DW.ref.'))
      expect(weak, unit.object).toEqual([])
    }
  },
)
