import { expect, it, vi } from 'vitest'
import type { FrameMeta } from '../../../src/contract/images.ts'

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
const { coloursOf, windowOf, windowSource } = await import('../../../src/renderer/viewer/windows.ts')

const frameOf = (meta: Pick<FrameMeta, 'show' | 'units'>, image: Float32Array) => ({
  url: '',
  image,
  meta: { ...meta, shape: [1, image.length] } as FrameMeta,
})
const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i / length)

it('a window is fitted to some pixels of many coils side by side as to all of them', () => {
  const many = frameOf({ show: 'coils', units: 'signal' }, ramp(1_300_001))
  const few = frameOf({ show: 'coils', units: 'signal' }, ramp(1001))
  expect(windowOf(many).high).toBeCloseTo(0.995, 4)
  expect(windowOf(few).high).toBeCloseTo(0.995, 2)
})

it('single coils share a window with each other, but not with images of all coils', () => {
  const linked = { linked: true, file: { low: 0, high: 9 } }
  const of = (show: 'coils' | 'image') =>
    windowSource({ pane: 1, source: 'zero-filled' }, frameOf({ show, units: 'signal' }, ramp(1001)), linked)
  expect([of('image').key, of('image').fitted]).toEqual(['file', { low: 0, high: 9 }])
  expect([of('coils').key, of('coils').fitted.high]).toEqual(['coils', expect.closeTo(0.995, 2)])
})

it('coil maps have hues, whatever colours were chosen', () => {
  expect(coloursOf('maps', { maps: 'grey' }, false)).toBe('cyclic')
  expect(coloursOf('coils', { coils: 'viridis' }, true)).toBe('viridis')
})
