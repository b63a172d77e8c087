/** A run's output on one fixed validation slice, to look at during training. */
import type * as tf from '@tensorflow/tfjs-core'
import { maskOf } from '../data/patterns.ts'
import { shownSlice, type VolumeSource } from '../data/slices.ts'
import type { Imaging } from '../imaging.ts'
import { inputOf } from '../inputs/index.ts'
import type { SliceInput } from '../inputs/input.ts'
import type { Network, ParameterSpec } from '../models/network.ts'
import type { Masking } from '../mri/draw.ts'
import { cropShape, unnormalise } from '../mri/transform.ts'
import { patternsFor } from '../reconstruct.ts'

export interface Preview {
  /** [height, width] */
  readonly image: Float32Array
  readonly shape: [number, number]
  readonly units: 'signal' | 'arbitrary'
  /** Name of the volume's file, and the slice from 0. */
  readonly file: string
  readonly slice: number
}

interface PreviewedJob {
  readonly network: Network
  readonly networkConfig: unknown
  readonly validation: readonly VolumeSource[]
  readonly mask: Masking
}

/**
 * The network's output on one slice of the first validation volume; `null` if there is no such volume.
 * The slice is the slice without a fault that is nearest the middle. The mask is seeded by the file's name.
 * Outputs in `arbitrary` units stay as the network gives them. `specs` describe the given parameters.
 * `known` returns the output if a validation has computed it already.
 */
export function previewOf(
  { network, networkConfig, validation, mask }: PreviewedJob,
  specs: readonly ParameterSpec[],
  units: Preview['units'],
  imaging: Imaging,
  known: (parameters: tf.Tensor1D, slice: number) => Float32Array | null = () => null,
): (parameters: tf.Tensor1D) => Promise<Preview | null> {
  const [source] = validation
  let input: SliceInput | null = null
  return async parameters => {
    if (!source) return null
    const { file } = source.info
    const shape = cropShape(source.info)
    const slice = shownSlice(source.info)
    const model = { network, config: networkConfig, specs, parameters }
    if (!input) {
      const volume = await source.open()
      input = inputOf(model, volume, slice, patternsFor(volume, maskOf(volume, mask), model)(slice), imaging)
    }
    const output = known(parameters, slice) ?? (await imaging.predict(model, input.parts, shape))
    const image = units === 'signal' ? unnormalise(output, input.mean, input.std) : output
    return { image, shape, units, file, slice }
  }
}
