/** What was made of slices stays in memory while it is small enough. */
import { expect, it } from 'vitest'
import { fullPattern, type Pattern } from '../../../../src/core/mri/pattern.ts'
import { keepSlices } from '../../../../src/engine/viewing/kept-slices.ts'
import { noiseVolume } from '../../../volumes.ts'

const pattern = fullPattern(4, 4)
const half: Pattern = { ...pattern, measured: Uint8Array.of(1, 1, 0, 0) }
const [volume, other] = [noiseVolume('a'), noiseVolume('a')]
const of = { volume, slice: 0, pattern, maker: 'unet' }

it('a value is found by volume, slice, pattern and maker', () => {
  const kept = keepSlices<string, number>(10, () => 1)
  expect(kept.keep(of, 7)).toBe(7)
  expect(kept.find({ ...of, pattern: fullPattern(4, 4) })).toBe(7)
  for (const changed of [{ volume: other }, { slice: 1 }, { pattern: half }, { maker: 'varnet' }])
    expect(kept.find({ ...of, ...changed })).toBeNull()
})

it('the oldest values go when all values cost too much, and the newest stays in any case', () => {
  const kept = keepSlices<string, number>(5, value => value)
  const found = () => [0, 1, 2].map(slice => kept.find({ ...of, slice }))
  for (const [slice, value] of [3, 2, 1].entries()) kept.keep({ ...of, slice }, value)
  expect(found()).toEqual([null, 2, 1])
  kept.keep({ ...of, slice: 0 }, 9)
  expect(found()).toEqual([9, null, null])
})
