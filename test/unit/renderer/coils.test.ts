import { beforeEach, describe, expect, it, vi } from 'vitest'
import { whole } from '../../studies.ts'
import { noiseVolume } from '../../volumes.ts'

vi.mock('../../../src/renderer/app/notify.tsx', () => ({ tellDone: () => {} }))
vi.mock('../../../src/renderer/app/client.ts', () => ({ client: {} }))
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
const { choicesOf, useView } = await import('../../../src/renderer/viewer/view.ts')
const { coilAfter, coilOf, stepCoil } = await import('../../../src/renderer/viewer/coils.ts')
const { urlOf } = await import('../../../src/renderer/viewer/sources.ts')

const volumeOf = (coils: number) => ({ ...whole(noiseVolume('a', { coils }).info), id: 7, role: 'test' }) as const
const many = volumeOf(4)

beforeEach(() => {
  useView.setState(useView.getInitialState(), true)
  useView.setState({ study: 1, volume: 7, slice: 0 })
})

describe('a pane’s coil', () => {
  it('can be chosen only where several coils are shown', () => {
    for (const source of ['run:1', 'truth']) expect(coilOf({ show: 'image', coil: 2 }, source, many)).toBeUndefined()
    for (const show of ['ssim', 'residual', 'mask', 'mean', 'error'] as const)
      expect(coilOf({ show, coil: 2 }, 'zero-filled', many)).toBeUndefined()
    expect(coilOf({ show: 'image', coil: 2 }, 'zero-filled', volumeOf(1))).toBeUndefined()
    expect(coilOf({ show: 'k-space', coil: 2 }, 'truth', { ...many, targetShape: null })).toBeUndefined()
    expect(coilOf({ show: 'image', coil: 2 }, 'zero-filled', many)).toBe(2)
    for (const source of ['zero-filled', 'truth'])
      for (const show of ['k-space', 'phase'] as const) expect(coilOf({ show, coil: 2 }, source, many)).toBe(2)
  })

  it('is all coils until one is chosen, also in a volume that lacks it; a phase is the first coil’s', () => {
    expect(coilOf({ show: 'image' }, 'zero-filled', many)).toBeNull()
    expect(coilOf({ show: 'image', coil: 4 }, 'zero-filled', many)).toBeNull()
    expect(coilOf({ show: 'phase' }, 'zero-filled', many)).toBe(0)
    for (const source of ['zero-filled', 'truth']) {
      expect(coilOf({ show: 'maps' }, source, many)).toBeNull()
      expect(coilOf({ show: 'maps', coil: 3 }, source, many)).toBe(3)
      for (const show of ['coils', 'eigenvalues'] as const)
        expect(coilOf({ show, coil: 3 }, source, many)).toBeUndefined()
    }
  })

  it('of a run can be chosen where its network gives k-space, and its phase may combine all coils', () => {
    const [complex, kspace] = [{ gives: ['complex image' as const] }, { gives: ['k-space' as const] }]
    expect(coilOf({ show: 'phase' }, 'run:1', many, { gives: [] })).toBeUndefined()
    expect(coilOf({ show: 'phase' }, 'run:1', many, complex)).toBeNull()
    expect(coilOf({ show: 'phase' }, 'run:1', many, kspace)).toBe(0)
    expect(coilOf({ show: 'k-space', coil: 2 }, 'run:1', many, kspace)).toBe(2)
    expect(coilOf({ show: 'image', coil: 2 }, 'run:1', many, kspace)).toBeUndefined()
    expect(coilAfter({ pane: 0, show: 'phase', coil: 0, run: complex }, 4, -1)).toBeNull()
    expect(coilAfter({ pane: 0, show: 'phase', coil: 0, run: kspace }, 4, -1)).toBeUndefined()
  })

  it('is stepped through from all coils to the last, and back', () => {
    const after = (coil: number | null, by: number, show: 'image' | 'phase' = 'image') =>
      coilAfter({ pane: 0, show, coil }, 4, by)
    expect([after(null, 1), after(0, 1), after(2, 1), after(3, 1)]).toEqual([0, 1, 3, undefined])
    expect([after(1, -1), after(0, -1), after(null, -1)]).toEqual([0, null, undefined])
    expect(after(0, -1, 'phase')).toBeUndefined()
    expect(coilAfter({ pane: 0, show: 'image' }, 4, 1)).toBeUndefined()
    stepCoil({ pane: 0, show: 'image', coil: null }, 4, 1)
    expect(choicesOf(useView.getState())[0]).toEqual({ slot: 'input', source: null, show: 'image', coil: 0 })
  })

  it('is asked for in the image’s address, and all coils are the address without it', () => {
    const view = useView.getState()
    const urlFor = (coil?: number | null, source = 'zero-filled', show: 'image' | 'k-space' = 'image') =>
      urlOf(view, { pane: 0, slot: 'input', source, run: null, show, coil }, many)
    expect(urlFor(2)).toMatch(/&coil=2$/)
    expect(urlFor(0, 'truth', 'k-space')).toMatch(/&coil=0$/)
    expect(urlFor(null)).toBe(urlFor())
  })
})
