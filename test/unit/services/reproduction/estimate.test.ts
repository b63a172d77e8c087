import { describe, expect, it } from 'vitest'
import { estimateSeconds } from '../../../../src/services/reproduction/estimate.ts'
import { sizesOf } from '../../../../src/services/reproduction/folds.ts'
import { TRAINING } from '../../../runs.ts'
import { studyOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

const sizes = (coils: number) =>
  sizesOf(
    studyOf(
      (['train', 'val'] as const).map((role, id) => {
        const { info } = noiseVolume(role, { slices: 10, rows: 64, columns: 37 })
        // The k-space of fastMRI's knees, without its memory.
        return { ...info, coils, rows: 640, columns: 372, targetShape: [320, 320], id, role }
      }),
    ),
  )
const pretraining = { ...TRAINING, kind: 'pretrain', method: 'simclr' } as const

describe('the estimate of a training', () => {
  it('adds the reading and the zero-filling of further coils, as long as docs/performance.md says', () => {
    const [one, fifteen] = [1, 15].map(coils => estimateSeconds(TRAINING, sizes(coils)))
    const slices = TRAINING.recipe!.epochs * (10 + 10) // of training and of validation
    expect((fifteen - one) / slices / ((14 / 15) * 0.0135)).toBeCloseTo(1, 1)
  })

  it('reads a slice of a pretext once, and transforms each of its views', () => {
    const [one, fifteen] = [1, 15].map(coils => estimateSeconds(pretraining, sizes(coils)))
    const samples = TRAINING.recipe!.epochs * 10 + 10 * 10 // ten validations
    expect((fifteen - one) / samples / ((14 / 15) * (0.0135 - 0.0074 + 2 * 0.0074))).toBeCloseTo(1, 1)
  })

  it('of one coil has no further samples', () => {
    expect(sizes(1).furtherSamples).toBe(0)
  })
})
