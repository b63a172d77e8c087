import { expect, it } from 'vitest'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import { protocolOf } from '../../../src/core/evaluate.ts'
import { CLASSICAL } from '../../../src/core/mri/sense/index.ts'
import { protocolSentence } from '../../../src/presentation/protocol.ts'

const settings = {
  mask: MaskSpec.parse({}),
  maskDraws: null,
  slices: { kind: 'all' },
  reference: 'ground truth',
} as const

it('states all settings of a classical method, and nothing for others', () => {
  const chosen = { classical: 'l1-wavelet', config: CLASSICAL['l1-wavelet'].config.parse({}) } as const
  const words = protocolSentence(protocolOf(settings, [], chosen))
  const own = '60 iterations, lambda 0.005, wavelet db4, 4 levels, automatic maps, no coil compression'
  expect(words.startsWith(`Method: l1-wavelet (${own}), `)).toBe(true)
  expect(words).toContain('no eigenvalue crop. Mask: ')
  expect(protocolSentence(protocolOf(settings, []))).toMatch(/^Mask: /)
  expect(protocolOf(settings, [])).not.toHaveProperty('classical')
})

it('names a reference that is computed, alone or beside stored ones', () => {
  const [stored, computed, none] = [
    { targetShape: [4, 4] },
    { targetShape: [4, 4], truth: 'computed' },
    { targetShape: null },
  ] as const satisfies Parameters<typeof protocolOf>[1]
  const words = (...volumes: Parameters<typeof protocolOf>[1]) => protocolSentence(protocolOf(settings, volumes))
  expect(words(computed, none)).toContain(' Reference: computed from full k-space. ')
  expect(words(stored, none)).toContain(' Reference: reconstruction_esc or reconstruction_rss. ')
  expect(words(stored, computed)).toContain(
    ' Reference: reconstruction_esc or reconstruction_rss, or computed from full k-space. ',
  )
})
