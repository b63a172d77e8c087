/** All kinds of network inputs. Training, validation, previews, panes and scores take inputs from this table alone. */
import type { Takes } from '../../contract/networks.ts'
import type { Volume } from '../data/volume.ts'
import type { Imaging } from '../imaging.ts'
import type { Network } from '../models/network.ts'
import type { Pattern } from '../mri/pattern.ts'
import { complex } from './complex.ts'
import type { InputKind, SliceInput } from './input.ts'
import { kspace } from './kspace.ts'
import { magnitude } from './magnitude.ts'

export const INPUTS: Readonly<Record<Takes, InputKind>> = { magnitude, complex, kspace }

/** The input of a slice. `mask`: see `patternsFor`. Throws the errors of `InputKind.prepare`. */
export const inputOf = (
  { network, config }: { readonly network: Network; readonly config: unknown },
  volume: Volume,
  slice: number,
  mask: Pattern,
  imaging: Imaging,
): SliceInput => INPUTS[network.takes].prepare(volume, slice, mask, network.extras?.(config) ?? [], imaging)
