import { beforeAll, describe, expect, it } from 'vitest'
import { fft2Centred, ifft2Centred } from '../../../../src/core/mri/fft-double.ts'
import { type Direction, type Fourier, type Grid, makeFourier } from '../../../../src/core/mri/fourier.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'

beforeAll(useEngine)

const vectors = golden('fft')
const DIRECTIONS = ['forward', 'inverse'] as const
const inDouble = { forward: fft2Centred, inverse: ifft2Centred }

const noise = (length: number, seed = 1) => {
  const random = RandomState.fromSeed(seed)
  return Float32Array.from({ length }, () => random.normal())
}

/** Each image of x [images, height, width, 2] by the definition in double precision. */
function defined(x: Float32Array, height: number, width: number, direction: Direction): Float64Array {
  const size = 2 * height * width
  const y = new Float64Array(x.length)
  for (let at = 0; at < x.length; at += size)
    y.set(inDouble[direction](Float64Array.from(x.subarray(at, at + size)), height, width), at)
  return y
}

const inner = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)

describe.each([
  ['core’s', makeFourier],
  ['the engine’s', () => compute().fourier],
] as const)('%s transforms', (_, make: () => Fourier) => {
  it.each(vectors.params.cases as string[])('equal NumPy’s, case %s', name => {
    const { data, shape } = vectors.array(`${name}.x`)
    const [height, width] = shape.slice(-3)
    const sizes = [data.length / (2 * height * width), height, width] as const
    for (const [kind, direction] of [
      ['fft', 'forward'],
      ['ifft', 'inverse'],
    ] as const)
      expectClose(make().images(Float32Array.from(data), sizes, direction), vectors.array(`${name}.${kind}`).data, 1e-6)
  })

  it('equal their definition, along either axis, of any length', () => {
    const { images } = make()
    const lengths = [...Array.from({ length: 33 }, (_, i) => i + 1), 126, 251, 322, 372, 509, 640, 768]
    for (const direction of DIRECTIONS)
      for (const length of lengths)
        for (const [height, width] of [
          [length, 3],
          [2, length],
        ]) {
          const x = noise(2 * 2 * height * width, length)
          const y = images(x, [2, height, width], direction)
          expectClose(y, defined(x, height, width, direction), 2e-6)
        }
  })

  it('are each other’s inverse and adjoint, and leave their input alone', () => {
    const { images } = make()
    for (const sizes of [
      [2, 45, 62],
      [1, 128, 126],
    ] as const) {
      const [x, y] = [1, 2].map(seed => noise(2 * sizes[0] * sizes[1] * sizes[2], seed))
      const before = x.slice()
      const forward = images(x, sizes, 'forward')
      expectClose(images(forward, sizes, 'inverse'), x, 2e-6)
      expect(inner(forward, y) / inner(x, images(y, sizes, 'inverse'))).toBeCloseTo(1, 4)
      expect(x).toEqual(before)
    }
  })
})

const MASKS: Readonly<Record<string, (column: number, columns: number) => boolean>> = {
  all: () => true,
  some: column => column % 3 === 1,
  one: (column, columns) => column === Math.floor(columns / 2) - 1,
  none: () => false,
}

describe.each([
  ['core’s', makeFourier],
  ['the engine’s', () => compute().fourier],
] as const)('%s images of masked columns', (_, make: () => Fourier) => {
  const grids: Grid[] = [
    { coils: 1, rows: 12, columns: 10, height: 7, width: 6 },
    { coils: 2, rows: 31, columns: 33, height: 31, width: 33 },
    { coils: 5, rows: 40, columns: 62, height: 21, width: 35 },
    { coils: 1, rows: 1, columns: 1, height: 1, width: 1 },
  ]

  it.each(Object.keys(MASKS))('equal their definition: mask of %s', name => {
    const { columns: alongColumns, rows: alongRows } = make()
    for (const grid of grids) {
      const { coils, rows, columns, height, width } = grid
      const list = Int32Array.from(Array.from({ length: columns }, (_, i) => i).filter(i => MASKS[name](i, columns)))
      const kspace = noise(2 * coils * rows * columns)
      const along = new Float32Array(2 * coils * height * columns).fill(Number.NaN)
      alongColumns(kspace, list, grid, along)
      expect(along.filter(value => !Number.isNaN(value))).toHaveLength(2 * coils * height * list.length)

      const measured = kspace.map((value, i) => (list.includes((i >> 1) % columns) ? value : 0))
      const whole = defined(measured, rows, columns, 'inverse')
      const [top, left] = [Math.floor((rows - height) / 2), Math.floor((columns - width) / 2)]
      const cropped = Float64Array.from({ length: 2 * coils * height * width }, (_, i) => {
        const [part, column, row] = [i % 2, (i >> 1) % width, Math.floor((i >> 1) / width) % height]
        const coil = Math.floor(i / (2 * height * width))
        return whole[2 * ((coil * rows + top + row) * columns + left + column) + part]
      })
      expectClose(alongRows(along, list, grid, 'complex'), cropped, 2e-6)
      const roots = new Float64Array(height * width)
      for (const [i, value] of cropped.entries()) roots[(i >> 1) % roots.length] += value ** 2
      expectClose(alongRows(along, list, grid, 'magnitude'), roots.map(Math.sqrt), 2e-6)
    }
  })

  it.each([1e-30, 1e-6, 1e18, 1e30])('keep magnitudes near %d', size => {
    const { columns, rows } = make()
    const grid = { coils: 2, rows: 9, columns: 8, height: 9, width: 8 }
    const list = Int32Array.from({ length: 8 }, (_, i) => i)
    const magnitudes = (factor: number) => {
      const along = new Float32Array(2 * 2 * 9 * 8)
      columns(
        noise(2 * 2 * 9 * 8).map(value => factor * value),
        list,
        grid,
        along,
      )
      return rows(along, list, grid, 'magnitude')
    }
    expectClose(
      magnitudes(size),
      Float64Array.from(magnitudes(1), value => size * value),
      1e-5,
    )
  })

  it('pass on what is not finite', () => {
    const { columns, rows } = make()
    const grid = { coils: 1, rows: 6, columns: 4, height: 6, width: 4 }
    const list = Int32Array.of(0, 1, 3)
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const kspace = noise(2 * 6 * 4)
      const along = new Float32Array(2 * 6 * 4)
      kspace[2 * (2 * 4 + 2)] = wrong // in a column that is not measured
      columns(kspace, list, grid, along)
      expect(rows(along, list, grid, 'magnitude').every(Number.isFinite)).toBe(true)
      kspace[2 * (2 * 4 + 1)] = wrong
      columns(kspace, list, grid, along)
      expect(rows(along, list, grid, 'magnitude').some(Number.isFinite)).toBe(false)
    }
  })

  it('of a real image, masked along one axis, equal the transforms along both axes', () => {
    for (const [height, width] of [
      [128, 128],
      [11, 15],
      [9, 1],
      [1, 20],
    ]) {
      const image = noise(height * width)
      const mask = Uint8Array.from({ length: width }, (_, i) => Number(i % 3 === 0 || Math.abs(i - width / 2) < 3))
      const complex = Float64Array.from({ length: 2 * image.length }, (_, i) => (i % 2 ? 0 : image[i >> 1]))
      const kspace = fft2Centred(complex, height, width).map((value, i) => (mask[(i >> 1) % width] ? value : 0))
      const masked = ifft2Centred(kspace, height, width)
      const expected = image.map((_, i) => Math.hypot(masked[2 * i], masked[2 * i + 1]))
      expectClose(make().maskColumns(image, mask), expected, 1e-6)
    }
  })

  it('refuse lengths, sizes, crops, columns and memory that do not fit', () => {
    const { columns, rows, images, maskColumns, normal } = make()
    const grid = { coils: 1, rows: 3, columns: 4, height: 2, width: 2 }
    const list = Int32Array.of(0, 3)
    const [kspace, along] = [new Float32Array(24), new Float32Array(16)]
    columns(kspace, list, grid, along)
    rows(along, list, grid, 'complex')
    const lists = [Int32Array.of(3, 0), Int32Array.of(1, 1), Int32Array.of(-1, 0), Int32Array.of(0, 4)]
    const high = { ...grid, height: 4 }
    const wide = { ...grid, width: 5 }
    const empty = { ...grid, coils: 0 }
    const mask = new Uint8Array(3)
    const [maps, image, memory] = [new Float32Array(24), new Float32Array(12), new Float32Array(24)]
    normal(memory.subarray(0, 12), maps, mask, [2, 2, 3], memory.subarray(12))
    const refused = [
      ...lists.flatMap(wrong => [
        () => columns(kspace, wrong, grid, along),
        () => rows(along, wrong, grid, 'magnitude'),
      ]),
      () => columns(kspace, list, high, new Float32Array(32)),
      () => rows(new Float32Array(32), list, high, 'magnitude'),
      () => columns(kspace, list, wide, along),
      () => rows(along, list, wide, 'magnitude'),
      () => columns(new Float32Array(0), list, empty, new Float32Array(0)),
      () => rows(new Float32Array(0), list, empty, 'magnitude'),
      () => rows(along, list, { ...grid, width: 0 }, 'magnitude'),
      () => images(new Float32Array(0), [0, 3, 4], 'forward'),
      () => maskColumns(new Float32Array(0), new Uint8Array(0)),
      () => columns(kspace.subarray(1), list, grid, along),
      () => columns(kspace, list, grid, along.subarray(2)),
      () => rows(along.subarray(1), list, grid, 'magnitude'),
      () => images(kspace, [1, 3, 5], 'forward'),
      () => maskColumns(new Float32Array(10), new Uint8Array(4)),
      () => normal(new Float32Array(24), new Float32Array(0), new Uint8Array(4), [0, 3, 4], new Float32Array(24)),
      () => normal(image, maps, mask, [2, 2, 3], image),
      () => normal(memory.subarray(0, 12), maps, mask, [2, 2, 3], memory.subarray(11, 23)),
      () => normal(memory.subarray(12), maps, mask, [2, 2, 3], memory.subarray(1, 13)),
      () => normal(image, memory, mask, [2, 2, 3], memory.subarray(12)),
    ]
    for (const call of refused) expect(call).toThrow(RangeError)
  })
})
