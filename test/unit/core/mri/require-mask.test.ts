import { describe, expect, it } from 'vitest'
import { requireMask } from '../../../../src/core/mri/require-mask.ts'
import { storedMask } from '../../../../src/core/mri/stored-mask.ts'
import { noiseVolume } from '../../../volumes.ts'

const narrow = noiseVolume('narrow', { columns: 32 }).info
const wide = noiseVolume('wide', { columns: 37 }).info
const pairs = (...alternatives: { acceleration: number; centerFraction: number }[]) =>
  ({ kind: 'random', acceleration: 4, centerFraction: 0.08, alternatives }) as const

describe('a mask that does not fit', () => {
  it('is a mask file of another size, in any volume', () => {
    const stored = storedMask('/m.npy', { shape: [32], at: () => 1 })
    const mask = { kind: 'file', acceleration: 4, centerFraction: 0.08, stored } as const
    expect(() => requireMask(mask, [narrow, narrow])).not.toThrow()
    expect(() => requireMask(mask, [narrow, wide])).toThrow(
      expect.objectContaining({
        code: 'SHAPE_MISMATCH',
        message: expect.stringMatching(
          /^The mask does not fit wide\.h5\. .*32, in \/m\.npy\. Choose a mask of this size/,
        ),
      }),
    )
  })

  it('is any pair that leaves no room beside the centre, whichever pair would be drawn first', () => {
    expect(() => requireMask(pairs({ acceleration: 8, centerFraction: 0.08 }), [narrow, wide])).not.toThrow()
    for (const [mask, files] of [
      [pairs({ acceleration: 16, centerFraction: 0.08 }), 'narrow.h5, wide.h5'],
      [pairs({ acceleration: 8, centerFraction: 0.08 }, { acceleration: 16, centerFraction: 0.08 }), 'narrow.h5'],
      [{ ...pairs(), acceleration: 16, kind: 'poisson_disc', centerFraction: 0.5 } as const, 'narrow.h5'],
    ] as const)
      expect(() => requireMask(mask, [narrow, narrow, wide])).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(
            new RegExp(`^The mask does not fit .*${files.split(',')[0]}.*got 16\\. Lower the`),
          ),
        }),
      )
  })

  it('is of no concern for a volume with a mask of its own', () => {
    const sampling = { kind: 'irregular', pattern: 'points', acceleration: 4 } as const
    expect(() => requireMask(pairs({ acceleration: 64, centerFraction: 1 }), [{ ...wide, sampling }])).not.toThrow()
  })
})
