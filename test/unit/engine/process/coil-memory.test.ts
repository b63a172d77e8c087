import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import { classicalOf } from '../../../../src/core/classical.ts'
import { requireCoilMemory, requirePictureMemory } from '../../../../src/engine/process/coil-memory.ts'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { FrameRequest } from '../../../../src/engine/process/protocol.ts'
import { writeCoils } from '../files/noise-file.ts'

// The computer has 250 kB of memory, as the engine sees it.
vi.mock('node:os', async original => ({ ...(await original<object>()), totalmem: () => 250_000 }))

const brain = { coils: 28, rows: 640, columns: 320, path: '/brain_07.h5' }
const cgSense = (virtualCoils: number) => classicalOf({ classical: 'cg-sense', config: { virtualCoils } })

const folder = mkdtempSync(join(tmpdir(), 'coil-memory-'))
afterAll(() => rmSync(folder, { recursive: true }))
/** A slice has 74 kB, and five arrays of it 369 kB. */
let path: string
beforeAll(async () => {
  path = await writeCoils(folder, 'coils', { slices: 1, coils: 3, rows: 64, columns: 48 })
})

it('refuses coils that need more memory than there is, and names the file and the remedy', () => {
  expect(() => requireCoilMemory(brain, cgSense(0), 0.3e9)).toThrow(
    expect.objectContaining({
      code: 'OUT_OF_MEMORY',
      message:
        'Expected 28 coils of 640 × 320 to need at most 0.3 GB of memory, got 0.4 GB, in /brain_07.h5. ' +
        'Choose settings with fewer virtual coils, or exclude the file.',
    }),
  )
  expect(() => requirePictureMemory(brain, 0.2e9)).toThrow(/got 0\.2 GB, in .*\. Look at one coil’s image, or write/)
})

it('allows fewer virtual coils, more memory, and zero-filling', () => {
  requireCoilMemory(brain, cgSense(8), 0.3e9)
  requireCoilMemory(brain, cgSense(0), 0.5e9)
  requireCoilMemory(brain, null, 1)
  requirePictureMemory(brain, 0.25e9)
})

const { signal } = new AbortController()
const context = { signal, pause: async () => {}, emit: () => {} }
const mask = MaskSpec.parse({ acceleration: 2, centerFraction: 0.3 })
const choice = { classical: 'cg-sense' as const, config: {} }

it('is asked before a tuning computes', async () => {
  const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
  const tuned = await handlers.tune({ file: { path }, salt: '', choice, iterations: [1], settings }, context)
  expect(tuned).toMatchObject({ reason: expect.stringMatching(/^Expected 3 coils of 64 × 48 to need at most/) })
})

it.each(['coils', 'maps', 'eigenvalues'] as const)(
  'is asked before a pane shows %s, and allows one coil',
  async show => {
    const request: FrameRequest = {
      ...{ path, salt: '', slice: 0, mask, show, source: 'network', reconstructor: null, scored: true },
      ...{ seed: null, layer: '', channel: 0, cascade: null, coil: null },
    }
    await expect(handlers.frame(request, context)).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/coils\.h5\. Look at one coil/),
    })
    expect((await handlers.frame({ ...request, show: 'image', coil: 1 }, context)).meta.show).toBe('image')
  },
)
