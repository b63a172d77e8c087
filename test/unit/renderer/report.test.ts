import { describe, expect, it } from 'vitest'
import type { Catalogue } from '../../../src/contract/catalogue.ts'
import { estimate, networksOf } from '../../../src/renderer/report/estimate.ts'

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
      { id: 'varnet', label: 'E2E-VarNet' },
    ],
    recipes: [recipe('simclr', 'unet', 16), recipe('swav', 'unet-plus-plus', 16)],
  } as unknown as Catalogue
  const wanted = {
    scale: 'demonstration',
    seeds: 1,
    networks: [],
    leaveOneOut: false,
    headline: true,
    patients: 4,
  } as const

  it('counts a baseline for each network', () => {
    expect(networksOf(catalogue, ['simclr', 'swav'], 'demonstration')).toEqual(['U-Net', 'U-Net++'])
    const { trains } = estimate({ ...wanted, methods: ['simclr', 'swav'] }, catalogue)
    expect(trains).toContain('2 baselines (U-Net, U-Net++)')
    expect(trains).toContain('up to 8 trainings')
  })

  it('multiplies by seeds and left-out patients', () => {
    const { trains, takes } = estimate({ ...wanted, methods: ['simclr'], seeds: 3, leaveOneOut: true }, catalogue)
    expect(trains).toContain('for each of 3 seeds and 4 left-out patients. This makes up to 48 trainings.')
    expect(takes).toBe('On two cores: about 1.5 hours.')
  })

  it('adds the networks with a block of rows', () => {
    const of = (networks: string[]) => estimate({ ...wanted, methods: ['simclr'], networks }, catalogue)
    expect(of(['varnet']).trains).toContain('Trains E2E-VarNet: each a baseline, a U-Net of equal time')
    expect(of([]).trains).not.toContain('equal time')
    expect(of(['varnet']).takes).not.toBe(of([]).takes)
  })
})
