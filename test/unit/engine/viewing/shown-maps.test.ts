import { expect, it } from 'vitest'
import { fullPattern } from '../../../../src/core/mri/pattern.ts'
import { mapsOf } from '../../../../src/engine/viewing/shown-maps.ts'
import { noiseVolume } from '../../../volumes.ts'

it('keeps the maps of a slice, and makes the maps of other slices, masks and volumes', () => {
  const [volume, other] = ['a', 'b'].map(name => noiseVolume(name, { coils: 2 }))
  const all = fullPattern(40, 36)
  const centre = { ...all, measured: all.measured.map((_, column) => Number(Math.abs(column - 18) < 6)) }
  const first = mapsOf(volume, 0, all)
  const others = [mapsOf(volume, 1, all), mapsOf(volume, 0, centre), mapsOf(other, 0, all)]
  expect(others.every(maps => maps !== first && maps.magnitudes !== first.magnitudes)).toBe(true)
  expect(mapsOf(volume, 0, fullPattern(40, 36))).toBe(first)
  expect(mapsOf(other, 0, all)).toBe(others[2])
})
