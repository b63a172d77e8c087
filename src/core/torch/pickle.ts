/**
 * Reads Python's pickles as data. A pickle is a program for a machine with a stack. Python runs functions that a pickle
 * names. This machine runs none: `call` decides what a function with arguments means here.
 * The opcodes are those that torch.save writes, in protocols 2 to 5. Source: CPython, `Lib/pickletools.py`.
 */
import type { Refusal } from './refusal.ts'

/** A class or function that the pickle names. */
export interface Global {
  readonly kind: 'global'
  /** Module and name, for example `collections.OrderedDict`. */
  readonly name: string
}

/** An object that was not made, because nothing here stands for its class. */
export interface Foreign {
  readonly kind: 'foreign'
  /** The class or function. */
  readonly name: string
}

export interface Tuple {
  readonly kind: 'tuple'
  readonly items: readonly Value[]
}

export interface Dictionary {
  readonly kind: 'dictionary'
  readonly entries: Map<Value, Value>
}

/** The numbers of a tensor, in a member of the zip file. */
export interface Storage {
  readonly kind: 'storage'
  /** PyTorch's class, for example `torch.FloatStorage`. */
  readonly type: string
  readonly key: string
  /** Number of elements. */
  readonly length: number
}

/** Element [i, j, …] is element offset + i · strides[0] + j · strides[1] + … of the storage. */
export interface StridedTensor {
  readonly kind: 'tensor'
  readonly storage: Storage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

type Made = Global | Foreign | Tuple | Dictionary | Storage | StridedTensor
export type Value = null | boolean | number | bigint | string | Uint8Array | Value[] | Made

export interface Meaning {
  /** The value of a function or class that is called with arguments. */
  call(name: string, args: readonly Value[]): Value
  /** The value of a persistent id, which torch.save writes for storages. */
  persistent(id: Value): Value
}

/** Enough for 10,000 tensors. The limit bounds time and memory for damaged files. */
const MOST_STEPS = 500_000
const MARK = 0x28
const STOP = 0x2e
const NEWEST_PROTOCOL = 5

export const tuple = (items: readonly Value[]): Tuple => ({ kind: 'tuple', items })

/** Whether the value is one of those that have a `kind`, and of this kind. */
export function isKind<Kind extends Made['kind']>(value: Value, kind: Kind): value is Extract<Made, { kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}

const decoder = new TextDecoder()

interface Machine extends Meaning {
  readonly damaged: Refusal['damaged']
  readonly stack: Value[]
  /** Heights of the stack at which a mark lies. */
  readonly marks: number[]
  readonly memo: Map<number, Value>
  readonly view: DataView
  /** The place of the next `length` bytes, which are taken. */
  take(length: number): number
  bytes(length: number): Uint8Array
  line(): string
}

function pop({ stack, marks, damaged }: Machine): Value {
  if (stack.length <= (marks.at(-1) ?? 0)) throw damaged('a pickle that takes a value which is not there')
  return stack.pop()!
}

function top({ stack, marks, damaged }: Machine): Value {
  if (stack.length <= (marks.at(-1) ?? 0)) throw damaged('a pickle that takes a value which is not there')
  return stack[stack.length - 1]
}

/** Takes the values above the last mark, and the mark. */
function popMark({ stack, marks, damaged }: Machine): Value[] {
  const mark = marks.pop()
  if (mark === undefined) throw damaged('a pickle that takes a mark which is not there')
  return stack.splice(mark)
}

function popItems(machine: Machine, length: 1 | 2 | 3): Value[] {
  const items: Value[] = []
  for (let i = 0; i < length; i++) items.unshift(pop(machine))
  return items
}

function setItems(machine: Machine, pairs: readonly Value[]): void {
  const target = top(machine)
  if (pairs.length % 2 !== 0) throw machine.damaged('a pickle with a key without value')
  if (isKind(target, 'foreign')) return
  if (!isKind(target, 'dictionary')) throw machine.damaged('a pickle that sets items of no dictionary')
  for (let i = 0; i < pairs.length; i += 2) target.entries.set(pairs[i], pairs[i + 1])
}

function append(machine: Machine, items: readonly Value[]): void {
  const target = top(machine)
  if (isKind(target, 'foreign')) return
  if (!Array.isArray(target)) throw machine.damaged('a pickle that appends to no list')
  for (const item of items) target.push(item)
}

/** Calls a function or a class. */
function call(machine: Machine, keywords: boolean): void {
  if (keywords) pop(machine)
  const args = pop(machine)
  const callee = pop(machine)
  if (!isKind(args, 'tuple')) throw machine.damaged('a pickle that calls without arguments')
  if (isKind(callee, 'global')) machine.stack.push(machine.call(callee.name, args.items))
  else if (isKind(callee, 'foreign')) machine.stack.push(callee)
  else throw machine.damaged('a pickle that calls what is no function')
}

function remember(machine: Machine, place: number): void {
  machine.memo.set(place, top(machine))
}

function recall({ memo, stack, damaged }: Machine, place: number): void {
  const value = memo.get(place)
  if (value === undefined) throw damaged('a pickle that recalls what it did not remember')
  stack.push(value)
}

/** A whole number in two's complement, little-endian. */
function wholeNumber(bytes: Uint8Array): number | bigint {
  let digits = ''
  for (const byte of bytes) digits = byte.toString(16).padStart(2, '0') + digits
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits || '0'}`))
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function globalOf([module, name]: readonly Value[], { damaged }: Machine): Global {
  if (typeof module !== 'string' || typeof name !== 'string') throw damaged('a pickle with a nameless function')
  return { kind: 'global', name: `${module}.${name}` }
}

/** A text or bytes behind its length. The length has 1, 4 or 8 bytes. */
function sized({ view, take, bytes }: Machine, lengthBytes: 1 | 4 | 8): Uint8Array {
  const at = take(lengthBytes)
  if (lengthBytes === 1) return bytes(view.getUint8(at))
  return bytes(lengthBytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true)))
}

const text = (machine: Machine, lengthBytes: 1 | 4 | 8) =>
  machine.stack.push(decoder.decode(sized(machine, lengthBytes)))
const raw = (machine: Machine, lengthBytes: 1 | 4 | 8) => machine.stack.push(sized(machine, lengthBytes))
const aSet: Foreign = { kind: 'foreign', name: 'set' }

const OPCODES: ReadonlyMap<number, (machine: Machine) => void> = new Map<number, (machine: Machine) => void>([
  [0x95, m => m.take(8)], // FRAME: its length only helps to read ahead
  [MARK, m => m.marks.push(m.stack.length)],
  [0x30, m => (m.stack.length > (m.marks.at(-1) ?? 0) ? pop(m) : popMark(m))], // POP
  [0x31, m => popMark(m)], // POP_MARK
  // Constants and numbers
  [0x4e, m => m.stack.push(null)], // NONE
  [0x88, m => m.stack.push(true)], // NEWTRUE
  [0x89, m => m.stack.push(false)], // NEWFALSE
  [0x4a, m => m.stack.push(m.view.getInt32(m.take(4), true))], // BININT
  [0x4b, m => m.stack.push(m.view.getUint8(m.take(1)))], // BININT1
  [0x4d, m => m.stack.push(m.view.getUint16(m.take(2), true))], // BININT2
  [0x8a, m => m.stack.push(wholeNumber(sized(m, 1)))], // LONG1
  [0x47, m => m.stack.push(m.view.getFloat64(m.take(8), false))], // BINFLOAT
  // Texts and bytes
  [0x8c, m => text(m, 1)], // SHORT_BINUNICODE
  [0x58, m => text(m, 4)], // BINUNICODE
  [0x8d, m => text(m, 8)], // BINUNICODE8
  [0x55, m => text(m, 1)], // SHORT_BINSTRING
  [0x54, m => text(m, 4)], // BINSTRING
  [0x43, m => raw(m, 1)], // SHORT_BINBYTES
  [0x42, m => raw(m, 4)], // BINBYTES
  [0x8e, m => raw(m, 8)], // BINBYTES8
  [0x96, m => raw(m, 8)], // BYTEARRAY8
  // Tuples, lists, dictionaries, sets
  [0x29, m => m.stack.push(tuple([]))], // EMPTY_TUPLE
  [0x85, m => m.stack.push(tuple(popItems(m, 1)))], // TUPLE1
  [0x86, m => m.stack.push(tuple(popItems(m, 2)))], // TUPLE2
  [0x87, m => m.stack.push(tuple(popItems(m, 3)))], // TUPLE3
  [0x74, m => m.stack.push(tuple(popMark(m)))], // TUPLE
  [0x5d, m => m.stack.push([])], // EMPTY_LIST
  [0x61, m => append(m, popItems(m, 1))], // APPEND
  [0x65, m => append(m, popMark(m))], // APPENDS
  [0x7d, m => m.stack.push({ kind: 'dictionary', entries: new Map() })], // EMPTY_DICT
  [0x73, m => setItems(m, popItems(m, 2))], // SETITEM
  [0x75, m => setItems(m, popMark(m))], // SETITEMS
  [0x8f, m => m.stack.push(aSet)], // EMPTY_SET
  [0x90, m => append(m, popMark(m))], // ADDITEMS
  // Memo
  [0x71, m => remember(m, m.view.getUint8(m.take(1)))], // BINPUT
  [0x72, m => remember(m, m.view.getUint32(m.take(4), true))], // LONG_BINPUT
  [0x94, m => remember(m, m.memo.size)], // MEMOIZE
  [0x68, m => recall(m, m.view.getUint8(m.take(1)))], // BINGET
  [0x6a, m => recall(m, m.view.getUint32(m.take(4), true))], // LONG_BINGET
  // Functions, classes, storages
  [0x63, m => m.stack.push(globalOf([m.line(), m.line()], m))], // GLOBAL
  [0x93, m => m.stack.push(globalOf(popItems(m, 2), m))], // STACK_GLOBAL
  [0x52, m => call(m, false)], // REDUCE
  [0x81, m => call(m, false)], // NEWOBJ
  [0x92, m => call(m, true)], // NEWOBJ_EX
  [0x62, m => pop(m)], // BUILD: attributes of an object, which nothing here needs
  [0x51, m => m.stack.push(m.persistent(pop(m)))], // BINPERSID
])

/** The value of a pickle. Throws `refusal.damaged` if the pickle is damaged, or of a protocol before 2. */
export function unpickle(pickle: Uint8Array, meaning: Meaning, { damaged }: Refusal): Value {
  const view = new DataView(pickle.buffer, pickle.byteOffset, pickle.byteLength)
  let at = 0
  const take = (length: number) => {
    if (length > pickle.length - at) throw damaged('a pickle that ends early')
    at += length
    return at - length
  }
  const machine: Machine = {
    ...meaning,
    damaged,
    stack: [],
    marks: [],
    memo: new Map(),
    view,
    take,
    bytes(length) {
      const begin = take(length)
      return pickle.subarray(begin, at)
    },
    line() {
      const end = pickle.indexOf(0x0a, at)
      if (end < 0) throw damaged('a pickle that ends early')
      const words = decoder.decode(pickle.subarray(at, end))
      at = end + 1
      return words
    },
  }
  if (pickle[0] !== 0x80 || !(pickle[1] >= 2 && pickle[1] <= NEWEST_PROTOCOL))
    throw damaged('a pickle that is of no protocol from 2 to 5')
  at = 2
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const opcode = pickle[take(1)]
    if (opcode === STOP) return pop(machine)
    const step = OPCODES.get(opcode)
    if (!step) throw damaged(`a pickle with the opcode ${opcode}, which torch.save does not write`)
    step(machine)
  }
  throw damaged(`a pickle of more than ${MOST_STEPS} steps`)
}
