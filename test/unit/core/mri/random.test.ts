import { describe, expect, it } from 'vitest'
import { RandomState, stream } from '../../../../src/core/mri/random.ts'
import { goldenMasks } from '../../../golden.ts'

interface Stream {
  seed: number | number[]
  first10_uint32: number[]
  first10_double: number[]
  double_index_999: number
}

const open = (seed: number | number[]) =>
  typeof seed === 'number' ? RandomState.fromSeed(seed) : RandomState.fromKey(seed)
const take = (count: number, draw: () => number) => Array.from({ length: count }, draw)

describe.each(goldenMasks.streams as Stream[])('RandomState of $seed', golden => {
  it('draws NumPy’s words', () => {
    const random = open(golden.seed)
    expect(take(10, () => random.word())).toEqual(golden.first10_uint32)
  })

  it('draws NumPy’s doubles, also after a refill of the state', () => {
    const random = open(golden.seed)
    const doubles = take(1000, () => random.uniform())
    expect(doubles.slice(0, 10)).toEqual(golden.first10_double)
    expect(doubles[999]).toBe(golden.double_index_999)
  })
})

// Expected values: numpy.random.RandomState(seed), NumPy 2.4.
describe('draws made of words', () => {
  it('permutes as RandomState.permutation', () => {
    expect(RandomState.fromSeed(42).shuffle(10)).toEqual([8, 1, 5, 0, 7, 2, 9, 4, 3, 6])
    expect(RandomState.fromSeed(0).shuffle(10)).toEqual([2, 8, 4, 9, 1, 6, 7, 3, 0, 5])
    expect(RandomState.fromSeed(0).shuffle(1)).toEqual([0])
    expect(RandomState.fromSeed(0).shuffle(0)).toEqual([])
  })

  it('draws normals as RandomState.standard_normal', () => {
    const random = RandomState.fromSeed(42)
    const expected = [0.4967141530112327, -0.13826430117118466, 0.6476885381006925, 1.5230298564080254]
    for (const value of expected) expect(random.normal()).toBeCloseTo(value, 14)
  })

  it('draws normals of mean 0 and variance 1', () => {
    const random = RandomState.fromSeed(1)
    const values = take(20_000, () => random.normal())
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.05)
  })

  it('consumes no word if there is only one choice', () => {
    const random = RandomState.fromSeed(3)
    expect(random.randint(1)).toBe(0)
    expect(random.word()).toBe(RandomState.fromSeed(3).word())
  })

  it('draws again if a word does not fit the range', () => {
    const words = RandomState.fromSeed(5)
    const expected: number[] = []
    while (expected.length < 50) {
      const draw = words.word() & 7
      if (draw < 5) expected.push(draw)
    }
    const random = RandomState.fromSeed(5)
    expect(take(50, () => random.randint(5))).toEqual(expected)
  })

  it('reaches the largest word', () => {
    const random = RandomState.fromSeed(0)
    expect(random.randint(2 ** 32)).toBe(2357136044)
    expect(random.randint(2 ** 32)).toBe(2546248239)
  })

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('refuses the seed %s', seed => {
    expect(() => RandomState.fromSeed(seed)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => RandomState.fromKey([1, seed])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('refuses an empty key and a draw from nothing', () => {
    expect(() => RandomState.fromKey([])).toThrow('got none')
    expect(() => RandomState.fromSeed(0).randint(0)).toThrow('got 0')
  })
})

describe('stream', () => {
  const start = (random: RandomState) => take(4, () => random.word()).join()

  it('repeats for the same key', () => {
    expect(start(stream(7, 'mask', 3, 11))).toBe(start(stream(7, 'mask', 3, 11)))
  })

  it('differs for every key, also for keys whose parts join to equal text', () => {
    const keys: Parameters<typeof stream>[] = [
      [7, 'mask'],
      [7, 'mask', 0],
      [7, 'mask', 0, 0],
      [7, 'mask', 1, 11],
      [7, 'mask', 11, 1],
      [7, 'mask', 111],
      [7, 'mask1', 11],
      [7, 'mas', 'k'.charCodeAt(0), 1, 11],
      [7, ''],
      [8, 'mask'],
      [2 ** 32, 'mask'],
      [2 ** 32 + 7, 'mask'],
      [0, 'mask', 2 ** 32],
      [0, 'mask', 1],
      [0, 'mask', 0, 1],
    ]
    expect(new Set(keys.map(key => start(stream(...key)))).size).toBe(keys.length)
  })

  it('refuses a seed or an index that is not a whole number', () => {
    expect(() => stream(-1, 'mask')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => stream(0, 'mask', 0.5)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
