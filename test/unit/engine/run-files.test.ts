import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readCheckpoint } from '../../../src/engine/files.ts'
import { runFiles } from '../../../src/engine/run-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'run-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

const checkpoint = (epoch: number) => ({
  tensors: new Map([['bias', { shape: [1], data: Float32Array.of(epoch) }]]),
  metadata: { epoch: String(epoch) },
})

it('of each role the newest checkpoint and the one before stay, whatever comes between', async () => {
  const directory = join(folder, 'run')
  const { saveCheckpoint } = runFiles(directory)
  let before: string | null = null
  for (const epoch of [1, 2, 7, 8]) {
    await saveCheckpoint('head', epoch, checkpoint(epoch))
    const { path } = await saveCheckpoint('last', epoch, checkpoint(epoch))
    if (before) expect(existsSync(before)).toBe(true) // what the database names until it hears of the newest
    before = path
    if (epoch < 3) await saveCheckpoint('best', epoch, checkpoint(epoch))
  }
  expect(readdirSync(directory).sort()).toEqual([
    'best-0001.safetensors',
    'best-0002.safetensors',
    'head-0007.safetensors',
    'head-0008.safetensors',
    'last-0007.safetensors',
    'last-0008.safetensors',
  ])
  expect((await readCheckpoint(join(directory, 'last-0007.safetensors'))).metadata).toEqual({ epoch: '7' })
})

it('a preview is its raw pixels, whatever array they are part of', async () => {
  const { savePreview } = runFiles(join(folder, 'previews-of-a-run'))
  const { path } = await savePreview(12, Float32Array.of(0, 1.5, -2, 9).subarray(1, 3))
  expect(path).toBe(join(folder, 'previews-of-a-run', 'previews', '0012.f32'))
  const bytes = readFileSync(path)
  expect(bytes.length).toBe(8)
  expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([1.5, -2])
})
