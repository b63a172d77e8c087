/**
 * Every kernel of src/native against its definition in double precision, for each instruction set of this processor:
 * see test/native/table.h. AddressSanitizer and UndefinedBehaviorSanitizer watch one run, ThreadSanitizer the other.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { buildTable, compilerHere } from '../../native/build.ts'

let directory: string | undefined
afterEach(() => directory && rmSync(directory, { recursive: true }))

async function expectNoFailure(sanitizers: readonly string[], args: readonly string[]) {
  directory = mkdtempSync(join(tmpdir(), 'self-mri-table-'))
  const program = await buildTable(directory, sanitizers)
  // New memory is filled with NaN, so a kernel that reads memory before it is written gives NaN.
  const ASAN_OPTIONS = 'max_malloc_fill_size=1000000000:malloc_fill_byte=255'
  const env = { ...process.env, ASAN_OPTIONS, TSAN_OPTIONS: 'halt_on_error=1' }
  const { stdout, stderr } = await promisify(execFile)(program, args, { env }).catch(error => error)
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^[1-9]\d* cases, 0 failed\n$/)
}

test('kernels equal their definition, with sanitizers for memory and undefined behaviour', async () => {
  const checks = ['-fsanitize=address,undefined,float-cast-overflow', '-fno-sanitize-recover=all']
  await expectNoFailure(['-O2', '-g1', ...checks], [])
}, 600_000)

const { version, compilers, bits } = JSON.parse(
  readFileSync(new URL('../../fixtures/native-bits.json', import.meta.url), 'utf8'),
) as { version: number; compilers: number[]; bits: Record<string, Record<string, string>> }
const compilerVersion = execFileSync(compilerHere(), ['--version'], { encoding: 'utf8' })
// Another compiler joins products and sums in another way. No bits of ARM are recorded.
const isRecordedCompiler =
  process.arch === 'x64' &&
  compilerVersion.startsWith('g++') &&
  compilers.some(major => compilerVersion.includes(` ${major}.`))

test.skipIf(!isRecordedCompiler)(
  'a change of any bit raises the version of the kernels',
  async () => {
    directory = mkdtempSync(join(tmpdir(), 'self-mri-bits-'))
    const program = await buildTable(directory, [])
    const { stdout } = await promisify(execFile)(program, ['--bits'])
    const found: Record<string, Record<string, string>> = {}
    for (const line of stdout.trim().split('\n')) {
      const [set, group, sum] = line.split(': ')
      found[set] = { ...found[set], [group]: sum }
    }
    // This processor may lack AVX-512 or AVX2. Four lanes are computed on each.
    expect(Object.keys(found)).toContain('four lanes')
    // If this fails, raise VERSION in src/native/kernels.h, and record version and bits in the fixture.
    for (const set of Object.keys(found)) expect({ [set]: found[set] }).toEqual({ [set]: bits[set] })
    const sourceOf = (name: string) => readFileSync(new URL(`../../../src/native/${name}`, import.meta.url), 'utf8')
    expect(sourceOf('kernels.h')).toContain(`constexpr int VERSION = ${version};`)
    expect(sourceOf('node.cc')).toContain(`#elif ${compilers.map(major => `__GNUC__ == ${major}`).join(' || ')}\n`)
  },
  300_000,
)

test('kernels equal their definition, with a sanitizer for threads', async () => {
  // One instruction set is enough, because all share the code of threads.
  await expectNoFailure(['-O1', '-g1', '-fsanitize=thread'], ['--best'])
}, 600_000)
