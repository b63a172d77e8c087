/** What was made of slices for panes, kept in memory: the newest, as long as all of it is small enough. */
import type { Volume } from '../../core/data/volume.ts'
import { isEqual, type Pattern } from '../../core/mri/pattern.ts'

/** What a value was made of. */
export interface MadeOf<Maker> {
  readonly volume: Volume
  readonly slice: number
  readonly pattern: Pattern
  readonly maker: Maker
}

export interface KeptSlices<Maker, Value> {
  find(of: MadeOf<Maker>): Value | null
  /** Keeps the value, also if it is larger than allowed, and forgets the oldest values. Returns the value. */
  keep(of: MadeOf<Maker>, value: Value): Value
}

/** Makers are compared by identity. @param most the largest sum of all values' costs */
export function keepSlices<Maker, Value>(most: number, costOf: (value: Value) => number): KeptSlices<Maker, Value> {
  /** The newest is at the end. */
  const kept: (MadeOf<Maker> & { readonly value: Value })[] = []
  const cost = () => kept.reduce((sum, { value }) => sum + costOf(value), 0)
  return {
    find({ volume, slice, pattern, maker }) {
      const known = kept.find(
        one => one.volume === volume && one.slice === slice && one.maker === maker && isEqual(one.pattern, pattern),
      )
      return known?.value ?? null
    },
    keep(of, value) {
      kept.push({ ...of, value })
      while (kept.length > 1 && cost() > most) kept.shift()
      return value
    },
  }
}
