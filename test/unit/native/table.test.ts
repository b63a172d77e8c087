/**
 * Every kernel of src/native against its definition in double precision, for each instruction set of this processor:
 * see test/native/table.h. AddressSanitizer and UndefinedBehaviorSanitizer watch one run, ThreadSanitizer the other.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { buildTable } from '../../native/build.ts'

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

test('kernels equal their definition, with a sanitizer for threads', async () => {
  // One instruction set is enough, because all share the code of threads.
  await expectNoFailure(['-O1', '-g1', '-fsanitize=thread'], ['--best'])
}, 600_000)
