import { describe, expect, it } from 'vitest'
import type { Catalogue } from '../../../src/contract/api.ts'
import type { StudyReport, StudyRow } from '../../../src/contract/study.ts'
import { estimate, networksOf } from '../../../src/renderer/report/estimate.ts'
import { FEW_LABELS, MAIN, placeOf, scaleFor, sectionsOf, statistic } from '../../../src/renderer/report/rows.ts'

const row = (changes: Partial<StudyRow>): StudyRow =>
  ({
    kind: 'fine-tuned',
    label: 'RotNet',
    method: 'rotnet',
    methodLabel: 'RotNet',
    network: 'unet',
    networkLabel: 'U-Net',
    channels: 16,
    seed: 0,
    fold: 0,
    epoch: null,
    patients: 2,
    ...changes,
  }) as StudyRow

const reportOf = (rows: StudyRow[]) =>
  ({ rows, request: { seeds: 2 }, folds: [{ name: '7B' }, { name: '6A' }] }) as unknown as StudyReport

describe('rows', () => {
  it('are one line over seeds and folds, by network', () => {
    const sections = sectionsOf(
      reportOf([
        row({ kind: 'zero-filled', network: null, channels: null, method: null }),
        row({}),
        // Folds have other numbers of training patients.
        row({ fold: 1, patients: 3 }),
        row({ seed: 1 }),
        row({ method: 'swav', network: 'unet-plus-plus', networkLabel: 'U-Net++' }),
        row({ channels: 8 }),
      ]),
      MAIN,
    )
    expect(sections.map(({ network, lines }) => [network, lines.map(({ rows }) => rows.length)])).toEqual([
      ['No network', [1]],
      ['U-Net-16', [3]],
      ['U-Net++-16', [1]],
      ['U-Net-8', [1]],
    ])
  })

  it('keep few labels apart by how many patients', () => {
    const [{ lines }] = sectionsOf(
      reportOf([row({ kind: 'few labels', patients: 1 }), row({ kind: 'few labels', patients: 2 })]),
      FEW_LABELS,
    )
    expect(lines).toHaveLength(2)
  })

  it('say where they come from', () => {
    expect(placeOf(row({ seed: 1, fold: 1 }), reportOf([]))).toBe('seed 1, tested on 6A')
  })
})

describe('numbers', () => {
  it('have a mean, and an SD (n − 1) where there are several', () => {
    expect(statistic([null, undefined])).toBeNull()
    expect(statistic([3, null])).toEqual({ mean: 3, sd: null })
    expect(statistic([1, 2, 3])).toEqual({ mean: 2, sd: 1 })
  })

  it('lie on one scale around zero', () => {
    const place = scaleFor([-0.01, 0.002])
    expect(place(0)).toBe(0.5)
    expect(place(-0.01)).toBeGreaterThan(0)
    expect(place(0.01)).toBeLessThan(1)
  })
})

describe('the estimate', () => {
  const recipe = (method: string, network: string, channels: number) => ({
    id: `${method}/workstation`,
    network,
    networkConfig: { channels },
  })
  const catalogue = {
    methods: [{ id: 'simclr' }, { id: 'swav' }],
    networks: [
      { id: 'unet', label: 'U-Net' },
      { id: 'unet-plus-plus', label: 'U-Net++' },
    ],
    recipes: [recipe('simclr', 'unet', 16), recipe('swav', 'unet-plus-plus', 16)],
  } as unknown as Catalogue
  const wanted = { scale: 'demonstration', seeds: 1, leaveOneOut: false, headline: true, patients: 4 } as const

  it('counts a baseline for each network', () => {
    expect(networksOf(catalogue, ['simclr', 'swav'], 'demonstration')).toEqual(['U-Net', 'U-Net++'])
    const { trains } = estimate({ ...wanted, methods: ['simclr', 'swav'] }, catalogue)
    expect(trains).toContain('2 baselines (U-Net, U-Net++)')
    expect(trains).toContain('up to 8 trainings')
  })

  it('multiplies by seeds and left-out patients', () => {
    const { trains, takes } = estimate({ ...wanted, methods: ['simclr'], seeds: 3, leaveOneOut: true }, catalogue)
    expect(trains).toContain('for each of 3 seeds and 4 left-out patients: up to 48 trainings')
    expect(takes).toBe('On two cores about 1.5 hours.')
  })
})
