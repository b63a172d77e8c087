/** The built main process: it runs, finds migrations and resources beside the sources, and answers the window. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const { buildParts, ALL_PARTS } = await import(join(root, 'scripts', 'launch', 'build.mjs'))

// Module hooks need Node 22.15.
test.skipIf(!('registerHooks' in module))('answers the page and its calls, and leaves the profile closed', async () => {
  await buildParts(root, ALL_PARTS, { node: process.execPath, flags: [] })
  const profile = mkdtempSync(join(tmpdir(), 'self-mri-built-'))
  try {
    const program = fileURLToPath(new URL('as-electron.ts', import.meta.url))
    const env = { ...process.env, SELF_MRI_NODE: process.execPath, SELF_MRI_NODE_FLAGS: '' }
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--profile', profile], { env })
    const answer = JSON.parse(stdout)
    expect(answer).toMatchObject({ status: 200, profile, html: expect.stringContaining('<div id="root">') })
    expect(answer.csp).toMatch(/script-src[^;]*'self'/)
    expect(answer.csp).not.toContain('unsafe')
    expect(existsSync(join(profile, 'self-mri.sqlite'))).toBe(true)
    // SQLite merges its log into the database when the last connection closes.
    expect(existsSync(join(profile, 'self-mri.sqlite-wal'))).toBe(false)
  } finally {
    rmSync(profile, { recursive: true, force: true })
  }
})
