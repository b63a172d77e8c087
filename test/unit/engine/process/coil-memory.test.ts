import { expect, it } from 'vitest'
import { classicalOf } from '../../../../src/core/classical.ts'
import { requireCoilMemory } from '../../../../src/engine/process/coil-memory.ts'

const brain = { coils: 28, rows: 640, columns: 320, path: '/brain_07.h5' }
const cgSense = (virtualCoils: number) => classicalOf({ classical: 'cg-sense', config: { virtualCoils } })

it('refuses coils that need more memory than there is, and names the file and the remedy', () => {
  expect(() => requireCoilMemory(brain, cgSense(0), 0.3e9)).toThrow(
    expect.objectContaining({
      code: 'OUT_OF_MEMORY',
      message:
        'Expected 28 coils of 640 × 320 to need at most 0.3 GB of memory, got 0.4 GB, in /brain_07.h5. ' +
        'Choose settings with fewer virtual coils, or exclude the file.',
    }),
  )
})

it('allows fewer virtual coils, more memory, and zero-filling', () => {
  requireCoilMemory(brain, cgSense(8), 0.3e9)
  requireCoilMemory(brain, cgSense(0), 0.5e9)
  requireCoilMemory(brain, null, 1)
})
