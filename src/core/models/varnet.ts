/**
 * End-to-End VarNet (Sriram et al. 2020, arXiv:2004.06688; `fastmri/models/varnet.py`). A U-Net makes coil maps S of
 * the centre's images, divided by their root of the sum of squares. Each cascade then changes the k-space of all coils:
 *   k ← k − η · M · (k − k₀) − F(S · NormUnet(Σ conj(S) · F⁻¹ k)),
 * k₀ measured where M is 1, η learned. The image is the root of the sum of squares of F⁻¹ k.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import type { Kernels } from '../kernels.ts'
import { UNROLLED } from '../training/recipes.ts'
import {
  CHANNELS,
  type Input,
  type Network,
  type ParameterSpec,
  type Parameters,
  type Pass,
  vector,
} from './network.ts'
import { expand, fourierOfCoils, imageOf, reduce } from './physics/coils.ts'
import { dividedByRoot } from './physics/complex.ts'
import { Consistency, hard, maskOfCoils, soft } from './physics/consistency.ts'
import {
  type NormUnet,
  normUnetLayers,
  normUnetMinimumSize,
  normUnetParameters,
  normUnetPass,
  normUnetSign,
  normUnetTooSmall,
  ZERO_START,
} from './physics/norm-unet.ts'
import { recompute } from './physics/recompute.ts'

const pools = z.int().min(1).max(6).default(4)

export const VarNetConfig = z.object({
  cascades: z.int().min(1).max(32).default(12).describe('repetitions of data consistency and U-Net'),
  channels: CHANNELS.default(18),
  pools: pools.describe('levels of 2 × 2 average pooling in each cascade'),
  maps: z
    .enum(['network', 'none'])
    .default('network')
    .describe('coil maps by a network of the centre; none: for one coil'),
  mapChannels: CHANNELS.default(8).describe('channels of the top level of the map network'),
  mapPools: pools.describe('levels of 2 × 2 average pooling in the map network'),
  consistency: Consistency.default('soft').describe(
    'how measured samples are put back: soft is learned, hard is exact',
  ),
  zeroStart: ZERO_START,
  recompute: z
    .boolean()
    .default(false)
    .describe('compute each cascade again for its gradients: less memory, a longer step'),
})
export type VarNetConfig = z.infer<typeof VarNetConfig>

/** fastMRI's NormUnet, which the reconstruction term teaches to give the image, while each cascade subtracts it. */
const NO_ZERO_START =
  'Without the zero start, a pretext with reconstruction teaches the U-Net to give the image itself. ' +
  'Each cascade of the VarNet subtracts what its U-Net gives. Choose the zero start (--zero-start yes).'

const cascadeName = (t: number) => `cascades.${t}.`
const etaName = (t: number) => `${cascadeName(t)}dc_weight`
const MAPS = 'sens_net.norm_unet.'

const cascadeUnet = ({ channels, pools, zeroStart }: VarNetConfig, t: number): NormUnet => ({
  size: { channels, pools },
  prefix: `${cascadeName(t)}model.`,
  zeroStart,
})

const mapUnet = ({ mapChannels, mapPools }: VarNetConfig): NormUnet => ({
  size: { channels: mapChannels, pools: mapPools },
  prefix: MAPS,
  zeroStart: false,
})

const unetsOf = (config: VarNetConfig): NormUnet[] => [
  ...(config.maps === 'network' ? [mapUnet(config)] : []),
  ...Array.from({ length: config.cascades }, (_, t) => cascadeUnet(config, t)),
]

function parameters(config: VarNetConfig): ParameterSpec[] {
  const specs = config.maps === 'network' ? normUnetParameters(mapUnet(config)) : []
  for (let t = 0; t < config.cascades; t++) {
    if (config.consistency === 'soft') {
      // The first cascade's k-space equals the measured k-space, so its η has no gradient and keeps its value.
      const buffer = t === 0 ? ({ buffer: true } as const) : {}
      specs.push({ ...vector(etaName(t), 1, 1), ...buffer })
    }
    specs.push(...normUnetParameters(cascadeUnet(config, t)))
  }
  return specs
}

type Named = Readonly<Record<string, tf.Tensor>>

/** The parameters whose names begin with `prefix`. */
const parametersOf = (parameters: Parameters, prefix: string): Named =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => name.startsWith(prefix)))

/** f({ ...inputs, ...constants }) with the memory that the settings ask for. `constants` get no gradient. */
function computed<T extends tf.Tensor>(
  config: VarNetConfig,
  { tap }: Pass,
  f: (named: Named) => T,
  inputs: Named,
  constants: Named,
): T {
  // Features of layers are for viewing. They must outlive this call, and need no gradients.
  if (tap) return f({ ...inputs, ...constants })
  return config.recompute ? recompute(f, inputs, constants) : tf.tidy(() => f({ ...inputs, ...constants }))
}

/** Coil maps of the centre's k-space: each coil's image through one NormUnet, divided by their RSS. */
function mapsOf(
  kernels: Kernels,
  config: VarNetConfig,
  parameters: Parameters,
  { kspace, centre }: Input,
  pass: Pass,
): tf.Tensor5D {
  const low = tf.mul(kspace, maskOfCoils(centre as tf.Tensor4D)) as tf.Tensor5D
  const [batch, coils, height, width] = low.shape
  const images = tf.reshape(fourierOfCoils(kernels, low, 'inverse'), [batch * coils, height, width, 2])
  const own = parametersOf(parameters, MAPS)
  const unet = (named: Named) => normUnetPass(kernels, mapUnet(config), named, named.images as tf.Tensor4D, pass)
  const ofCoils = (images: tf.Tensor) => computed(config, pass, unet, own, { images })
  const made = config.recompute && !pass.tap ? inParts(images, coilsAtOnce(config), ofCoils) : ofCoils(images)
  return dividedByRoot(tf.reshape(made, low.shape))
}

/** Coils whose images pass through the map network together: their features need the memory of one cascade. */
const coilsAtOnce = ({ channels, mapChannels }: VarNetConfig) => Math.max(1, Math.floor(channels / mapChannels))

/** Calls f on `most` samples at a time. */
function inParts(samples: tf.Tensor, most: number, f: (part: tf.Tensor) => tf.Tensor): tf.Tensor {
  const results: tf.Tensor[] = []
  for (let from = 0; from < samples.shape[0]; from += most)
    results.push(f(tf.slice(samples, from, Math.min(most, samples.shape[0] - from))))
  return tf.concat(results, 0)
}

/** One cascade: k-space → k-space. `inputs` has the parameters too. */
function cascade(kernels: Kernels, config: VarNetConfig, t: number, inputs: Named, pass: Pass): tf.Tensor5D {
  const [present, measured, maps] = ['present', 'measured', 'maps'].map(name => inputs[name]) as tf.Tensor5D[]
  const mask = inputs.mask as tf.Tensor4D
  const unet = cascadeUnet(config, t)
  const image = reduce(kernels, present, maps ?? null)
  const term = expand(kernels, normUnetPass(kernels, unet, inputs, image, pass), maps ?? null)
  const { consistency } = config
  if (consistency === 'soft') return tf.sub(soft(present, measured, mask, inputs[etaName(t)]), term)
  const changed: tf.Tensor5D = tf.sub(present, term)
  return consistency === 'hard' ? hard(changed, measured, mask) : changed
}

/** The k-space after each cascade, and the maps. */
function cascades(
  kernels: Kernels,
  config: VarNetConfig,
  parameters: Parameters,
  input: Input,
  maps: tf.Tensor5D | null,
  pass: Pass,
): tf.Tensor5D[] {
  const constants: Named = config.consistency === 'none' ? {} : { measured: input.kspace, mask: input.mask }
  const after: tf.Tensor5D[] = []
  for (let t = 0; t < config.cascades; t++) {
    const present = after.at(-1) ?? input.kspace
    const inputs: Named = { present, ...(maps && { maps }), ...parametersOf(parameters, cascadeName(t)) }
    after.push(computed(config, pass, named => cascade(kernels, config, t, named, pass), inputs, constants))
  }
  return after
}

function outputs(
  kernels: Kernels,
  config: VarNetConfig,
  parameters: Parameters,
  input: Input,
  pass: Pass = {},
): [tf.Tensor4D] {
  requireOneCoil(config, input.kspace.shape[1]!)
  const maps = config.maps === 'network' ? mapsOf(kernels, config, parameters, input, pass) : null
  const after = cascades(kernels, config, parameters, input, maps, pass)
  const kspace = after[after.length - 1]
  const { give } = pass
  if (give) {
    if (maps) give('maps', maps)
    for (const each of after) give('cascade', imageOf(kernels, each))
    give('k-space', kspace)
    give('complex image', reduce(kernels, kspace, maps))
  }
  return [imageOf(kernels, kspace)]
}

const oneCoil = ({ maps }: VarNetConfig): string | null =>
  maps === 'network' ? null : 'Choose a VarNet with a map network (--maps network), or data of one coil.'

function requireOneCoil(config: VarNetConfig, coils: number): void {
  const remedy = oneCoil(config)
  if (!remedy || coils === 1) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected k-space of one coil, got ${coils} coils, because this VarNet has no coil maps. ${remedy}`,
  )
}

export const varnet: Network<VarNetConfig> = {
  label: 'E2E-VarNet',
  paper: 'Sriram et al. 2020 (arXiv:2004.06688), as in fastMRI',
  config: VarNetConfig,
  takes: 'kspace',
  oneCoil,
  extras: ({ maps }) => (maps === 'network' ? ['centre'] : []),
  gives: ({ maps }) => ['k-space', 'complex image', 'cascade', ...(maps === 'network' ? (['maps'] as const) : [])],
  cascades: ({ cascades }) => cascades,
  trunk: ({ channels, pools, zeroStart }) => ({
    network: 'complex-unet',
    config: { channels, pools, zeroStart },
    ...(!zeroStart && { caution: NO_ZERO_START }),
  }),
  fromTrunk: ({ cascades }, name) => Array.from({ length: cascades }, (_, t) => `${cascadeName(t)}model.${name}`),
  recipes: {
    original: {
      note: 'The paper’s network, which is fastMRI’s default: 12 cascades, Adam 3e-4, a tenth of it from epoch 40 on.',
      config: { recompute: true },
      training: UNROLLED.original,
    },
    workstation: {
      note: 'A small network that starts from the measured data: 5 cascades, 8 channels, Adam 1e-3, 20 epochs.',
      config: { cascades: 5, channels: 8, pools: 3, mapChannels: 8, mapPools: 3, zeroStart: true },
      training: UNROLLED.workstation,
    },
  },
  sign: {
    first: 'cascades.0.model.unet.down_sample_layers.0.layers.0.weight',
    settings(shapes) {
      const unet = normUnetSign(shapes, `${cascadeName(0)}model.`)
      if (!unet) return null
      let cascades = 1
      while (normUnetSign(shapes, `${cascadeName(cascades)}model.`)) cascades++
      const maps = normUnetSign(shapes, MAPS)
      return {
        cascades,
        ...unet,
        consistency: shapes.has(etaName(0)) ? 'soft' : 'hard',
        ...(maps ? { maps: 'network', mapChannels: maps.channels, mapPools: maps.pools } : { maps: 'none' }),
      }
    },
  },
  parameters,
  layers: config => unetsOf(config).flatMap(normUnetLayers),
  bottleneck(config) {
    const { channels, pools, cascades } = config
    const layer = `${cascadeName(cascades - 1)}model.unet.conv`
    return { layer, channels: channels * 2 ** pools, scale: 2 ** pools }
  },
  outputs,
  minimumSize: config => Math.max(...unetsOf(config).map(({ size }) => normUnetMinimumSize(size.pools))),
  tooSmall(config, shape) {
    const cascades = normUnetTooSmall(config.pools, shape, '--pools')
    return cascades ?? (config.maps === 'network' ? normUnetTooSmall(config.mapPools, shape, '--map-pools') : null)
  },
}
