/** Reads the reference vectors in test/fixtures/golden. Its generate.py uses NumPy, PyTorch and scikit-image. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

const root = new URL('./fixtures/golden/', import.meta.url)

interface Group {
  readonly params?: Record<string, unknown>
  readonly arrays: Record<string, { file: string; shape: number[]; dtype: string }>
  readonly scalars?: Record<string, number | string | (number | string)[]>
}

const read = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8'))

const { groups }: { groups: Record<string, Group | undefined> } = read('manifest.json')

/** A group with several coils has its own manifest. Its folder holds only the arrays that a test reads. */
const groupOf = (name: string): Group => groups[name] ?? read(`${name}/manifest.json`)

export interface GoldenArray {
  readonly shape: number[]
  readonly data: Float32Array | Float64Array | Uint8Array | Int32Array
}

const TYPES = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array, int32: Int32Array } as const

function readArray(entry: { file: string; shape: number[]; dtype: string }): GoldenArray {
  const bytes = readFileSync(new URL(entry.file, root))
  const headerBytes = bytes.readUInt16LE(8) // .npy version 1
  const body = bytes.buffer.slice(bytes.byteOffset + 10 + headerBytes, bytes.byteOffset + bytes.byteLength)
  return { shape: entry.shape, data: new TYPES[entry.dtype as keyof typeof TYPES](body as ArrayBuffer) }
}

/** One group of vectors: `array(name)`, `scalar(name)`, `params`, and the names of all arrays. */
export function golden(group: string) {
  const entry = groupOf(group)
  return {
    params: entry.params ?? {},
    names: Object.keys(entry.arrays),
    array(name: string): GoldenArray {
      const array = entry.arrays[name]
      if (!array) throw new Error(`No golden array ${group}/${name}`)
      return readArray(array)
    },
    scalar(name: string): number {
      const value = entry.scalars?.[name]
      if (value === undefined || Array.isArray(value)) throw new Error(`No golden scalar ${group}/${name}`)
      return Number(typeof value === 'string' ? value.replace('inf', 'Infinity') : value)
    },
    scalars(name: string): number[] {
      const value = entry.scalars?.[name]
      if (!Array.isArray(value)) throw new Error(`No golden list ${group}/${name}`)
      return value.map(Number)
    },
  }
}

/** `masks.json`: raw MT19937 words and doubles, masks and draws. */
export const goldenMasks: Record<string, unknown> = read('masks.json')

/** Asserts that `actual` is within `tolerance · max|expected|` of `expected` everywhere, and has the same length. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length)
  let scale = 0
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]))
    const difference = Math.abs(actual[i] - expected[i])
    if (!(difference <= worst)) worst = difference // NaN counts as worst
  }
  expect(worst).toBeLessThanOrEqual(tolerance * scale)
}
