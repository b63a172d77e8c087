/** Slices as inputs of networks: which parts, in which units, and from which samples. */
import { beforeAll, describe, expect, it } from 'vitest'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import type { Takes } from '../../../src/contract/networks.ts'
import { maskOf } from '../../../src/core/data/patterns.ts'
import type { Volume } from '../../../src/core/data/volume.ts'
import { makeImaging } from '../../../src/core/imaging.ts'
import { INPUTS } from '../../../src/core/inputs/index.ts'
import type { SliceInput } from '../../../src/core/inputs/input.ts'
import type { Extra } from '../../../src/core/models/network.ts'
import { centreOf, columnPattern, multiply, type Pattern } from '../../../src/core/mri/pattern.ts'
import { adjoint } from '../../../src/core/mri/sense/encoding.ts'
import { compute, useEngine } from '../../engine.ts'
import { expectClose } from '../../golden.ts'
import { noiseVolume } from '../../volumes.ts'

beforeAll(useEngine)

const [rows, columns, coils] = [32, 40, 3]
const drawn = MaskSpec.parse({ kind: 'random', acceleration: 2, centerFraction: 0.25 })
const several = () => noiseVolume('several', { slices: 2, coils, rows, columns })
const one = () => noiseVolume('one', { slices: 2, coils: 1, rows, columns })
const drawnFor = (volume: Volume, seed = 0): Pattern => maskOf(volume, drawn, seed)(0)

const input = (takes: Takes, volume: Volume, mask: Pattern, extras: readonly Extra[] = []): SliceInput =>
  INPUTS[takes].prepare(volume, 1, mask, extras, makeImaging(compute()))

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, value), 0)
const scaled = (values: Float32Array, factor: number) => values.map(value => value * factor)
const withKspace = (volume: Volume, kspace: Float32Array): Volume => ({
  ...volume,
  readKspace: () => kspace.slice(),
  withKspace: (_, use) => use(kspace),
})

describe('measured k-space', () => {
  it('is the masked k-space in units of the zero-filled image’s largest pixel, whatever the file’s units', () => {
    const volume = several()
    const mask = drawnFor(volume)
    const { parts, mean, std } = input('kspace', volume, mask)
    expect(std).toBe(largest(makeImaging(compute()).zeroFilled(volume, 1, mask)))
    expect(mean).toBe(0)
    expect(parts.kspace.shape).toEqual([coils, rows, columns, 2])
    expectClose(scaled(parts.kspace.data, std), multiply(mask, volume.readKspace(1)), 1e-6)
    const tiny = withKspace(volume, scaled(volume.readKspace(1), 1e-6))
    const other = input('kspace', tiny, mask)
    expectClose(other.parts.kspace.data, parts.kspace.data, 1e-5)
    expect(other.std / std).toBeCloseTo(1e-6, 10)
  })

  it('comes with its mask: over columns, over rows, or over points', () => {
    const volume = several()
    const columnsMask = drawnFor(volume)
    expect(input('kspace', volume, columnsMask).parts.mask).toEqual({
      shape: [1, columns, 1],
      data: Float32Array.from(columnsMask.measured),
    })
    const measured = Uint8Array.from({ length: rows }, (_, i) => Number(i % 2 === 0))
    const rowsMask: Pattern = { kind: 'rows', rows, columns, measured }
    expect(input('kspace', volume, rowsMask).parts.mask.shape).toEqual([rows, 1, 1])
    const points = maskOf(volume, MaskSpec.parse({ ...drawn, kind: 'uniform_2d' }), 1)(0)
    expect(input('kspace', volume, points).parts.mask.shape).toEqual([rows, columns, 1])
  })

  it('of columns that the header calls padding is left out', () => {
    const volume = several()
    const padded: Volume = { ...volume, info: { ...volume.info, padding: [4, 36] } }
    const { mask, kspace } = input('kspace', padded, drawnFor(volume)).parts
    expect([...mask.data.subarray(0, 4), ...mask.data.subarray(36)]).toEqual(Array(8).fill(0))
    expect(kspace.data.some((value, i) => value !== 0 && Math.floor(i / 2) % columns < 4)).toBe(false)
  })

  it('has the centre that the mask always measures, else the centre that VarNet reads off the mask', () => {
    const volume = several()
    const mask = drawnFor(volume)
    const centre = (pattern: Pattern) => input('kspace', volume, pattern, ['centre']).parts.centre.data
    expect([...centre(mask)].map((value, i) => (value ? i : -1)).filter(i => i >= 0)).toEqual(
      Array.from({ length: 10 }, (_, i) => 15 + i),
    )
    // Seven measured columns below the zero frequency and four from the zero frequency on: 2 · 4 columns.
    const found = columnPattern(
      Uint8Array.from({ length: columns }, (_, i) => Number(i >= 13 && i < 24)),
      rows,
    )
    expect(centre(found).reduce((sum, value) => sum + value, 0)).toBe(8)
  })

  it('without measured lines in the centre is refused where coil maps are estimated', () => {
    const volume = several()
    const empty = columnPattern(
      Uint8Array.from({ length: columns }, (_, i) => Number(i < 5)),
      rows,
    )
    for (const extra of ['centre', 'maps'] as const)
      expect(() => input('kspace', volume, empty, [extra])).toThrow(
        'Expected measured lines in the centre of k-space, from which coil maps are estimated, got none, in slice 2 of',
      )
  })

  it('of a slice without data is 0, with coil maps and without NaN', () => {
    const volume = withKspace(several(), new Float32Array(2 * coils * rows * columns))
    const { parts, std } = input('kspace', volume, drawnFor(volume), ['maps', 'centre'])
    expect(std).toBe(1)
    expect(parts.kspace.data.every(value => value === 0)).toBe(true)
    expect(parts.maps.data.every(Number.isFinite)).toBe(true)
    expect(INPUTS.complex.prepare(volume, 1, drawnFor(volume), [], makeImaging(compute())).parts.image.data).toEqual(
      new Float32Array(2 * rows * columns),
    )
  })
})

describe('coil maps', () => {
  it('are ones for one coil', () => {
    const { data } = input('kspace', one(), drawnFor(one()), ['maps']).parts.maps
    expect(data).toEqual(Float32Array.from({ length: 2 * rows * columns }, (_, i) => Number(i % 2 === 0)))
  })

  it('depend on the centre lines alone, so that masks with one centre share them', () => {
    const volume = several()
    const [a, b] = [0, 1].map(seed => drawnFor(volume, seed))
    expect(a.measured).not.toEqual(b.measured)
    expect(centreOf(a, '').measured).toEqual(centreOf(b, '').measured)
    const maps = (mask: Pattern) => input('kspace', volume, mask, ['maps']).parts.maps.data
    expectClose(maps(a), maps(b), 1e-4)
  })
})

describe('a complex image', () => {
  it('is the inverse transform of one coil, or the SENSE combination of several coils', () => {
    const volume = several()
    const mask = drawnFor(volume)
    const { parts } = input('complex', volume, mask, ['maps'])
    const { maps, kspace, image } = parts
    const encoding = { sizes: [coils, rows, columns] as const, maps: maps.data, mask: mask.measured }
    expect(image).toEqual({ shape: [rows, columns, 2], data: adjoint(encoding, kspace.data, compute().fourier) })
    const alone = input('complex', one(), drawnFor(one()))
    const zeroFilled = scaled(multiply(drawnFor(one()), one().readKspace(1)), 1 / alone.std)
    expectClose(alone.parts.image.data, compute().fourier.images(zeroFilled, [1, rows, columns], 'inverse'), 1e-5)
  })

  it('comes alone, unless the network asks for more', () => {
    expect(Object.keys(input('complex', several(), drawnFor(several())).parts)).toEqual(['image'])
    expect(Object.keys(input('complex', several(), drawnFor(several()), ['maps']).parts)).toEqual([
      'image',
      'kspace',
      'mask',
      'maps',
    ])
  })
})

it.each(Object.keys(INPUTS) as Takes[])('a ground truth in the units of %s inputs gives itself again', takes => {
  const volume = several()
  const units = input(takes, volume, drawnFor(volume))
  const truth = Float32Array.from({ length: rows * columns }, (_, i) => (units.std * (i % 7)) / 8)
  expectClose(
    INPUTS[takes].target(truth, units).map(value => value * units.std + units.mean),
    truth,
    1e-5,
  )
})
