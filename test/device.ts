/** Each test file trains on a device of its own, because they would wait for each other, and has a cache of its own. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll } from 'vitest'

process.env.SELF_MRI_DEVICE ??= `test-${process.pid}`

// Kept maps and images of one test file are neither of another test nor of the user.
const kept = join(tmpdir(), `self-mri-kept-${randomUUID()}`)
process.env.SELF_MRI_KEPT = kept
afterAll(() => rmSync(kept, { recursive: true, force: true }))
