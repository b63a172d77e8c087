/** What a network gives of a slice beside its image: k-space, complex image, cascades and coil maps, by one pass. */
import * as tf from '@tensorflow/tfjs-core'
import type { Given } from '../../contract/networks.ts'
import { isWhole } from '../data/slices.ts'
import { croppedTruth } from '../data/truth.ts'
import type { Volume } from '../data/volume.ts'
import { requireFiniteImage } from '../imaging.ts'
import type { SliceInput } from '../inputs/input.ts'
import type { Kernels } from '../kernels.ts'
import { centreCrop, type Model } from '../models/model.ts'
import { reconstructionOf } from '../models/network.ts'
import { type PlainTensor, unpack } from '../models/parameters.ts'
import { type PlainBatch, stackParts, tensorsOf } from '../models/parts.ts'
import type { Fourier } from '../mri/fourier.ts'
import { meanSsim } from '../mri/metrics.ts'
import { fullPattern, maskOfSamples, type Pattern } from '../mri/pattern.ts'
import { forward } from '../mri/sense/encoding.ts'
import { cropShape } from '../mri/transform.ts'
import { read } from '../read.ts'
import { polar } from './shown-maps.ts'

/** In the units of the file. */
export interface SliceGiven {
  /** The reconstruction, [crop height, crop width]. */
  readonly image: Float32Array
  /** [coils, rows, columns, 2]. `null`: the network gives neither k-space nor a complex image. */
  readonly kspace: Float32Array | null
  /** [rows, columns, 2] */
  readonly complexImage: Float32Array | null
  /** [crop height, crop width]: the input's image, then the image after each cascade. Empty: no cascades. */
  readonly cascades: readonly Float32Array[]
  /** SSIM of each of `cascades`. `null`: no ground truth. */
  readonly ssim: readonly number[] | null
  /** [coils, crop height, crop width], phases in radians. */
  readonly maps: { readonly magnitudes: Float32Array; readonly phases: Float32Array } | null
}

interface Sources {
  readonly kernels: Kernels
  readonly fourier: Fourier
  /** As `inputOf`. */
  readonly inputFor: (volume: Volume, index: number, mask: Pattern, model: Described) => SliceInput
  /** As `Imaging.zeroFilled`. */
  readonly zeroFilled: (volume: Volume, index: number, mask: Pattern) => Promise<Float32Array>
}

type Described = Pick<Model, 'network' | 'config'>

export const givesOf = ({ network, config }: Described): readonly Given[] => network.gives?.(config) ?? []

/** `mask`: see `patternsFor`. `range`: the maximum of the ground truth over the volume, `null` without ground truth. */
export async function giveSlice(
  volume: Volume,
  index: number,
  mask: Pattern,
  model: Model,
  range: number | null,
  sources: Sources,
): Promise<SliceGiven> {
  const { info } = volume
  const { inputFor, zeroFilled } = sources
  const { parts, mean: shift, std } = inputFor(volume, index, mask, model)
  const crop = cropShape(info)
  const given = await pass(sources.kernels, model, parts, crop)
  const scaled = (what: Named): Float32Array | null =>
    given.find(each => each.what === what)?.data.map(v => v * std) ?? null
  const image = given.find(({ what }) => what === 'image')!.data.map(value => value * std + shift)
  const complexImage = scaled('complex image')
  const maps = given.find(({ what }) => what === 'maps')
  const after = given.filter(({ what }) => what === 'cascade').map(({ data }) => data.map(value => value * std))
  const cascades = after.length > 0 ? [await inputImage(), ...after] : []

  async function inputImage(): Promise<Float32Array> {
    if (!parts.image) return zeroFilled(volume, index, mask)
    const { magnitudes } = polar(parts.image.data, 1, [info.rows, info.columns], crop)
    return magnitudes.map(value => value * std)
  }

  return {
    image: requireFiniteImage(image, volume, index, 'network'),
    kspace: scaled('k-space') ?? (complexImage && kspaceOf(volume, index, mask, model, complexImage, sources)),
    complexImage,
    cascades,
    ssim: ssimOf(volume, index, cascades, range),
    maps: maps ? polar(maps.data, info.coils, [info.rows, info.columns], crop) : null,
  }
}

type Named = Given | 'image'

/** All that a pass gives, in the network's units and in its order, without the batch's axis. Images are cropped. */
async function pass(
  kernels: Kernels,
  { network, config, specs, parameters }: Model,
  parts: PlainBatch,
  crop: readonly [number, number],
): Promise<readonly (PlainTensor & { readonly what: Named })[]> {
  const found: { readonly what: Named; readonly value: tf.Tensor }[] = []
  // A network may give a tensor inside of a tidy of its own.
  const give = (what: Named, value: tf.Tensor) => {
    found.push({ what, value: tf.keep(tf.clone(value)) })
  }
  try {
    const values = await read(() => {
      const input = tensorsOf(stackParts([parts]))
      const images = network.outputs(kernels, config, unpack(parameters, specs), input, {
        give: (what, value) => give(what, what === 'cascade' ? centreCrop(value as tf.Tensor4D, crop) : value),
      })
      give('image', centreCrop(reconstructionOf(images), crop))
      return tf.concat(found.map(({ value }) => tf.reshape(value, [-1])))
    })
    let at = 0
    return found.map(({ what, value: { shape, size } }) => {
      const data = values.subarray(at, at + size)
      at += size
      return { what, data, shape: shape.slice(1) }
    })
  } finally {
    for (const { value } of found) value.dispose()
  }
}

/** F(S · x) of a complex image x, with the coil maps S of the network's input. */
function kspaceOf(
  volume: Volume,
  index: number,
  mask: Pattern,
  { network, config }: Model,
  image: Float32Array,
  { inputFor, fourier }: Sources,
): Float32Array {
  const { coils, rows, columns } = volume.info
  const { parts } = inputFor(volume, index, mask, { network: { ...network, extras: () => ['maps'] }, config })
  const everywhere = maskOfSamples(fullPattern(rows, columns))
  return forward({ sizes: [coils, rows, columns], maps: parts.maps.data, mask: everywhere }, image, fourier)
}

function ssimOf(
  volume: Volume,
  index: number,
  images: readonly Float32Array[],
  range: number | null,
): readonly number[] | null {
  if (range === null || images.length === 0 || !isWhole(volume.info, index, 'ground truth')) return null
  const truth = croppedTruth(volume, index)
  return truth && images.map(image => meanSsim(image, truth, cropShape(volume.info), range))
}
