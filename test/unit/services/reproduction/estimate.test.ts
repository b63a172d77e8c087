import { describe, expect, it } from 'vitest'
import { estimateSeconds, secondsLeft } from '../../../../src/services/reproduction/estimate.ts'
import { sizesOf } from '../../../../src/services/reproduction/folds.ts'
import { networkAt } from '../../../../src/services/reproduction/scales.ts'
import { endOf } from '../../../../src/services/reproduction/schedule.ts'
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

  it('of a network of the whole field has the measured ratio to the U-Net’s', () => {
    const study = (coils: number, rows: number, columns: number, targetShape: [number, number]) =>
      sizesOf(
        studyOf(
          (['train', 'val'] as const).map((role, id) => {
            const { info } = noiseVolume(role, { slices: 10, rows: 4, columns: 4 })
            return { ...info, coils, rows, columns, targetShape, id, role }
          }),
        ),
      )
    const [brain, knee] = [study(1, 128, 126, [128, 126]), study(8, 320, 186, [160, 160])]
    const seconds = (id: string, of: typeof brain) => {
      const { network, networkConfig } = networkAt('workstation', id)
      return estimateSeconds({ ...TRAINING, network, networkConfig }, of)
    }
    // Measured in turns on two cores, with one coil and with eight coils.
    const measured = { 'complex-unet': [2.1, 4.5], varnet: [2.9, 12], modl: [3.5, 13.2] }
    for (const [network, ratios] of Object.entries(measured))
      for (const [i, of] of [brain, knee].entries()) {
        const share = seconds(network, of) / seconds('unet', of) / ratios[i]
        expect(share, network).toBeGreaterThan(0.7)
        expect(share, network).toBeLessThan(1.4)
      }
  })

  it('of one coil has no further samples', () => {
    expect(sizes(1).furtherSamples).toBe(0)
  })
})

describe('the end of several works', () => {
  const work = (key: string, seconds: number, ...needs: string[]) => ({ key, seconds, needs, goesOn: false })
  /** A chain of 3 + 4 + 5, and four works of 2 beside it. */
  const works = [
    work('x1', 2),
    work('x2', 2),
    work('a', 3),
    work('b', 4, 'a', 'finished before'),
    work('x3', 2),
    work('c', 5, 'a', 'b'),
    work('x4', 2),
  ]

  it('is their sum at one place', () => {
    expect(endOf(works, 1)).toBe(20)
  })

  it('is that of a list at two places', () => {
    // x1 0–2 and x2 0–2; a 2–5 and x3 2–4; x4 4–6; b 5–9; c 9–14
    expect(endOf(works, 2)).toBe(14)
  })

  it('is that of the longest chain at many places', () => {
    expect(endOf(works, 7)).toBe(12)
  })

  it('begins with what goes on', () => {
    const going = { ...work('y', 6), goesOn: true }
    // y 0–6 and x1 0–2, x2 2–4, a 4–7; x3 6–8, b 7–11, x4 8–10, c 11–16
    expect(endOf([...works, going], 2)).toBe(16)
    expect(endOf([], 2)).toBe(0)
  })

  it('is not reached by works that need each other', () => {
    expect(endOf([work('a', 1, 'b'), work('b', 1, 'a'), work('c', 2)], 1)).toBe(2)
  })

  it('counts the computed share of trainings, and their pace', () => {
    const timed = (key: string, seconds: number | null, done: number, ...needs: string[]) =>
      ({ kind: 'training', group: 'a', estimate: 10, key, needs, goesOn: done > 0 && done < 1, seconds, done }) as const
    const items = [timed('a', 20, 1), timed('b', null, 0.5), timed('c', null, 0, 'a'), timed('d', null, 0, 'b')]
    expect(secondsLeft(items, 1)).toBe(50)
    expect(secondsLeft(items, 2)).toBe(30) // b 0–10, c 0–20, d 10–30
  })
})
