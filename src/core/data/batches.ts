/**
 * The batches of an epoch, as places of samples. The order of the samples is shuffled once per epoch, by (seed, epoch).
 * All samples of a batch have one shape, because a batch is one array, and the matrices of a study may differ. Whole
 * batches follow each other as the shuffled order completes them. Batches with fewer samples come last.
 */
import { stream } from '../mri/random.ts'
import { type SliceReference, sameSubject } from './slices.ts'

export interface BatchPlan {
  /** Number of batches. */
  readonly perEpoch: number
  /** The places (from 0) of a batch's samples. `epoch` and `index` (within the epoch) count from 0. */
  places(epoch: number, index: number): readonly number[]
}

/** When an epoch has batches with fewer samples too, instead of leaving out such samples. */
export type Smaller = 'always' | 'if shapes differ' | 'never'

export const hasSmaller = (smaller: Smaller, shapes: number): boolean =>
  smaller === 'always' || (smaller === 'if shapes differ' && shapes > 1)

export interface BatchRules {
  readonly seed: number
  /** Samples of a whole batch. */
  readonly batch: number
  /** The shape of each sample, in words. */
  readonly shapes: readonly string[]
  readonly smaller: Smaller
  /** The samples, if a batch shall hold as few slices of one subject as possible. */
  readonly apart?: readonly SliceReference[]
}

export function planBatches({ seed, batch, shapes, smaller, apart }: BatchRules): BatchPlan {
  const counts = [...Map.groupBy(shapes, shape => shape).values()].map(({ length }) => length)
  const whole = hasSmaller(smaller, counts.length) ? Math.ceil : Math.floor
  const perEpoch = counts.reduce((sum, count) => sum + whole(count / batch), 0)
  let batches: readonly (readonly number[])[] = []
  let madeFor = -1
  return {
    perEpoch,
    places(epoch, index) {
      if (epoch !== madeFor) {
        const order = stream(seed, 'order', epoch).shuffle(shapes.length)
        batches = divide(order, shapes, batch, members => (apart ? spread(members, batch, apart) : cut(members, batch)))
      }
      madeFor = epoch
      return batches[index] ?? []
    },
  }
}

/** `divideGroup` divides the samples of one shape. All its batches but the last are whole. */
function divide(
  order: readonly number[],
  shapes: readonly string[],
  batch: number,
  divideGroup: (members: readonly number[]) => number[][],
): number[][] {
  const ranks = new Uint32Array(order.length)
  for (const [rank, place] of order.entries()) ranks[place] = rank
  const batches = [...Map.groupBy(order, place => shapes[place]).values()].flatMap(members =>
    divideGroup(members).map((places, i) => {
      const last = members.at(i * batch + batch - 1)
      return { places, completed: last === undefined ? order.length + ranks[members[i * batch]] : ranks[last] }
    }),
  )
  return batches.sort((a, b) => a.completed - b.completed).map(({ places }) => places)
}

const cut = (members: readonly number[], batch: number): number[][] =>
  Array.from({ length: Math.ceil(members.length / batch) }, (_, i) => members.slice(i * batch, (i + 1) * batch))

/** Each place takes the first remaining slice, in the order given, whose subject is rarest in the batch. */
function spread(members: readonly number[], batch: number, samples: readonly SliceReference[]): number[][] {
  const left = [...members]
  const made: number[][] = []
  while (left.length > 0) {
    const chosen: number[] = []
    while (chosen.length < batch && left.length > 0) {
      let [best, fewest] = [0, Number.POSITIVE_INFINITY]
      for (let i = 0; i < left.length && fewest > 0; i++) {
        const same = chosen.filter(other => sameSubject(samples[other], samples[left[i]])).length
        if (same < fewest) [best, fewest] = [i, same]
      }
      chosen.push(...left.splice(best, 1))
    }
    made.push(chosen)
  }
  return made
}
