/**
 * MoDL (Aggarwal et al. 2019, arXiv:1712.02862). From x = Aᴴ y, each block denoises the image, and then solves for the
 * image that agrees with what was measured:
 *   z = D(x),   x = (AᴴA + μ)⁻¹ (Aᴴ y + μ z),   A = (M F S_c)_c.
 * All blocks share the weights of D. μ is learned. The coil maps S are given. The reconstruction is |x|.
 * `denoiserLast` exchanges the two parts of a block, as deepinv's MoDL does. That MoDL learns a μ for each block.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Recipe } from '../../contract/recipes.ts'
import type { Kernels } from '../kernels.ts'
import { UNROLLED } from '../training/recipes.ts'
import type { Input, Network, ParameterSpec, Parameters, Pass } from './network.ts'
import { expand, reduce } from './physics/coils.ts'
import { magnitude } from './physics/complex.ts'
import { agreeing } from './physics/conjugate-gradients.ts'
import {
  type NormUnet,
  normUnetLayers,
  normUnetMinimumSize,
  normUnetParameters,
  normUnetPass,
  normUnetSign,
  normUnetTooSmall,
} from './physics/norm-unet.ts'
import { recompute } from './physics/recompute.ts'
import {
  type CnnPass,
  following,
  type ResidualCnn,
  residualCnnLayers,
  residualCnnParameters,
  residualCnnPass,
  residualCnnSign,
} from './physics/residual-cnn.ts'

const ModlConfig = z.object({
  denoiser: z
    .enum(['cnn', 'unet'])
    .default('cnn')
    .describe('the network in each block: convolutions, or a complex U-Net'),
  blocks: z
    .int()
    .min(1)
    .max(32)
    .default(10)
    .describe('repetitions of denoiser and data consistency, with equal weights'),
  iterations: z.int().min(1).max(100).default(10).describe('conjugate-gradient iterations of each data consistency'),
  channels: z.int().min(1).max(256).default(64).describe('channels of the denoiser; of a U-Net, of its top level'),
  layers: z.int().min(2).max(32).default(5).describe('convolutions of the cnn denoiser'),
  pools: z.int().min(1).max(6).default(4).describe('levels of 2 × 2 average pooling of the U-Net denoiser'),
  batchNorm: z.boolean().default(true).describe('batch norm after each convolution of the cnn denoiser'),
  denoiserLast: z
    .boolean()
    .default(false)
    .describe('data consistency before the denoiser in each block, as in deepinv'),
  ownMu: z.boolean().default(false).describe('a learned weight μ for each block, as in deepinv'),
  zeroStart: z
    .boolean()
    .default(false)
    .describe('the last layer of the denoiser starts at 0, so that training starts from the measured data'),
  recompute: z
    .boolean()
    .default(false)
    .describe('compute each denoiser again for its gradients: less memory, a longer step'),
})
type ModlConfig = z.infer<typeof ModlConfig>

/** `trn.py` of the authors' code (hkaggarwal/modl). Its clipping of each gradient's element to ±1 is left out. */
const ORIGINAL = Recipe.parse({
  epochs: 50,
  batch: 1,
  optimizer: { kind: 'adam' },
  schedule: { kind: 'constant', rate: 1e-3 },
  loss: { l2: 1 },
})

const MU = 'mu'
/** The authors' start, and this project's smallest value. */
const [MU_START, MU_MINIMUM] = [0.05, 1e-4]
const PREFIX = 'denoiser.'

const cnnOf = ({ channels, layers, batchNorm, zeroStart }: ModlConfig): ResidualCnn => ({
  channels,
  layers,
  batchNorm,
  zeroStart,
  prefix: PREFIX,
})

const unetOf = ({ channels, pools, zeroStart }: ModlConfig): NormUnet => ({
  size: { channels, pools },
  prefix: PREFIX,
  zeroStart,
})

const parameters = (config: ModlConfig): ParameterSpec[] => [
  {
    name: MU,
    kind: 'vector',
    shape: [config.ownMu ? config.blocks : 1],
    fanIn: 1,
    initial: MU_START,
    minimum: { value: MU_MINIMUM, because: 'The data consistency of MoDL has a solution only if mu is positive.' },
  },
  ...(config.denoiser === 'cnn' ? residualCnnParameters(cnnOf(config)) : normUnetParameters(unetOf(config))),
]

const blockName = (t: number) => `blocks.${t}.`
/** The denoiser's layers, without the prefix. */
const denoiserLayers = (config: ModlConfig): string[] =>
  config.denoiser === 'cnn'
    ? residualCnnLayers(cnnOf(config))
    : normUnetLayers(unetOf(config)).map(name => name.slice(PREFIX.length))

type Named = Readonly<Record<string, tf.Tensor>>

/** D of an image. With a zero start, the U-Net's result is subtracted, as in the complex U-Net of pretexts. */
function denoise(kernels: Kernels, config: ModlConfig, named: Named, image: tf.Tensor4D, pass: CnnPass): tf.Tensor4D {
  if (config.denoiser === 'cnn') return residualCnnPass(kernels, cnnOf(config), named, image, pass)
  const { tap } = pass
  const made = normUnetPass(kernels, unetOf(config), named, image, {
    ...(tap && { tap: (layer: string, features: tf.Tensor4D) => tap(layer.slice(PREFIX.length), features) }),
  })
  return config.zeroStart ? tf.sub(image, made) : made
}

/**
 * D of an image in block `t`. The batch's statistics are set after the pass, because the same pass computed again must
 * not set them.
 */
function denoiserPass(
  kernels: Kernels,
  config: ModlConfig,
  t: number,
  parameters: Record<string, tf.Tensor>,
  image: tf.Tensor4D,
  { set, tap }: Pass,
): tf.Tensor4D {
  const heard = new Map<string, tf.Tensor>()
  const isStatistic = (name: string) => name.includes('.running_')
  const own = Object.entries(parameters).filter(([name]) => name.startsWith(PREFIX) && !(set && isStatistic(name)))
  const compute = ({ image, ...named }: Named) =>
    denoise(kernels, config, named, image as tf.Tensor4D, {
      ...(set && { hear: (buffer, value) => void (heard.has(buffer) || heard.set(buffer, tf.keep(tf.clone(value)))) }),
      ...(tap && { tap: (layer, features) => tap(blockName(t) + layer, features) }),
    })
  const inputs: Named = { image, ...Object.fromEntries(own) }
  const pure = () => (set && config.recompute ? recompute(compute, inputs) : compute(inputs))
  const made = tap ? compute(inputs) : tf.tidy(pure) // features must outlive the pass
  for (const [buffer, value] of heard) set!(buffer, following(parameters[buffer], value))
  tf.dispose([...heard.values()])
  return made
}

function outputs(
  kernels: Kernels,
  config: ModlConfig,
  parameters: Parameters,
  input: Input,
  pass: Pass = {},
): [tf.Tensor4D] {
  const [kspace, maps] = [input.kspace, input.maps] as tf.Tensor5D[]
  const adjoint = tf.tidy(() => reduce(kernels, kspace, maps))
  const measurement = { adjoint, maps, mask: input.mask as tf.Tensor4D }
  const [mu, { give }] = [parameters[MU] as tf.Tensor1D, pass]
  let x = adjoint
  for (let t = 0; t < config.blocks; t++) {
    const agree = (z: tf.Tensor4D) =>
      agreeing(kernels, measurement, z, config.ownMu ? tf.slice(mu, t, 1) : mu, config.iterations)
    const clean = (image: tf.Tensor4D) => denoiserPass(kernels, config, t, parameters, image, pass)
    x = config.denoiserLast ? clean(agree(x)) : agree(clean(x))
    give?.('cascade', magnitude(x))
  }
  if (give) {
    give('maps', maps)
    give('complex image', x)
    give('k-space', expand(kernels, x, maps))
  }
  return [magnitude(x)]
}

export const modl: Network<ModlConfig> = {
  label: 'MoDL',
  paper: 'Aggarwal et al. 2019 (arXiv:1712.02862)',
  config: ModlConfig,
  takes: 'kspace',
  extras: () => ['maps'],
  gives: () => ['k-space', 'complex image', 'cascade', 'maps'],
  cascades: ({ blocks }) => blocks,
  trunk: ({ denoiser, channels, pools, zeroStart }) =>
    denoiser === 'unet' ? { network: 'complex-unet', config: { channels, pools, zeroStart } } : null,
  fromTrunk: (_, name) => [PREFIX + name],
  withTrunk: {
    original: { denoiser: 'unet', channels: 18, pools: 4 },
    workstation: { denoiser: 'unet', channels: 8, pools: 3 },
  },
  recipes: {
    original: {
      note:
        'The network and rate of the authors’ code: ten blocks, 64 channels, squared error, Adam 1e-3, 50 epochs. ' +
        'The authors start from a trained block, and compare complex images.',
      config: { recompute: true },
      training: ORIGINAL,
    },
    workstation: {
      note: 'A small network that starts from the measured data: 5 blocks, 32 channels, Adam 3e-3, 20 epochs.',
      config: { blocks: 5, channels: 32, batchNorm: false, zeroStart: true },
      training: { ...UNROLLED.workstation, schedule: { kind: 'step', rate: 3e-3, every: 16, factor: 0.1 } },
    },
  },
  sign: {
    first: MU,
    settings(shapes) {
      const mu = shapes.get(MU)
      const [cnn, unet] = [residualCnnSign(shapes, PREFIX), normUnetSign(shapes, PREFIX)]
      if (!mu || !(cnn || unet)) return null
      const blocks = mu[0] > 1 ? { ownMu: true, blocks: mu[0] } : {}
      return cnn ? { denoiser: 'cnn', ...cnn, ...blocks } : { denoiser: 'unet', ...unet, ...blocks }
    },
  },
  parameters,
  layers: config =>
    Array.from({ length: config.blocks }, (_, t) => denoiserLayers(config).map(layer => blockName(t) + layer)).flat(),
  bottleneck(config) {
    const { denoiser, blocks, channels, layers, pools } = config
    const block = blockName(blocks - 1)
    return denoiser === 'cnn'
      ? { layer: `${block}layers.${layers - 2}`, channels, scale: 1 }
      : { layer: `${block}unet.conv`, channels: channels * 2 ** pools, scale: 2 ** pools }
  },
  outputs,
  minimumSize: ({ denoiser, pools }) => (denoiser === 'cnn' ? 1 : normUnetMinimumSize(pools)),
  tooSmall({ denoiser, pools, batchNorm }, shape, batch) {
    if (denoiser === 'unet') return normUnetTooSmall(pools, shape, '--pools')
    if (!batchNorm || batch * shape[0] * shape[1] > 1) return null
    return 'batch norm makes a single value 0. Take larger images.'
  },
}
