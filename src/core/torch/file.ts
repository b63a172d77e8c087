/**
 * Reads the weights of a checkpoint of PyTorch or Lightning (.pt, .pth, .ckpt): a zip file with a pickle (`data.pkl`)
 * and the numbers of each storage (`data/0`, `data/1`, …). PyTorch writes such files since version 1.6.
 * Source: pytorch, `torch/serialization.py` and `torch/_utils.py`.
 */
import { some } from '../../contract/words.ts'
import { isBesideWeights } from '../models/names.ts'
import type { PlainTensor } from '../models/parameters.ts'
import { requireUsable } from '../training/checkpoint.ts'
import { torchMeaning } from './objects.ts'
import { type Dictionary, isKind, unpickle, type Value } from './pickle.ts'
import { type Refusal, refusalFor } from './refusal.ts'
import { type TensorReader, tensorReader } from './tensors.ts'
import { isZip, openZip, type Zip } from './zip.ts'

export interface TorchWeights {
  readonly tensors: ReadonlyMap<string, PlainTensor>
  /** What a user should know about the reading, in whole sentences. */
  readonly remarks: readonly string[]
}

/** Keys under which programs keep the state dictionary: Lightning, PyTorch's tutorials, fastMRI before Lightning. */
const STATE_KEYS = ['state_dict', 'model_state_dict', 'model']

/** PyTorch before 1.6: a pickle of this number, or a tar file. */
const OLD_MAGIC = [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
const TAR_MAGIC = { at: 257, text: 'ustar' }

const SAVE_WEIGHTS = 'Save the weights alone: torch.save(model.state_dict(), FILE).'
const SAVE_AGAIN = 'Save it again with PyTorch 1.6 or newer: torch.save(torch.load(FILE, map_location="cpu"), FILE).'

const isOld = (bytes: Uint8Array): boolean =>
  OLD_MAGIC.every((byte, i) => bytes[i] === byte) ||
  [...TAR_MAGIC.text].every((letter, i) => bytes[TAR_MAGIC.at + i] === letter.charCodeAt(0))

/** Longest name of a tensor. The limit bounds messages and time for damaged files. */
const MOST_LETTERS = 500

const ENDING = /\.(?:pt|pth|ckpt)$/i

/** Whether the contents or the name are those of a file of PyTorch, of any version. */
export const isTorchFile = (bytes: Uint8Array, path: string): boolean =>
  isZip(bytes) || isOld(bytes) || ENDING.test(path)

/** The folder within the zip file. PyTorch names it after the file, or `archive`. */
function rootOf({ names }: Zip, { unsupported }: Refusal): string {
  const pickles = names.filter(name => /^[^/]+\/data\.pkl$/.test(name))
  if (pickles.length !== 1)
    throw unsupported(`a zip file with ${pickles.length} data.pkl`, 'Choose a file that torch.save has written.')
  const root = pickles[0].slice(0, -'data.pkl'.length)
  if (names.includes(`${root}constants.pkl`))
    throw unsupported('a TorchScript program', 'Save its weights: torch.save(torch.jit.load(FILE).state_dict(), FILE).')
  return root
}

/** The name of what stands instead of a tensor, for a message. */
function nameOf(value: Value): string {
  if (value === null) return 'None'
  if (isKind(value, 'foreign') || isKind(value, 'global')) return `an object of ${value.name}`
  if (isKind(value, 'dictionary')) return 'a dictionary'
  if (isKind(value, 'tuple')) return 'a tuple'
  if (isKind(value, 'tensor')) return 'one tensor'
  if (isKind(value, 'storage')) return 'a storage'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Uint8Array) return 'bytes'
  return typeof value === 'string' ? 'a text' : `the number ${value}`
}

function stateOf(whole: Value, { unsupported }: Refusal): Dictionary {
  if (!isKind(whole, 'dictionary')) throw unsupported(nameOf(whole), SAVE_WEIGHTS)
  for (const key of STATE_KEYS) {
    const state = whole.entries.get(key)
    if (state === undefined || isKind(state, 'tensor')) continue
    if (!isKind(state, 'dictionary')) throw unsupported(`${nameOf(state)} in ${key}`, SAVE_WEIGHTS)
    return state
  }
  return whole
}

function tensorsOf(
  { entries }: Dictionary,
  reader: TensorReader,
  origin: string,
  { unsupported }: Refusal,
): Map<string, PlainTensor> {
  const tensors = new Map<string, PlainTensor>()
  for (const [name, value] of entries) {
    if (typeof name !== 'string') throw unsupported(`weights under ${nameOf(name)} instead of a name`, SAVE_WEIGHTS)
    if (name.length > MOST_LETTERS) throw unsupported(`weights with a name of ${name.length} letters`, SAVE_WEIGHTS)
    if (isBesideWeights(name)) continue
    if (!isKind(value, 'tensor')) throw unsupported(`${nameOf(value)} in ${name} instead of a tensor`, SAVE_WEIGHTS)
    const tensor = reader.read(name, value)
    requireUsable(name, tensor.data, origin)
    tensors.set(name, tensor)
  }
  if (tensors.size === 0) throw unsupported('no tensor', SAVE_WEIGHTS)
  return tensors
}

function remarksOf(converted: TensorReader['converted'], foreign: ReadonlySet<string>): string[] {
  const conversions = Array.from(converted, kind => {
    const how = kind === 'float64' ? 'rounded' : 'converted exactly'
    return `The file holds numbers of ${kind}. They were ${how} to float32.`
  })
  if (foreign.size === 0) return conversions
  const named = some([...foreign].sort())
  return [...conversions, `The file also holds objects of ${named}. They were not read, and no code of theirs was run.`]
}

/**
 * The tensors of the state dictionary: the file's dictionary, or its `state_dict`, `model_state_dict` or `model`. The
 * tensors share `bytes`, as far as possible. Nothing in the file is executed: other objects are refused in a state
 * dictionary, and are ignored beside it.
 * Throws `CHECKPOINT_DAMAGED` or `UNSUPPORTED_FORMAT`. The error names `origin`.
 */
export function readTorchFile(bytes: Uint8Array, origin: string): TorchWeights {
  const refusal = refusalFor(origin)
  if (isOld(bytes)) throw refusal.unsupported('a file of PyTorch before 1.6', SAVE_AGAIN)
  if (!isZip(bytes)) throw refusal.damaged('a file that is no zip file')
  const zip = openZip(bytes, refusal)
  const root = rootOf(zip, refusal)
  if (zip.names.includes(`${root}byteorder`)) {
    const order = new TextDecoder().decode(zip.read(`${root}byteorder`))
    if (order !== 'little')
      throw refusal.unsupported('numbers in the byte order of another processor', 'Save it again on a PC.')
  }
  const meaning = torchMeaning(refusal)
  const whole = unpickle(zip.read(`${root}data.pkl`), meaning, refusal)
  const reader = tensorReader(key => zip.read(`${root}data/${key}`), bytes.length, refusal)
  const tensors = tensorsOf(stateOf(whole, refusal), reader, origin, refusal)
  return { tensors, remarks: remarksOf(reader.converted, meaning.foreign) }
}
