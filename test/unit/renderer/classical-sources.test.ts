/** The classical methods in the form of a reproduction, and the estimate of their rows. */
import { describe, expect, it } from 'vitest'
import type { Study } from '../../../src/contract/studies.ts'
import { labelOfSettings } from '../../../src/contract/tuning.ts'
import { classicalSeconds } from '../../../src/presentation/classical-seconds.ts'
import {
  classicalEstimate,
  classicalSources,
  hasSeveralCoils,
  USUAL_SOURCES,
} from '../../../src/renderer/report/classical-sources.ts'
import { catalogue } from '../../../src/services/runs/catalogue.ts'

const named = {
  id: 3,
  classical: 'cg-sense',
  name: 'Soft',
  config: { iterations: 10, lambda: 0.1, maps: 'walsh', virtualCoils: 4 },
  tuning: null,
  createdAt: '',
} as const
const sources = classicalSources(catalogue(), [named])

const study = (coils: number) =>
  ({
    slices: { kind: 'all' },
    volumes: (['train', 'val', 'test'] as const).map(role => ({
      role,
      coils,
      slices: 10,
      rows: 640,
      columns: 372,
      targetShape: [320, 320],
      noiseFree: false,
    })),
  }) as unknown as Study

describe('classical sources', () => {
  it('are each method with its defaults, then its named settings', () => {
    expect(sources.map(({ source, label }) => [source, label])).toEqual([
      ['sense', 'SENSE combination'],
      ['cg-sense', 'CG-SENSE'],
      ['cg-sense:3', 'CG-SENSE, Soft'],
      ['l1-wavelet', 'l1-wavelet'],
      ['total-variation', 'Total variation'],
    ])
    expect(sources[1].config).toEqual({ iterations: 30, lambda: 0.01, maps: 'automatic', virtualCoils: 0 })
    expect(sources[2].config).toBe(named.config)
    for (const usual of USUAL_SOURCES) expect(sources.map(({ source }) => source)).toContain(usual)
  })

  it('are for studies with several coils', () => {
    expect(hasSeveralCoils(study(15))).toBe(true)
    expect(hasSeveralCoils(study(1))).toBe(false)
  })

  it('take time by slices, masks, coils and iterations', () => {
    const [, sense, soft] = sources
    const work = { count: 210, coils: 15, rows: 640, columns: 372 }
    const minutes = Math.round(classicalSeconds(sense, work) / 60 / 5) * 5
    expect(classicalEstimate([sense], study(15), false)).toBe(`Classical rows add at most about ${minutes} minutes.`)
    expect(classicalEstimate([], study(15), false)).toBe('')
    // Four virtual coils and ten iterations.
    const [all, few] = [sense, soft].map(choice => classicalSeconds(choice, work))
    expect(few).toBeLessThan(all / 5)
    expect(classicalSeconds(sense, { ...work, count: 420 })).toBeCloseTo(2 * all)
  })
})

describe('the label of named settings', () => {
  it('has the source only if others of the method have their name', () => {
    const others = [{ ...named, id: 4, name: 'Sharp' } as const, { ...named, id: 5, classical: 'l1-wavelet' } as const]
    expect(labelOfSettings(named, [named, ...others])).toBe('CG-SENSE, Soft')
    const twice = [named, { ...named, id: 7 }]
    expect(twice.map(each => labelOfSettings(each, twice))).toEqual([
      'CG-SENSE, Soft (cg-sense:3)',
      'CG-SENSE, Soft (cg-sense:7)',
    ])
  })
})
