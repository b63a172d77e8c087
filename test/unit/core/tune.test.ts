import { beforeAll, describe, expect, it } from 'vitest'
import { classicalOf } from '../../../src/core/classical.ts'
import { type EvaluationSettings, evaluateVolume } from '../../../src/core/evaluate.ts'
import { scoreIterations, searchLambda } from '../../../src/core/tune.ts'
import { compute, useEngine } from '../../engine.ts'
import { noiseVolume } from '../../volumes.ts'

beforeAll(useEngine)

const settings: EvaluationSettings = {
  mask: { kind: 'random', acceleration: 3, centerFraction: 0.3 },
  maskDraws: null,
  slices: { kind: 'all' },
  reference: 'ground truth',
}
const pause = async () => {}

describe('the scores after several numbers of iterations', () => {
  it.each(['cg-sense', 'l1-wavelet', 'total-variation'] as const)(
    'of %s are the scores of as many evaluations',
    async classical => {
      const volume = noiseVolume('tuned', { slices: 2, coils: 3, rows: 32, columns: 28 })
      const at = (iterations: number) => classicalOf({ classical, config: { lambda: 0.02, iterations, maps: 'walsh' } })
      const counts = [1, 3, 7]
      const scores = await scoreIterations(volume, at(50), counts, settings, compute(), pause)
      for (const [i, iterations] of counts.entries()) {
        const { nmse, foreground } = await evaluateVolume(volume, at(iterations), settings, compute(), pause)
        expect(scores[i]).toEqual({ nmse, 'foreground-nmse': foreground.nmse, 'foreground-ssim': foreground.ssim })
      }
      expect(new Set(scores.map(({ nmse }) => nmse)).size).toBe(3)
    },
  )

  it('stop between iterations if the tuning is cancelled', async () => {
    const volume = noiseVolume('tuned', { slices: 1, coils: 2 })
    let pauses = 0
    const cancelled = async () => {
      if (++pauses > 2) throw new Error('cancelled')
    }
    const method = classicalOf({ classical: 'cg-sense', config: {} })
    await expect(scoreIterations(volume, method, [5, 30], settings, compute(), cancelled)).rejects.toThrow('cancelled')
    expect(pauses).toBe(3)
  })
})

describe('the search for λ', () => {
  /** A valley in the logarithm of λ, and every λ that was asked for. */
  const valley = (at: number, asked: number[] = []) => {
    const loss = async (lambda: number) => {
      asked.push(lambda)
      return 1 + (Math.log10(lambda) - Math.log10(at)) ** 2
    }
    return { loss, asked }
  }
  const nearest = (lambdas: readonly number[], to: number) =>
    Math.min(...lambdas.map(lambda => Math.abs(Math.log10(lambda / to))))

  it('tries half decades, then places between, each λ once', async () => {
    const { loss, asked } = valley(0.0047)
    const { lambdas, edge } = await searchLambda(loss)
    expect(lambdas).toEqual([...asked].sort((a, b) => a - b))
    expect(new Set(asked).size).toBe(13)
    expect(asked.slice(0, 9)).toEqual([0.0001, 0.00032, 0.001, 0.0032, 0.01, 0.032, 0.1, 0.32, 1])
    expect(nearest(lambdas, 0.0047)).toBeLessThan(1 / 12 + 0.01)
    expect(edge).toBeNull()
  })

  it('goes below the grid while that helps, and says where it ends', async () => {
    const below = await searchLambda(valley(2e-6).loss)
    expect(nearest(below.lambdas, 2e-6)).toBeLessThan(1 / 12 + 0.01)
    expect(below.edge).toBeNull()
    expect((await searchLambda(valley(1e-12).loss)).edge).toBe('smallest')
  })

  it('does not go below the grid if λ makes no difference there', async () => {
    const { lambdas, edge } = await searchLambda(async lambda => 1 + lambda)
    expect(lambdas.filter(lambda => lambda < 1e-5)).toEqual([])
    expect(edge).toBe('smallest')
  })

  it('does not go above 1, and says so', async () => {
    const { lambdas, edge } = await searchLambda(valley(50).loss)
    expect(Math.max(...lambdas)).toBe(1)
    expect(edge).toBe('largest')
  })
})
