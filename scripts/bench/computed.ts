/** What a side computes, and what it is given. Both sides know each kind by its name. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MaskSpec } from '../../src/contract/evaluation.ts'

/** Where both sides compute. A GPU multiplies in TF32, whose 10 bits of mantissa the checks must allow for. */
export type Hardware = 'cpu' | 'gpu'

/** A network of the program's, by its id and settings. */
export interface NetworkChoice {
  readonly network: string
  readonly networkConfig: { readonly channels: number; readonly pools?: number }
}

/** [height, width] */
export type Size = readonly [number, number]

export interface Images {
  readonly size: Size
  /** Images at once: the same one so many times. */
  readonly batch: number
}

/** Learning rates: of the steps whose losses are compared, and of those that are timed. */
export interface Trained {
  readonly optimizer: 'rmsprop' | 'adam'
  readonly rates: { readonly checked: number; readonly timed: number }
  /** Steps whose losses are compared. */
  readonly checkedSteps: number
}

export type Forward = { readonly kind: 'forward' } & NetworkChoice & Images
export type Training = { readonly kind: 'training' } & NetworkChoice & Images & Trained
/** A self-supervised training, from file to updated weights. */
export type PretextTraining = {
  readonly kind: 'pretext'
  readonly method: string
  readonly methodConfig: Readonly<Record<string, unknown>>
  readonly measurement: 'fixed' | 'fresh'
  readonly batch: number
} & NetworkChoice &
  Trained
/** A supervised training from file to updated weights, or its steps alone, on batches prepared before. */
export type Epoch = { readonly kind: 'epoch' | 'steps' } & NetworkChoice & Trained
/** One slice, from disk to zero-filled image. */
export type Slice = { readonly kind: 'slice' }
/** All slices of a file, reconstructed and scored. */
export type Volume = { readonly kind: 'volume' } & NetworkChoice

export type Computed = Forward | Training | PretextTraining | Epoch | Slice | Volume

export interface Given<Work extends Computed = Computed> {
  readonly hardware: Hardware
  /** Where our side writes what both load, each file's name beginning with the work's. */
  readonly folder: string
  readonly name: string
  /** HDF5 file whose slices are taken. */
  readonly file: string
  readonly mask: MaskSpec
  readonly computed: Work
}

type InFolder = Pick<Given, 'folder' | 'name'>

export const weightsPath = ({ folder, name }: InFolder): string => join(folder, `${name}.safetensors`)
/** Raw float32: `image`, `target`, `part-0` … */
export const floatsPath = ({ folder, name }: InFolder, which: string): string => join(folder, `${name}-${which}.f32`)

export const writeFloats = (path: string, values: Float32Array): Promise<void> =>
  writeFile(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))

export async function readFloats(path: string): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from(await readFile(path)).buffer)
}
