/** Validation of a reconstruction: the loss and the metrics of whole volumes, with masks seeded by file name. */
import type * as tf from '@tensorflow/tfjs-core'
import type { Metrics } from '../../contract/evaluation.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import { maskOf } from '../data/patterns.ts'
import { usableSlices, type VolumeSource } from '../data/slices.ts'
import { meanOfMetrics, readReference } from '../evaluate.ts'
import type { Imaging } from '../imaging.ts'
import { INPUTS, inputOf } from '../inputs/index.ts'
import type { SliceInput } from '../inputs/input.ts'
import type { Network, ParameterSpec } from '../models/network.ts'
import type { Masking } from '../mri/draw.ts'
import { scoreVolume } from '../mri/metrics.ts'
import { cropShape, type Shape, unnormalise } from '../mri/transform.ts'
import type { Pause } from '../pause.ts'
import { mean } from '../statistics.ts'
import type { ImageLoss } from './losses.ts'
import type { Validation } from './task.ts'

/** A prepared validation volume. Its slices, masks and ground truth do not change from epoch to epoch. */
interface ValidationVolume {
  readonly crop: Shape
  readonly indices: readonly number[]
  /** The input of a slice. Small inputs are kept. */
  input(index: number): Promise<SliceInput>
  /** Read as an evaluation reads it, so that an evaluation of the run gives the run's numbers again. */
  readonly reference: ReturnType<typeof readReference>
}

/** Bytes of prepared inputs that a training keeps for its validations. */
const MOST_KEPT = 2 ** 28

const bytesOf = ({ parts }: SliceInput) => Object.values(parts).reduce((sum, { data }) => sum + data.byteLength, 0)

/** Keeps inputs until they need `MOST_KEPT` bytes. Later inputs are prepared for each validation. */
function makeKept() {
  const kept = new Map<string, SliceInput>()
  let bytes = 0
  return (key: string, prepare: () => SliceInput): SliceInput => {
    const known = kept.get(key)
    if (known) return known
    const input = prepare()
    bytes += bytesOf(input)
    if (bytes <= MOST_KEPT) kept.set(key, input)
    return input
  }
}

export interface ReconstructionValidation {
  /** `null` if there is nothing to validate on. */
  validate(parameters: tf.Tensor1D, pause: Pause): Promise<Validation | null>
  /** The image of a slice of the first volume, if the last validation was of these parameters; else `null`. */
  known(parameters: tf.Tensor1D, slice: number): Float32Array | null
}

export interface ValidatedJob {
  readonly network: Network
  readonly networkConfig: unknown
  /** All volumes have ground truth. */
  readonly validation: readonly VolumeSource[]
  readonly slices: SliceSelection
  readonly mask: Masking
}

export function makeValidation(
  { network, networkConfig, validation, slices, mask }: ValidatedJob,
  specs: readonly ParameterSpec[],
  loss: ImageLoss,
  imaging: Imaging,
): ReconstructionValidation {
  const kind = INPUTS[network.takes]
  const prepared: ValidationVolume[] = []
  const kept = makeKept()
  let shown: { readonly by: tf.Tensor1D; readonly images: ReadonlyMap<number, Float32Array> } | null = null

  async function prepare(source: VolumeSource): Promise<ValidationVolume> {
    const volume = await source.open()
    const indices = usableSlices(source.info, slices, 'ground truth')
    const patterns = maskOf(volume, mask)
    return {
      crop: cropShape(source.info),
      indices,
      async input(index) {
        const opened = await source.open()
        return kept(`${source.info.path} ${index}`, () =>
          inputOf({ network, config: networkConfig }, opened, index, patterns(index), imaging),
        )
      },
      reference: readReference(volume, indices, 'ground truth'),
    }
  }

  return {
    async validate(parameters, pause) {
      if (validation.length === 0) return null
      const model = { network, config: networkConfig, specs, parameters }
      const losses: number[] = []
      const scores: Metrics[] = []
      for (const [place, source] of validation.entries()) {
        prepared[place] ??= await prepare(source)
        const { crop, indices, input, reference } = prepared[place]
        const pixels = crop[0] * crop[1]
        const prediction = new Float32Array(reference.target.length)
        const images = new Map<number, Float32Array>()
        for (const [i, index] of indices.entries()) {
          await pause()
          const { parts, ...units } = await input(index)
          const image = await imaging.predict(model, parts, crop)
          images.set(index, image)
          const target = kind.target(reference.target.subarray(i * pixels, (i + 1) * pixels), units)
          losses.push(loss.ofSlice(image, target, crop, reference.maximum / units.std))
          prediction.set(unnormalise(image, units.mean, units.std), i * pixels)
        }
        scores.push(scoreVolume({ prediction, ...reference }))
        if (place === 0) shown = { by: parameters, images }
      }
      return { loss: mean(losses), metrics: meanOfMetrics(scores), extra: {} }
    },
    known: (parameters, slice) => (shown?.by === parameters ? (shown.images.get(slice) ?? null) : null),
  }
}
