import { describe, expect, it } from 'vitest'
import { Pretext } from '../../../../src/contract/recipes.ts'
import { keptPattern } from '../../../../src/core/mri/draw.ts'
import type { Pattern } from '../../../../src/core/mri/pattern.ts'
import { stream } from '../../../../src/core/mri/random.ts'
import { storedMask } from '../../../../src/core/mri/stored-mask.ts'
import type { Image } from '../../../../src/core/ssl/image.ts'
import { regionOf } from '../../../../src/core/ssl/pirl.ts'
import { measurementMask, viewMasks } from '../../../../src/core/ssl/view-masks.ts'
import { noiseVolume } from '../../../volumes.ts'

const spec = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const volume = noiseVolume('patient', { columns: 126 })
const drawn = (epoch: number, view: number) => stream(0, 'view mask', epoch, 0, view)
/** The masks of the first two views. */
function masksOf(pretext: Partial<Pretext>, epoch: number, of = volume): [Pattern, Pattern] {
  const maskOf = viewMasks(of, 0, spec, Pretext.parse({ ...pretext, keep: 0.5 }), view => drawn(epoch, view))
  return [maskOf(0), maskOf(1)]
}

const isWithin = (mask: Pattern, whole: Pattern) =>
  mask.measured.every((measured, column) => measured <= whole.measured[column])
const union = (masks: Pattern[]) =>
  masks[0].measured.map((_, column) => Math.max(...masks.map(({ measured }) => measured[column])))

describe('the training data access of a pretext', () => {
  it('fixed: all epochs use only the one measurement of a slice', () => {
    const measured = measurementMask(volume, 0, spec)
    const seen = Array.from({ length: 50 }, (_, epoch) =>
      masksOf({ measurement: 'fixed', viewMasks: 'independent' }, epoch),
    ).flat()
    for (const mask of seen) expect(isWithin(mask, measured)).toBe(true)
    expect(union(seen)).toEqual(measured.measured)
  })

  it('fixed: a measurement is the same in every run, and differs from slice to slice', () => {
    expect(measurementMask(volume, 0, spec)).toEqual(measurementMask(volume, 0, spec))
    expect(measurementMask(volume, 0, spec)).not.toEqual(measurementMask(volume, 1, spec))
  })

  it('fresh: many epochs together use all of k-space', () => {
    const seen = Array.from({ length: 100 }, (_, epoch) =>
      masksOf({ measurement: 'fresh', viewMasks: 'independent' }, epoch),
    ).flat()
    expect(union(seen).every(measured => measured === 1)).toBe(true)
  })

  it('independent: the masks of two views differ; shared: the masks are equal', () => {
    for (const measurement of ['fixed', 'fresh'] as const) {
      const [a, b] = masksOf({ measurement, viewMasks: 'independent' }, 3)
      expect(a).not.toEqual(b)
      const [c, d] = masksOf({ measurement, viewMasks: 'shared' }, 3)
      expect(c).toBe(d)
    }
    expect(masksOf({ measurement: 'fixed', viewMasks: 'shared' }, 3)[0]).toEqual(measurementMask(volume, 0, spec))
  })

  it('keeps to the mask of a file that is sub-sampled already, even when fresh', () => {
    const own = keptPattern(spec, [40, 126], 'scanner.h5')
    const scanned = noiseVolume('scanned', { columns: 126, mask: own })
    expect(measurementMask(scanned, 0, spec)).toBe(own)
    for (const mask of masksOf({ measurement: 'fresh', viewMasks: 'independent' }, 1, scanned))
      expect(isWithin(mask, own)).toBe(true)
    expect(masksOf({ measurement: 'fresh', viewMasks: 'shared' }, 1, scanned)[0]).toBe(own)
  })
})

describe('regions of a slice as instances', () => {
  const plane = Float32Array.from({ length: 9 * 13 }, (_, i) => i)
  const image: Image = { planes: [plane], shape: [9, 13] }

  it('are the whole slice if there is one region', () => {
    expect(regionOf(image, 1, 0)).toEqual(image)
  })

  it('cover the slice, and each region overlaps half of the region before', () => {
    const regions = Array.from({ length: 9 }, (_, instance) => regionOf(image, 3, instance))
    expect(new Set(regions.flatMap(({ planes }) => [...planes[0]]))).toEqual(new Set(plane))
    for (const { planes, shape } of regions) expect(planes[0].length).toBe(shape[0] * shape[1])
    const [first, , third, fourth] = regions
    expect([first.planes[0][0], third.planes[0].at(-1), fourth.planes[0][0]]).toEqual([0, 4 * 13 - 1, 2 * 13])
    expect(first.shape).toEqual([4, 6])
  })

  it('keeps to a mask file and to points as to columns', () => {
    const points = { ...spec, kind: 'poisson_disc' } as const
    const measured = measurementMask(volume, 0, points)
    expect(measured.kind).toBe('points')
    const views = viewMasks(volume, 0, points, Pretext.parse({}), view => drawn(0, view))
    for (const view of [views(0), views(1)]) expect(isWithin(view, measured)).toBe(true)
    expect(views(0)).not.toEqual(views(1))

    const file = { path: '/m.npy', sha256: '0'.repeat(64) }
    const { columns } = volume.info
    const stored = storedMask('/m.npy', { shape: [columns], at: column => Number(column % 3 > 0) })
    const fresh = Pretext.parse({ measurement: 'fresh' })
    const again = viewMasks(volume, 1, { ...spec, kind: 'file', file, stored }, fresh, view => drawn(0, view))
    const own = measurementMask(volume, 1, { ...spec, kind: 'file', file, stored })
    expect([...own.measured]).toEqual(Array.from({ length: columns }, (_, column) => Number(column % 3 > 0)))
    expect(isWithin(again(0), own)).toBe(true)
  })
})
