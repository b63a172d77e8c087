import { describe, expect, it } from 'vitest'
import { planBatches } from '../../../../src/core/data/batches.ts'
import { sameSubject } from '../../../../src/core/data/slices.ts'
import { stream } from '../../../../src/core/mri/random.ts'
import { noiseVolume, sourceOf } from '../../../volumes.ts'

const shuffled = (seed: number, epoch: number, count: number) => stream(seed, 'order', epoch).shuffle(count)
const ofOneShape = (count: number) => new Array<string>(count).fill('32 × 32')
/** Many slices of one shape, and three of another. */
const MIXED = Array.from({ length: 20 }, (_, i) => (i % 7 === 3 ? '36 × 28' : '32 × 24'))

const epochOf = (plan: ReturnType<typeof planBatches>, epoch: number) =>
  Array.from({ length: plan.perEpoch }, (_, index) => plan.places(epoch, index))

describe('batches of one shape', () => {
  it('are the shuffled order, cut into pieces', () => {
    const plan = planBatches({ seed: 3, batch: 4, shapes: ofOneShape(10), smaller: 'always' })
    for (const epoch of [0, 1, 5, 1]) {
      const order = shuffled(3, epoch, 10)
      expect(epochOf(plan, epoch)).toEqual([order.slice(0, 4), order.slice(4, 8), order.slice(8)])
    }
  })

  it('leave out a smaller batch, unless smaller batches are allowed always', () => {
    for (const smaller of ['if shapes differ', 'never'] as const) {
      const plan = planBatches({ seed: 3, batch: 4, shapes: ofOneShape(10), smaller })
      const order = shuffled(3, 2, 10)
      expect(epochOf(plan, 2)).toEqual([order.slice(0, 4), order.slice(4, 8)])
    }
  })

  it('hold as few slices of one subject as possible if samples are kept apart', () => {
    const sources = ['a', 'b'].map(name => sourceOf(noiseVolume(name, { slices: 6 })))
    const apart = sources.flatMap(source => Array.from({ length: 6 }, (_, index) => ({ source, index })))
    const plan = planBatches({ seed: 1, batch: 4, shapes: ofOneShape(12), smaller: 'never', apart })
    // Each batch takes the first slices of the order whose subjects are rarest in the batch.
    const left = [...shuffled(1, 0, 12)]
    for (const places of epochOf(plan, 0)) {
      const chosen: number[] = []
      for (let i = 0; i < 4; i++) {
        const same = left.map(place => chosen.filter(other => sameSubject(apart[other], apart[place])).length)
        chosen.push(...left.splice(same.indexOf(Math.min(...same)), 1))
      }
      expect(places).toEqual(chosen)
    }
  })
})

describe('batches of several shapes', () => {
  const plan = planBatches({ seed: 3, batch: 4, shapes: MIXED, smaller: 'always' })

  it('hold every sample once, of one shape per batch, with the smaller batches last', () => {
    for (const epoch of [0, 1, 2]) {
      const batches = epochOf(plan, epoch)
      expect(batches.flat().toSorted((a, b) => a - b)).toEqual([...MIXED.keys()])
      for (const places of batches) expect(new Set(places.map(place => MIXED[place])).size).toBe(1)
      expect(batches.map(({ length }) => length)).toEqual([4, 4, 4, 4, expect.any(Number), expect.any(Number)])
      expect(batches.slice(4).map(({ length }) => length)).toEqual(expect.arrayContaining([1, 3]))
    }
  })

  it('depend on seed and epoch only, and keep the order of the samples of a shape', () => {
    const again = planBatches({ seed: 3, batch: 4, shapes: MIXED, smaller: 'always' })
    again.places(9, 0)
    expect(epochOf(again, 4)).toEqual(epochOf(plan, 4))
    expect(epochOf(plan, 5)).not.toEqual(epochOf(plan, 4))
    for (const shape of new Set(MIXED)) {
      const ofShape = (places: readonly number[]) => places.filter(place => MIXED[place] === shape)
      expect(ofShape(epochOf(plan, 4).flat())).toEqual(ofShape(shuffled(3, 4, MIXED.length)))
    }
  })

  it('mix the shapes within an epoch', () => {
    const shapes = Array.from({ length: 40 }, (_, i) => String(i % 2))
    const two = planBatches({ seed: 0, batch: 2, shapes, smaller: 'always' })
    const changes = epochOf(two, 0).filter(([first], i, all) => i > 0 && shapes[first] !== shapes[all[i - 1][0]])
    expect(changes.length).toBeGreaterThan(3)
  })

  it('are all kept if shapes differ, or only the whole ones', () => {
    const count = (smaller: 'if shapes differ' | 'never') =>
      planBatches({ seed: 0, batch: 4, shapes: MIXED, smaller }).perEpoch
    expect([count('if shapes differ'), count('never')]).toEqual([6, 4])
    const few = planBatches({ seed: 0, batch: 18, shapes: MIXED, smaller: 'never' })
    expect(few.perEpoch).toBe(0)
  })
})
