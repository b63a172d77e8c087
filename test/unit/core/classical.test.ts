/** Images of classical methods, of whole slices: kept between calls, with progress, for all kinds of samples. */
import { describe, expect, it } from 'vitest'
import type { ClassicalId } from '../../../src/contract/classical.ts'
import { MaskSpec } from '../../../src/contract/evaluation.ts'
import { type Classical, classicalOf, remarksOn } from '../../../src/core/classical.ts'
import { maskOf } from '../../../src/core/data/patterns.ts'
import type { Volume } from '../../../src/core/data/volume.ts'
import { makeImaging } from '../../../src/core/imaging.ts'
import { type ImageKey, KEEP_NO_IMAGES, type KeptImages } from '../../../src/core/kept-images.ts'
import {
  columnPattern,
  fullPattern,
  gridOf,
  multiply,
  type Pattern,
  patternOfGrid,
} from '../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../src/core/mri/random.ts'
import { type Reconstructor, reconstructSlice, reconstructSlices } from '../../../src/core/reconstruct.ts'
import { compute } from '../../engine.ts'
import { expectClose } from '../../golden.ts'
import { copy, noiseVolume } from '../../volumes.ts'

// ESPIRiT’s eigenvectors of pure noise are arbitrary, so its rounding errors would decide.
const cgSense = classicalOf({ classical: 'cg-sense', config: { iterations: 5, maps: 'walsh' } })
const size = { slices: 3, coils: 3, rows: 32, columns: 24 }
const content = { identity: 'a', scan: 'a', sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0 } } as const

const volumeOf = (changes: Partial<Volume['info']> = {}, shape = size): Volume => {
  const volume = noiseVolume('knee', shape)
  return { ...volume, info: { ...volume.info, ...changes } }
}
const known = { content: content as unknown as NonNullable<Volume['info']['content']> }

/** Every third column, and the 8 columns of the centre. */
const columns = columnPattern(
  Uint8Array.from({ length: 24 }, (_, i) => Number(i % 3 === 0 || (i >= 8 && i < 16))),
  32,
)

const inMemory = (): KeptImages & { readonly kept: Map<string, Float32Array> } => {
  const kept = new Map<string, Float32Array>()
  const nameOf = ({ pattern, ...key }: ImageKey) => JSON.stringify([key, pattern.kind, Array.from(pattern.measured)])
  return { kept, find: key => kept.get(nameOf(key)), keep: (key, image) => void kept.set(nameOf(key), image.slice()) }
}

const slices = (
  volume: Volume,
  {
    keptImages = KEEP_NO_IMAGES,
    pause = async () => {},
    onShare = (_: number) => {},
    by = cgSense as Reconstructor,
  } = {},
) => reconstructSlices(volume, [0, 1, 2], () => columns, by, { ...compute(), keptImages }, pause, onShare)

const image = (volume: Volume, mask: Pattern, by: Classical = cgSense) =>
  reconstructSlice(volume, 1, mask, by, makeImaging(compute()))

describe('kept images', () => {
  it('are found without reading k-space, and equal the images bit for bit', async () => {
    const keptImages = inMemory()
    const made = await slices(volumeOf(known))
    expect(await slices(volumeOf(known), { keptImages })).toEqual(made)
    const unread: Volume = {
      ...volumeOf(known),
      withKspace() {
        throw new Error('read')
      },
    }
    expect(await slices(unread, { keptImages })).toEqual(made)
    expect(keptImages.kept.size).toBe(3)
    await expect(slices(unread, { keptImages, by: classicalOf({ classical: 'sense', config: {} }) })).rejects.toThrow()
  })

  it('let a cancelled work continue after its last whole slice', async () => {
    const keptImages = inMemory()
    let pauses = 0
    const pause = async () => {
      if (++pauses > 9) throw new Error('cancelled')
    }
    await expect(slices(volumeOf(known), { keptImages, pause })).rejects.toThrow('cancelled')
    expect(keptImages.kept.size).toBe(1)
    const read: number[] = []
    const volume = volumeOf(known)
    const watched: Volume = {
      ...volume,
      withKspace(index, use) {
        read.push(index)
        return volume.withKspace(index, use)
      },
    }
    expect(await slices(watched, { keptImages })).toEqual(await slices(volumeOf(known)))
    expect(read).toEqual([1, 2])
  })

  it('need a file whose content is known', async () => {
    const keptImages = inMemory()
    await slices(volumeOf(), { keptImages })
    expect(keptImages.kept.size).toBe(0)
  })
})

it('tells the share that is done after each iteration', async () => {
  const shares: number[] = []
  await slices(volumeOf(), { onShare: share => void shares.push(share) })
  const expected = [0, 1, 2].flatMap(slice => [1, 2, 3, 4, 5, 5].map(done => (slice + done / 5) / 3))
  expect(shares).toEqual(expected)
})

describe('all kinds of samples', () => {
  it('padding of the header is not measured', async () => {
    const padded = volumeOf({ padding: [3, 20] })
    const inside = columns.measured.map((one, column) => (column >= 3 && column < 20 ? one : 0))
    const expected = await image(volumeOf(), columnPattern(inside, 32))
    expect(await image(padded, columns)).toEqual(expected)
    expect(await image(volumeOf(), columns)).not.toEqual(expected)
  })

  it('columns give the same image as the same samples as points', async () => {
    const grid = Uint8Array.from(gridOf(columns))
    const points: Pattern = { ...patternOfGrid(grid, 32, 24), kind: 'points', measured: grid }
    expectClose(await image(volumeOf(), points), await image(volumeOf(), columns), 1e-5)
  })

  it('rows give the image of columns of the turned k-space', async () => {
    const square = { slices: 2, coils: 3, rows: 24, columns: 24 }
    const volume = volumeOf({}, square)
    const turned: Volume = { ...volume, withKspace: (index, use) => volume.withKspace(index, k => use(turn(k, 24))) }
    const rows = patternOfGrid(
      Uint8Array.from({ length: 576 }, (_, i) => columns.measured[Math.floor(i / 24)]),
      24,
      24,
    )
    expect(rows.kind).toBe('rows')
    const byColumns = await image(volume, columnPattern(columns.measured, 24))
    const byRows = await image(turned, rows)
    expectClose(
      byRows,
      byColumns.map((_, i) => byColumns[(i % 24) * 24 + Math.floor(i / 24)]),
      1e-4,
    )
  })

  it('irregular samples of a file are used as they are, without a further mask', async () => {
    const random = RandomState.fromSeed(3)
    const masks = [0, 1, 2].map(() => {
      const grid = Uint8Array.from({ length: 32 * 24 }, (_, i) => {
        const [row, column] = [Math.floor(i / 24), i % 24]
        return Number(random.uniform() < 0.3 || (Math.abs(row - 16) < 5 && Math.abs(column - 12) < 5))
      })
      return patternOfGrid(grid, 32, 24)
    })
    const volume = volumeOf()
    const irregular: Volume = {
      ...volumeOf({ sampling: { kind: 'irregular', pattern: 'points', acceleration: 3 } }),
      mask: index => masks[index],
      withKspace: (index, use) => volume.withKspace(index, kspace => use(multiply(masks[index], kspace))),
    }
    const given = maskOf(irregular, MaskSpec.parse({ acceleration: 8 }))
    const made = await reconstructSlices(irregular, [0, 1, 2], given, cgSense, compute(), async () => {})
    for (const slice of [0, 1, 2]) {
      const expected = await reconstructSlice(volume, slice, masks[slice], cgSense, makeImaging(compute()))
      expect(made.subarray(slice * 768, (slice + 1) * 768)).toEqual(expected)
    }
  })

  it('a mask without a centre is refused with the file and the remedy', async () => {
    const outer = columnPattern(
      Uint8Array.from({ length: 24 }, (_, i) => Number(i < 4)),
      32,
    )
    await expect(image(volumeOf(), outer)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/slice 2 of \/knee\.h5.*Choose a mask with a centre/),
    })
  })
})

describe('one coil', () => {
  const one = { ...size, coils: 1 }
  const by = (classical: ClassicalId, config = {}) => classicalOf({ classical, config })

  it('SENSE gives the zero-filled image, and CG-SENSE this image divided by 1 + λ', async () => {
    const volume = volumeOf({}, one)
    const zeroFilled = await reconstructSlice(volume, 1, columns, null, makeImaging(compute()))
    expectClose(await image(volume, columns, by('sense')), zeroFilled, 1e-5)
    const expected = zeroFilled.map(value => value / 1.01)
    expectClose(await image(volume, columns, by('cg-sense')), expected, 1e-5)
  })

  it('a score says so', () => {
    const remark = (coils: number, classical: ClassicalId) => remarksOn(volumeOf({ coils }).info, by(classical))
    expect(remark(1, 'sense')).toEqual(['With one coil, SENSE combination gives the zero-filled image.'])
    expect(remark(1, 'cg-sense')).toEqual([
      'With one coil, CG-SENSE gives the zero-filled image, divided by 1 + lambda = 1.01.',
    ])
    expect([remark(2, 'sense'), remark(1, 'l1-wavelet')]).toEqual([[], []])
  })
})

/** Swaps rows and columns of square k-space [coils, side, side, 2]. */
function turn(kspace: Float32Array, side: number): Float32Array {
  const turned = copy(kspace)
  for (let i = 0; i < kspace.length / 2; i++) {
    const [coil, row, column] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side]
    const to = 2 * (coil * side ** 2 + column * side + row)
    turned[to] = kspace[2 * i]
    turned[to + 1] = kspace[2 * i + 1]
  }
  return turned
}

it('a fully measured slice keeps the coils’ combination', async () => {
  const volume = volumeOf()
  const sense = classicalOf({ classical: 'sense', config: { maps: 'walsh' } })
  const whole = await image(volume, fullPattern(32, 24), sense)
  expect(whole.every(Number.isFinite)).toBe(true)
  const cg = await image(
    volume,
    fullPattern(32, 24),
    classicalOf({ classical: 'cg-sense', config: { lambda: 0, maps: 'walsh' } }),
  )
  expectClose(cg, whole, 1e-4)
})
