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
import { afterAll, expect, test } from 'vitest'
import { buildTable } from '../../native/build.ts'

const directories: string[] = []
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true })
})

const SANITIZERS = {
  'memory and undefined behaviour': ['-fsanitize=address,undefined,float-cast-overflow', '-fno-sanitize-recover=all'],
  threads: ['-fsanitize=thread'],
}

test.each(Object.entries(SANITIZERS))(
  'kernels equal their definition, with a sanitizer for %s',
  async (_, sanitizers) => {
    const directory = mkdtempSync(join(tmpdir(), 'self-mri-table-'))
    directories.push(directory)
    const program = await buildTable(directory, sanitizers)
    // New memory is filled with NaN, so a kernel that reads memory before it is written gives NaN.
    const ASAN_OPTIONS = 'max_malloc_fill_size=1000000000:malloc_fill_byte=255'
    const env = { ...process.env, ASAN_OPTIONS, TSAN_OPTIONS: 'halt_on_error=1' }
    const { stdout, stderr } = await promisify(execFile)(program, [], { env }).catch(error => error)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^[1-9]\d* cases, 0 failed\n$/)
  },
  600_000,
)
