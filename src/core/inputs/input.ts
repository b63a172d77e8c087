/** What a kind of network input is: see `takes` of core/models/network.ts. */
import type { VolumeInfo } from '../../contract/volumes.ts'
import type { Volume } from '../data/volume.ts'
import type { Imaging } from '../imaging.ts'
import type { Extra } from '../models/network.ts'
import type { PlainBatch } from '../models/parts.ts'
import type { Pattern } from '../mri/pattern.ts'
import type { Shape } from '../mri/transform.ts'

/** A slice as a network takes it. */
export interface SliceInput {
  /** Parts by name, without the batch's axis. */
  readonly parts: PlainBatch
  /** An image in the file's units = the network's image · std + mean. */
  readonly mean: number
  readonly std: number
}

/** One way to turn a slice into a network's input. */
export interface InputKind {
  /** In words, plural: 'magnitude images'. */
  readonly label: string
  /** Whether the input shows which samples were measured. K-space of an irregular file is otherwise used as stored. */
  readonly measured: boolean
  /** [height, width] of the network's images. */
  shape(info: VolumeInfo): Shape
  /** Sizes that must be equal for two slices to be in one batch. */
  sizes(info: VolumeInfo): readonly number[]
  /**
   * The input of a slice whose measured samples are those of `mask`.
   * Throws `NOT_FINITE` if the k-space's numbers are too large for float32, and the errors of coil maps.
   */
  prepare(volume: Volume, slice: number, mask: Pattern, extras: readonly Extra[], imaging: Imaging): SliceInput
  /** The ground truth [crop height, crop width] in the network's units. */
  target(truth: Float32Array, units: Pick<SliceInput, 'mean' | 'std'>): Float32Array
}
