/** Puts acquisitions in order: into volumes, slices in space, and columns of k-space. */
import { AppError } from '../../../contract/errors.ts'
import { type Acquisition, COUNTERS, type Vector } from './mrd-acquisitions.ts'

/** A slice, or a slab of partitions. */
export interface OrderedSlice {
  /** Lines in the order of the file. Empty for a slice that the file lacks. */
  readonly lines: readonly Line[]
  /** mm, `null` for a slice that the file lacks. */
  readonly position: Vector | null
}

export interface Line {
  readonly acquisition: Acquisition
  readonly column: number
  /** 1 over the number of acquisitions of this line, because averages are averaged. */
  readonly weight: number
}

/** The parts of a file, for `volumePath`, and the acquisitions of each. Counters that do not vary name no part. */
export function partsOf(acquisitions: readonly Acquisition[]): ReadonlyMap<string | null, readonly Acquisition[]> {
  const varying = COUNTERS.filter(name => acquisitions.some(each => each[name] !== acquisitions[0][name]))
  const numbersOf = (each: Acquisition) => varying.map(name => each[name])
  const groups = Map.groupBy(acquisitions, each => numbersOf(each).join())
  const sorted = [...groups.values()].sort((a, b) => compare(numbersOf(a[0]), numbersOf(b[0])))
  return new Map(
    sorted.map(group => {
      const part = varying.map(name => `${name}-${group[0][name] + 1}`).join(',')
      return [part === '' ? null : part, group]
    }),
  )
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i])
  return at < 0 ? 0 : a[at] - b[at]
}

/** `columns` of k-space, whose centre was measured with step `centre`; `null`: with step ⌊columns / 2⌋. */
export interface PhaseEncoding {
  readonly columns: number
  readonly centre: number | null
}

/**
 * The slices of a part, along the normal of the slices. `all`: the acquisitions of all parts, because a slice that one
 * part lacks has its place. `declared`: the number of slices that the header states.
 */
export function slicesOf(
  part: readonly Acquisition[],
  all: readonly Acquisition[],
  encoding: PhaseEncoding,
  { declared, path }: { readonly declared: number | null; readonly path: string },
): OrderedSlice[] {
  const first = new Map<number, Acquisition>()
  for (const each of all) if (!first.has(each.slice)) first.set(each.slice, each)
  const bySlice = Map.groupBy(part, each => each.slice)
  // A slice has one acquisition at least, so a larger number of slices is wrong.
  const limit = all.length
  return inSpace(first, declared, limit).map(slice => ({
    lines: linesOf((slice === null ? undefined : bySlice.get(slice)) ?? [], encoding, path),
    position: (slice === null ? undefined : first.get(slice))?.position ?? null,
  }))
}

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

/** mm. Slices at places that are nearer count as slices without a recorded place. */
const SAME_PLACE = 1e-3

/** Whether each slice has its own place in the head, not the zeros of a file without places. */
export const haveOwnPlaces = (places: readonly number[]): boolean => {
  const sorted = places.toSorted((a, b) => a - b)
  return sorted.every((place, i) => i === 0 || place - sorted[i - 1] > SAME_PLACE)
}

/** Numbers of the slices in spatial order; `null` for a slice that no acquisition has. */
function inSpace(first: ReadonlyMap<number, Acquisition>, declared: number | null, limit: number): (number | null)[] {
  const normal = [...first.values()][0].directions.slice
  const slices = [...first.keys()].sort((a, b) => a - b)
  const placeOf = (slice: number) => dot(first.get(slice)!.position, normal)
  const sorted = haveOwnPlaces(slices.map(placeOf)) ? slices.toSorted((a, b) => placeOf(a) - placeOf(b)) : slices
  const stated = declared !== null && declared <= limit ? declared : 0
  const lowest = stated > 0 ? 0 : slices[0]
  const count = Math.max(slices.at(-1)! + 1, stated) - lowest
  if (count > limit) return sorted
  const isReversed = sorted.length > 1 && sorted[0] > sorted[1]
  if (sorted.every((slice, i) => i === 0 || slice > sorted[i - 1] !== isReversed)) {
    const numbers = Array.from({ length: count }, (_, i) => lowest + (isReversed ? count - 1 - i : i))
    return numbers.map(slice => (first.has(slice) ? slice : null))
  }
  return withGaps(sorted, sorted.map(placeOf), count - slices.length)
}

/** Interleaved slices. The missing ones are where neighbours are two or more spacings apart, else at the end. */
function withGaps(sorted: readonly number[], places: readonly number[], missing: number): (number | null)[] {
  const steps = places.slice(1).map((place, i) => place - places[i])
  const spacing = Math.min(...steps)
  let left = missing
  const filled = sorted.flatMap((slice, i) => {
    const gap = i === 0 ? 0 : Math.min(left, Math.round(steps[i - 1] / spacing) - 1)
    left -= gap
    return [...new Array<null>(gap).fill(null), slice]
  })
  return [...filled, ...new Array<null>(left).fill(null)]
}

function linesOf(acquisitions: readonly Acquisition[], { columns, centre }: PhaseEncoding, path: string): Line[] {
  const middle = Math.floor(columns / 2)
  const key = ({ step, partition }: Acquisition) => step * 65_536 + partition
  const counts = new Map<number, number>()
  for (const each of acquisitions) counts.set(key(each), (counts.get(key(each)) ?? 0) + 1)
  return acquisitions.map(acquisition => {
    const column = acquisition.step + middle - (centre ?? middle)
    if (column < 0 || column >= columns)
      throw new AppError(
        'UNSUPPORTED_FORMAT',
        `Expected phase-encoding steps of ${columns} columns with step ${centre ?? middle} at the centre, ` +
          `got step ${acquisition.step} in acquisition ${acquisition.record + 1} of ${path}. ` +
          'Correct encodedSpace/matrixSize and encodingLimits in the header.',
      )
    return { acquisition, column, weight: 1 / counts.get(key(acquisition))! }
  })
}

/**
 * Slices that the file lacks whole, and slices that lack columns that most slices have, such as the last slice of a
 * scan that was stopped.
 */
export function incompleteSlices(slices: readonly OrderedSlice[]): ReadonlySet<number> {
  const columns = slices.map(({ lines }) => new Set(lines.map(line => line.column)))
  const keys = columns.map(set => [...set].sort((a, b) => a - b).join())
  const [usual, members] = [...Map.groupBy(keys, key => key)].sort(([, a], [, b]) => b.length - a.length)[0]
  const most = columns[keys.indexOf(usual)]
  const isPart = (set: ReadonlySet<number>) => set.size < most.size && [...set].every(column => most.has(column))
  const isUsual = 2 * members.length > slices.length
  return new Set([...columns.keys()].filter(slice => columns[slice].size === 0 || (isUsual && isPart(columns[slice]))))
}
