import { describe, expect, it } from 'vitest'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import type { VolumeInfo } from '../../../../src/contract/volumes.ts'
import type { Masking } from '../../../../src/core/mri/draw.ts'
import { storedMask } from '../../../../src/core/mri/stored-mask.ts'
import { dataNotes, requireFittingData } from '../../../../src/core/training/fitting-data.ts'
import { noiseVolume } from '../../../volumes.ts'

const infoOf = (changes: Partial<VolumeInfo> = {}): VolumeInfo => ({
  ...noiseVolume('a', { rows: 64, columns: 64 }).info,
  ...changes,
})
const run = (network: string, networkConfig = {}, kind: 'train' | 'pretrain' = 'train') => ({
  network,
  networkConfig,
  kind,
})
const drawn = (changes: Partial<MaskSpec> = {}): Masking => MaskSpec.parse({ centerFraction: 0.2, ...changes })

function fileMask(at: (column: number) => number): Masking {
  const file = { path: '/m.npy', sha256: '0'.repeat(64) }
  return { ...drawn(), kind: 'file', file, stored: storedMask('/m.npy', { shape: [64], at }) }
}

describe('data of a network of k-space', () => {
  it('may have one coil or several, drawn masks, and masks of files', () => {
    for (const coils of [1, 8])
      for (const network of ['unet', 'varnet', 'complex-unet'])
        for (const mask of [
          drawn(),
          drawn({ kind: 'poisson_disc' }),
          fileMask(column => Number(Math.abs(column - 32) < 6 || column % 3 === 0)),
        ])
          expect(() => requireFittingData(run(network), mask, [infoOf({ coils })])).not.toThrow()
  })

  it('is refused with several coils if the network has no coil maps', () => {
    const config = { maps: 'none' }
    expect(() => requireFittingData(run('varnet', config), drawn(), [infoOf({ coils: 8 })])).toThrow(
      'Expected k-space of one coil for E2E-VarNet with these settings, got 8 coils in a.h5. ' +
        'Choose a VarNet with a map network (--maps network), or data of one coil.',
    )
    expect(() => requireFittingData(run('varnet', config), drawn(), [infoOf()])).not.toThrow()
  })

  it.each([
    ['of a file', fileMask(column => Number(column < 20)), {}],
    [
      'of the volume itself',
      drawn(),
      { sampling: { kind: 'sub-sampled', acceleration: 2 }, content: { mask: `${'1'.repeat(30)}${'0'.repeat(34)}` } },
    ],
  ])('is refused if the mask measures no centre: %s', (_, mask, changes) => {
    const info = infoOf(changes as Partial<VolumeInfo>)
    expect(() => requireFittingData(run('varnet'), mask, [info])).toThrow(
      /^Expected measured lines in the centre of k-space.* in the mask of a\.h5\. Choose a mask with a centre/,
    )
    // Without coil maps, no centre is needed.
    for (const other of [run('unet'), run('varnet', { maps: 'none' }), run('complex-unet')])
      expect(() => requireFittingData(other, mask, [info])).not.toThrow()
  })

  it('is refused if the centre is too small for coil maps, in a pre-training too', () => {
    const mask = drawn({ centerFraction: 0.08 })
    const several = infoOf({ coils: 4 })
    for (const refused of [run('complex-unet'), run('varnet', {}, 'pretrain')])
      expect(() => requireFittingData(refused, mask, [several])).toThrow(
        /^Expected more than 6 measured centre lines .* that Complex U-Net takes, got 5.*--center-fraction/,
      )
    expect(() => requireFittingData(run('varnet'), mask, [several])).not.toThrow()
  })

  it('is noted if it is simulated, or has one coil whose map says nothing', () => {
    const measured = infoOf({ origin: 'measured', coils: 4, file: 'b.h5' })
    const codes = (network: string, config: object, ...volumes: VolumeInfo[]) =>
      dataNotes(run(network, config), volumes).map(({ code }) => code)
    expect(codes('unet', {}, infoOf())).toEqual([])
    expect(codes('varnet', {}, measured)).toEqual([])
    expect(codes('varnet', { maps: 'none' }, infoOf())).toEqual(['simulated-kspace'])
    expect(codes('varnet', {}, infoOf({ origin: 'measured' }))).toEqual(['maps-of-one-coil'])
    expect(dataNotes(run('complex-unet'), [infoOf(), measured])[0]).toMatchObject({
      code: 'simulated-kspace',
      data: { volumes: 1 },
      text: expect.stringContaining('a.h5'),
    })
  })
})
