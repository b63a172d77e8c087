/** What the names in PyTorch's pickles mean: tensors, storages and dictionaries. Nothing else is made. */
import { type Dictionary, isKind, type Meaning, type StridedTensor, type Value } from './pickle.ts'
import type { Refusal } from './refusal.ts'

/** Classes of settings, paths and plain numbers that stand beside the weights. No message names them. */
const PLAIN = new Set([
  ...['builtins.set', '__builtin__.set', 'builtins.frozenset', '__builtin__.frozenset', 'builtins.complex'],
  ...['builtins.list', 'builtins.tuple', 'builtins.int', 'builtins.float', 'builtins.str', 'builtins.bool'],
  ...['_codecs.encode', 'copyreg._reconstructor', 'copy_reg._reconstructor', 'builtins.object', '__builtin__.object'],
  ...['argparse.Namespace', 'types.SimpleNamespace', 'collections.Counter', 'collections.deque', 'functools.partial'],
  ...['datetime.datetime', 'datetime.timedelta', 'numpy.dtype', 'numpy.ndarray'],
])
/** Packages whose classes are plain in the same sense: Lightning's settings and callbacks, PyTorch's, NumPy's. */
const PLAIN_PACKAGES = /^(?:torch|pytorch_lightning|lightning|lightning_fabric|pathlib|numpy\.(?:_?core|random))\b/

const DICTIONARIES = ['collections.OrderedDict', 'collections.defaultdict', 'builtins.dict', '__builtin__.dict']

export interface Reading extends Meaning {
  /** Names of classes and functions that are neither tensors nor plain settings. */
  readonly foreign: ReadonlySet<string>
}

/** Longest name in a remark. A damaged file can hold any text as a name. */
const MOST_LETTERS = 100

/** PyTorch's own limit. */
const MOST_AXES = 64

type Call = (args: readonly Value[], refusal: Refusal) => Value

/** torch.save makes an empty dictionary, and sets the items afterwards. */
function emptyDictionary(args: readonly Value[], { damaged }: Refusal): Dictionary {
  if (args.some(arg => Array.isArray(arg))) throw damaged('a dictionary that is made of a list')
  return { kind: 'dictionary', entries: new Map() }
}

/** A whole number of 0 or more. */
const isCount = (value: Value): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** `_rebuild_tensor_v2(storage, offset, size, stride, …)`. What stands behind are gradients and hooks. */
function tensorOf([storage, offset, size, stride]: readonly Value[], { damaged }: Refusal): StridedTensor {
  if (!isKind(storage, 'storage')) throw damaged('a tensor without storage')
  if (!isKind(size, 'tuple') || !isKind(stride, 'tuple') || size.items.length !== stride.items.length)
    throw damaged('a tensor whose size and strides do not belong together')
  if (size.items.length > MOST_AXES) throw damaged(`a tensor of ${size.items.length} axes`)
  const [shape, strides] = [size.items.filter(isCount), stride.items.filter(isCount)]
  if (!isCount(offset) || shape.length !== size.items.length || strides.length !== size.items.length)
    throw damaged('a tensor whose sizes, strides or offset are no whole numbers of 0 or more')
  return { kind: 'tensor', storage, offset, shape, strides }
}

const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['torch._utils._rebuild_tensor_v2', tensorOf],
  ['torch._utils._rebuild_parameter', ([tensor = null]) => tensor],
  ['torch.Size', ([sizes = null]) => sizes],
  ...DICTIONARIES.map((name): [string, Call] => [name, emptyDictionary]),
])

/** `('storage', class, key, device, elements)` */
function storageOf(id: Value, { damaged }: Refusal): Value {
  const [word, type, key, , length] = isKind(id, 'tuple') ? id.items : []
  if (word !== 'storage' || !isKind(type, 'global') || typeof key !== 'string' || !isCount(length))
    throw damaged('a storage without class, name or length')
  return { kind: 'storage', type: type.name, key, length }
}

export function torchMeaning(refusal: Refusal): Reading {
  const foreign = new Set<string>()
  return {
    foreign,
    call(name, args) {
      const known = CALLS.get(name)
      if (known) return known(args, refusal)
      if (!(PLAIN.has(name) || PLAIN_PACKAGES.test(name))) foreign.add(name.slice(0, MOST_LETTERS))
      return { kind: 'foreign', name }
    },
    persistent: id => storageOf(id, refusal),
  }
}
