/** What a side of the bench computes, and its inputs. Both sides know each kind of work by the kind's name. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MaskSpec } from '../../src/contract/evaluation.ts'
import type { LossWeights } from '../../src/contract/recipes.ts'

/** Where both sides compute. A GPU multiplies in TF32, so checks on a GPU allow for a mantissa of 10 bits. */
export type Hardware = 'cpu' | 'gpu'

/** Precision of convolutions and their gradients in a training. */
export type Precision = 'float32' | 'bfloat16'

/** A network of Self-MRI, by id and settings. */
export interface NetworkChoice {
  readonly network: string
  readonly networkConfig: Readonly<Record<string, number | string | boolean>>
}

/** [height, width] */
export type Size = readonly [number, number]

export interface Images {
  readonly size: Size
  /** Size of a batch. The batch repeats one image. */
  readonly batch: number
}

/** Learning rates: one for the steps whose losses are compared, and one for the timed steps. */
export interface Trained {
  readonly optimizer: 'rmsprop' | 'adam'
  readonly rates: { readonly checked: number; readonly timed: number }
  /** Steps whose losses are compared. */
  readonly checkedSteps: number
}

/** A training from a synthetic volume. */
export interface FromVolume {
  readonly coils: number
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
  Trained &
  FromVolume
/** 'epoch': a supervised training, from file to updated weights. 'steps': the steps alone, on prepared batches. */
export type Epoch = { readonly kind: 'epoch' | 'steps' } & NetworkChoice & Trained & FromVolume
/** One slice, from disk to zero-filled image: of the given file, or of a file of noise in several coils. */
export type Slice = {
  readonly kind: 'slice'
  readonly noise: { readonly coils: number; readonly size: Size; readonly imageSize: Size } | null
}
/** One slice of a BART array of noise, from disk to the root sum of squares of its coils' images. */
export type Cfl = { readonly kind: 'cfl'; readonly coils: number; readonly size: Size; readonly slices: number }
/** k-space of many coils in memory, masked, to the root sum of squares of the coils' images. */
export type Coils = {
  readonly kind: 'coils'
  readonly coils: number
  readonly size: Size
  /** What the peer transforms with. */
  readonly library: 'scipy' | 'torch'
}
/** What the peer uses for coil maps and classical reconstructions. BART is a program, which reads and writes files. */
export type CoilLibrary = 'sigpy' | 'bart'
/** A classical reconstruction of one slice, from k-space and coil maps in memory. */
export type Classical = {
  readonly kind: 'classical'
  readonly coils: number
  readonly size: Size
  readonly method: 'cg-sense' | 'l1-wavelet'
  readonly library: CoilLibrary
  readonly settings: { readonly iterations: number; readonly lambda: number; readonly [name: string]: unknown }
}
/** ESPIRiT maps of one slice, from k-space in memory. */
export type Maps = {
  readonly kind: 'maps'
  readonly coils: number
  readonly size: Size
  readonly library: CoilLibrary
}
/** A network of k-space, on a slice of simulated coils. */
export interface OnCoils extends NetworkChoice {
  readonly coils: number
  readonly size: Size
}
export type UnrolledForward = { readonly kind: 'unrolled-forward' } & OnCoils
export type CoilShape = readonly [coils: number, rows: number, columns: number]
export type Unrolled = {
  readonly kind: 'unrolled'
  readonly loss: LossWeights
  /** Further shapes, of which each timed iteration takes a step too. */
  readonly others?: readonly CoilShape[]
  /** PyTorch computes each cascade again in the backward pass (torch.utils.checkpoint). */
  readonly peerRecomputes?: boolean
} & OnCoils &
  Trained
/** All slices of a file, reconstructed and scored. */
export type Volume = { readonly kind: 'volume' } & NetworkChoice

export type Computed =
  | Forward
  | Training
  | PretextTraining
  | Epoch
  | Slice
  | Cfl
  | Coils
  | Classical
  | Maps
  | UnrolledForward
  | Unrolled
  | Volume

/** How a side computes a network. Variables of the environment make our side compile, so it ignores `compiled`. */
export interface Way {
  readonly precision: Precision
  readonly compiled: boolean
}

export interface Given<Work extends Computed = Computed> extends Way {
  readonly hardware: Hardware
  /** Folder for the files that our side writes and both sides load. Each file's name begins with the work's name. */
  readonly folder: string
  readonly name: string
  /** HDF5 file that both sides read. */
  readonly file: string
  readonly mask: MaskSpec
  readonly computed: Work
}

type InFolder = Pick<Given, 'folder' | 'name'>

export const weightsPath = ({ folder, name }: InFolder): string => join(folder, `${name}.safetensors`)
/** Path of a file of raw float32. `which` is `image`, `target`, `part-0` … */
export const floatsPath = ({ folder, name }: InFolder, which: string): string => join(folder, `${name}-${which}.f32`)

export const writeFloats = (path: string, values: Float32Array): Promise<void> =>
  writeFile(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))

export async function readFloats(path: string): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from(await readFile(path)).buffer)
}
