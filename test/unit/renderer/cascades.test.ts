/** A pane's cascade, and cautions about a network's k-space. */

import { beforeEach, expect, it, vi } from 'vitest'
import type { Origin } from '../../../src/contract/origin.ts'
import { whole } from '../../studies.ts'
import { noiseVolume } from '../../volumes.ts'

vi.mock('../../../src/renderer/app/notify.tsx', () => ({ tellDone: () => {} }))
vi.mock('../../../src/renderer/app/client.ts', () => ({ client: {} }))
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
const { choicesOf, useView } = await import('../../../src/renderer/viewer/view.ts')
const { cascadeOf, goToCascade } = await import('../../../src/renderer/viewer/cascades.ts')
const { coilCautions, kspaceCaution, scoreCautions } = await import('../../../src/renderer/viewer/network-cautions.ts')
const { urlOf } = await import('../../../src/renderer/viewer/sources.ts')

const volume = { ...whole(noiseVolume('a', { coils: 4 }).info), id: 7, role: 'test' } as const

beforeEach(() => {
  useView.setState(useView.getInitialState(), true)
  useView.setState({ study: 1, volume: 7, slice: 0 })
})

it('a pane shows the last cascade until another is chosen, also of a run with fewer cascades', () => {
  const run = { cascades: 5 }
  expect(cascadeOf({ show: 'cascade' }, run)).toBe(5)
  expect(cascadeOf({ show: 'cascade', cascade: 0 }, run)).toBe(0)
  expect(cascadeOf({ show: 'cascade', cascade: 9 }, run)).toBe(5)
  for (const other of [null, { cascades: 0 }]) expect(cascadeOf({ show: 'cascade', cascade: 2 }, other)).toBeUndefined()
  expect(cascadeOf({ show: 'image', cascade: 2 }, run)).toBeUndefined()
})

it('a cascade is kept with its pane, within the run’s cascades, and is in the image’s address', () => {
  const pane = { pane: 1, cascade: 4, run: { cascades: 5 } }
  const chosen = () => choicesOf(useView.getState())[1].cascade
  goToCascade(pane, 3)
  expect(chosen()).toBe(3)
  goToCascade(pane, 6)
  expect(chosen()).toBe(5)
  goToCascade(pane, -1)
  expect(chosen()).toBe(0)
  goToCascade({ ...pane, cascade: undefined }, 2)
  expect(chosen()).toBe(0)
  const url = (cascade?: number) =>
    urlOf(
      useView.getState(),
      { pane: 1, slot: 'baseline', source: 'run:1', run: null, show: 'cascade', cascade },
      volume,
    )
  expect(url(0)).toMatch(/&show=cascade&cascade=0$/)
  expect(url()).toMatch(/&show=cascade$/)
})

it('a network of k-space is cautioned about other coils than in its training, and k-space not measured', () => {
  const run = (trainedCoils: [number, number] | null, takes: 'kspace' | 'magnitude' = 'kspace') => ({
    id: '5',
    takes,
    trainedCoils,
  })
  const on = (coils: number, origin: Origin = 'measured') => ({ coils, origin })
  expect(coilCautions(run([4, 8]), on(1))[0]).toMatch(/trained with 4 to 8 coils, and this file has 1 coil\./)
  expect(coilCautions(run([1, 1]), on(8))[0]).toMatch(/trained with 1 coil, and this file has 8 coils\./)
  for (const trained of [run([8, 8]), run([1, 8]), run(null), run([1, 1], 'magnitude'), null])
    expect(coilCautions(trained, on(4))).toEqual([])
  expect(coilCautions(run([1, 8]), on(1))).toEqual([])
  expect(scoreCautions(run([8, 8]), on(4, 'synthetic'))).toEqual(['k-space: synthetic.'])
  expect(scoreCautions(run([8, 8]), on(4, 'simulated'))).toEqual(['k-space: simulated.'])
  expect(kspaceCaution('measured')).toBeNull()
  expect(kspaceCaution('simulated')).toMatch(/this k-space is simulated\. It was computed from images/)
  expect(scoreCautions(run([1, 1], 'magnitude'), on(4, 'synthetic'))).toEqual([])
})
