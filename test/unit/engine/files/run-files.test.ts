import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { throwIfCancelled } from '../../../../src/contract/errors.ts'
import { runFiles } from '../../../../src/engine/files/run-files.ts'
import { readCheckpoint, sha256 } from '../../../../src/engine/files/whole-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'run-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const checkpoint = (epoch: number) => ({
  tensors: new Map([['bias', { shape: [1], data: Float32Array.of(epoch) }]]),
  metadata: { epoch: String(epoch) },
})

const noWaiting = { pause: async () => {}, emit: () => {} }

it('equal names have equal contents, because a file from within an epoch names its step', async () => {
  const directory = join(folder, 'run')
  const files = runFiles(directory, noWaiting)
  await files.saveCheckpoint('last', 7, checkpoint(7), 123)
  await files.saveCheckpoint('last', 7, checkpoint(7))
  await files.saveCheckpoint('milestone', 100, checkpoint(100))
  const { path, sha256: written } = await files.saveState(6, 123, checkpoint(6))
  expect(readdirSync(directory).sort()).toEqual([
    'last-0007-000123.safetensors',
    'last-0007.safetensors',
    'milestone-0100.safetensors',
    'state-0006-000123.safetensors',
  ])
  expect(sha256(readFileSync(path))).toBe(written)
  expect((await readCheckpoint(join(directory, 'last-0007.safetensors'))).metadata).toEqual({ epoch: '7' })
})

const isRoot = process.getuid?.() === 0
/** Mounts a disk of 64 KiB if this user may mount. */
function mountSmallDisk(path: string): boolean {
  mkdirSync(path)
  return isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0
}

const disk = join(folder, 'disk')
const mounted = mountSmallDisk(disk)
afterAll(() => {
  if (mounted) spawnSync('umount', [disk])
})

describe.runIf(mounted)('on a full disk (a tmpfs of 64 KiB)', () => {
  const large = { tensors: new Map([['weights', { shape: [8192], data: new Float32Array(8192) }]]), metadata: {} }

  it('a write waits until there is space, and the checkpoint before stays whole', async () => {
    const events: { type: string }[] = []
    const files = runFiles(disk, { pause: async () => {}, emit: event => events.push(event) })
    const before = await files.saveCheckpoint('last', 1, large) // 32 KiB
    writeFileSync(join(disk, 'other'), new Uint8Array(20 * 1024))
    const waiting = files.saveCheckpoint('last', 2, large)
    await vi.waitFor(() => expect(events).toHaveLength(1))
    expect(events[0]).toMatchObject({
      type: 'waiting',
      reason: 'disk full',
      path: join(disk, 'last-0002.safetensors'),
      words: expect.stringMatching(/disk is full/),
    })
    expect(sha256(readFileSync(before.path))).toBe(before.sha256)
    expect(readdirSync(disk).sort()).toEqual(['last-0001.safetensors', 'other']) // No partial file is left.
    rmSync(join(disk, 'other'))
    rmSync(before.path)
    const after = await waiting
    expect(sha256(readFileSync(after.path))).toBe(after.sha256)
    expect(events.at(-1)).toMatchObject({ type: 'continued' })
  })

  it('a waiting write can be cancelled', async () => {
    let cancelled = false
    const files = runFiles(disk, { pause: async () => throwIfCancelled({ aborted: cancelled }), emit: () => {} })
    writeFileSync(join(disk, 'other'), new Uint8Array(20 * 1024))
    const waiting = files.saveState(3, 30, large)
    setTimeout(() => {
      cancelled = true
    }, 200)
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

it('a preview holds its raw pixels, also if they are a part of a larger array', async () => {
  const { savePreview } = runFiles(join(folder, 'previews-of-a-run'), noWaiting)
  const { path } = await savePreview(12, Float32Array.of(0, 1.5, -2, 9).subarray(1, 3))
  expect(path).toBe(join(folder, 'previews-of-a-run', 'previews', '0012.f32'))
  const bytes = readFileSync(path)
  expect(bytes.length).toBe(8)
  expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([1.5, -2])
})
