/**
 * Reads compounds of HDF5 datasets, whose members may have a variable length. h5wasm's `slice()` would make nested
 * arrays of all members. The library gives a member of variable length as its length and its address in the library's
 * memory, and allocates that memory for each compound. This file gives the memory back after each batch.
 */
import type { Metadata } from 'h5wasm/node'
import type { Hdf5Record } from '../../core/data/hdf5.ts'
import { type Element, elementOf } from './hdf5-elements.ts'
import { type Hdf5Module, withMemory } from './hdf5-library.ts'

/** Bytes that a batch may have, and compounds. Each call of the library costs as much as 500 kB of data. */
const BATCH = { bytes: 2 ** 23, records: 256 }

const COMPOUND = 6 // H5Tpublic.h

interface Member {
  readonly at: number
  /** 1 if the member is no array. */
  readonly count: number
  /** Its number, or each number of an array or a sequence. */
  readonly number: Element['numbers'][number]
  readonly size: number
  /** Of variable length: a 32-bit count and a 32-bit address. */
  readonly isSequence: boolean
}

/** A dataset of one axis. */
export interface Records {
  readonly library: Hdf5Module
  readonly path: string
  readonly metadata: Metadata
  /** Reads `length` compounds from number `from` on, every one of number `step`, to the address. */
  fill(pointer: number, from: number, length: number, step: number): void
  /** Gives back the memory that the library allocated for compounds at the address. */
  reclaim(pointer: number, length: number): void
  /** What to throw if a member is missing, or of another type. */
  missing(member: string): Error
}

/** `Hdf5File.eachRecord`. The batches grow to `BATCH` only after the size of a compound is known. */
export function readRecords(
  { library, path, metadata, fill, reclaim, missing }: Records,
  indices: ArrayLike<number>,
  use: (record: Hdf5Record, place: number) => void,
): void {
  const members = membersOf(metadata)
  const sequences = [...members.values()].filter(member => member.isSequence)
  let largest = BATCH.bytes
  for (let start = 0; start < indices.length; ) {
    const most = Math.max(1, Math.min(BATCH.records, Math.floor(BATCH.bytes / largest)))
    const { length, step } = progression(indices, start, most)
    if (start === 0) largest = metadata.size
    withMemory(library, length * metadata.size, path, pointer => {
      // The library is asked to free the memory of compounds at the address, and ignores those that are zero.
      library.HEAPU8.fill(0, pointer, pointer + length * metadata.size)
      try {
        fill(pointer, indices[start], length, step)
        const view = new DataView(library.HEAPU8.buffer) // a new view, because reading may enlarge the memory
        for (let place = 0; place < length; place++) {
          const at = pointer + place * metadata.size
          const sizes = sequences.map(member => view.getUint32(at + member.at, true) * member.size)
          largest = Math.max(
            largest,
            sizes.reduce((sum, size) => sum + size, metadata.size),
          )
          use(recordAt(view, at, members, missing), start + place)
        }
      } finally {
        reclaim(pointer, length)
      }
    })
    start += length
  }
}

/** How many of the indices from `start` on, at most `most`, are ascending in equal steps. */
function progression(indices: ArrayLike<number>, start: number, most: number): { length: number; step: number } {
  const step = start + 1 < indices.length ? indices[start + 1] - indices[start] : 1
  if (step < 1) return { length: 1, step: 1 }
  let end = start + 1
  while (end < indices.length && end - start < most && indices[end] - indices[end - 1] === step) end++
  return { length: end - start, step }
}

function recordAt(
  view: DataView,
  at: number,
  members: ReadonlyMap<string, Member>,
  missing: Records['missing'],
): Hdf5Record {
  const find = (name: string, isSequence: boolean): Member => {
    const member = members.get(name)
    if (member?.isSequence !== isSequence) throw missing(name)
    return member
  }
  return {
    number(name, index = 0) {
      const member = find(name, false)
      if (index >= member.count) throw missing(name)
      const { get, littleEndian } = member.number
      return get(view, at + member.at + index * member.size, littleEndian)
    },
    floats(name) {
      const member = find(name, true)
      const [count, address] = [0, 4].map(part => view.getUint32(at + member.at + part, true))
      return new Float32Array(view.buffer, address, count)
    },
  }
}

/** The members of a compound that are numbers, arrays of numbers, or sequences of 32-bit floats, by name. */
function membersOf(metadata: Metadata, prefix = '', start = 0): Map<string, Member> {
  const members = new Map<string, Member>()
  for (const member of metadata.compound_type?.members ?? []) {
    const [name, at] = [prefix + member.name, start + member.offset]
    if (member.type === COMPOUND) for (const [inner, of] of membersOf(member, `${name}.`, at)) members.set(inner, of)
    const { array_type: array, vlen_type: sequence } = member
    const { kind, numbers } = elementOf({ ...member, ...(array ?? sequence) }, null)
    if (numbers.length !== 1 || (sequence && kind !== 'float32')) continue
    const size = (array ?? sequence ?? member).size
    members.set(name, {
      at,
      count: array?.total_size ?? 1,
      number: numbers[0],
      size,
      isSequence: sequence !== undefined,
    })
  }
  return members
}
