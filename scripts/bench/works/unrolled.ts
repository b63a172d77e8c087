/** Networks of k-space: forward passes and training steps on simulated coils, against their authors' own code. */
import type { CoilShape, Unrolled } from '../computed.ts'
import { differenceOfEach, differenceOfMaximum, makeCheck } from '../report.ts'
import type { Side } from '../side.ts'
import { type Compared, givenOf, resultOf } from './compared.ts'
import { RATES } from './networks.ts'
import type { Bench, Outcome, Work } from './work.ts'

type Choice = Pick<Unrolled, 'network' | 'networkConfig' | 'loss'>

/** fastMRI's own form of the start, because fastMRI has no other. */
const VARNET: Choice = {
  network: 'varnet',
  networkConfig: {
    ...{ cascades: 4, channels: 8, pools: 4, maps: 'network', mapChannels: 8, mapPools: 4 },
    ...{ consistency: 'soft', zeroStart: false, recompute: false },
  },
  loss: { ssim: 1 },
}
/** deepinv's form: data consistency first, biases in place of batch norm, and μ of each block. */
const MODL: Choice = {
  network: 'modl',
  networkConfig: {
    ...{ denoiser: 'cnn', blocks: 5, iterations: 10, channels: 64, layers: 5, pools: 4 },
    ...{ batchNorm: false, denoiserLast: true, ownMu: true, zeroStart: false, recompute: false },
  },
  loss: { l2: 1 },
}
const SLICE = { coils: 8, size: [320, 320] } as const
const PACE = { warmUps: 1, iterations: 2, blocks: 4 }

const training = (name: string, label: string, choice: Choice): Compared => ({
  name,
  label,
  computed: { kind: 'unrolled', ...choice, ...SLICE, optimizer: 'adam', rates: RATES.adam, checkedSteps: 3 },
  atMost: 0.8,
  ...PACE,
  check: { label: 'losses of 3 training steps, each', difference: differenceOfEach, atMost: 1e-4 },
})

/** fastMRI's VarNet with its own sizes, on a knee of fastMRI's matrix. Ours computes each cascade again. */
export const PUBLISHED_VARNET = {
  computed: {
    ...{ kind: 'unrolled', network: 'varnet', loss: VARNET.loss, coils: 15, size: [640, 372] },
    networkConfig: {
      ...VARNET.networkConfig,
      ...{ cascades: 12, channels: 18, recompute: true },
    },
    ...{ optimizer: 'adam', rates: RATES.adam, checkedSteps: 3 },
  } satisfies Unrolled,
  check: { label: 'losses of 3 training steps, each', difference: differenceOfEach, atMost: 1e-4 },
}

/** Eleven shapes whose samples and pixels are, in the mean, those of `SLICE`. */
const OTHERS: readonly CoilShape[] = Array.from({ length: 11 }, (_, i) => {
  const rows = 240 + 16 * i
  return [8 + ((i % 3) - 1) * 2, rows, 2 * Math.round((SLICE.size[0] * SLICE.size[1]) / rows / 2)]
})

const STEPS = training('varnet-shapes', 'VarNet training on 12 shapes of 6 to 10 coils, 12 steps', VARNET)

/** A study of many shapes against a study of one shape. */
const SHAPES: Compared = {
  ...STEPS,
  computed: { ...STEPS.computed, others: OTHERS } as Unrolled,
  against: {
    computed: { ...STEPS.computed, others: OTHERS.map(() => [SLICE.coils, ...SLICE.size]) } as Unrolled,
    version: 'on one shape',
  },
  ...{ atMost: 1.2, warmUps: 1, iterations: 1, blocks: 3 },
}

export const UNROLLED: readonly Compared[] = [
  training('varnet-step', 'VarNet training step (4 cascades, 8 channels, 1 − SSIM, Adam), 8 × 320 × 320', VARNET),
  {
    name: 'varnet-forward',
    label: 'VarNet forward (4 cascades, 8 channels), 8 × 320 × 320',
    computed: { kind: 'unrolled-forward', ...VARNET, ...SLICE },
    atMost: 0.8,
    ...PACE,
    check: { label: 'network output, of its maximum', difference: differenceOfMaximum, atMost: 1e-4 },
  },
  training('modl-step', 'MoDL training step (5 blocks, 10 CG iterations, L2, Adam), 8 × 320 × 320', MODL),
  SHAPES,
]

/** Distance in dB of the PSNR that follows from the last loss, a mean squared error. */
const differenceOfPsnr = (a: Float32Array, b: Float32Array): number =>
  a.length === b.length ? 10 * Math.abs(Math.log10(a.at(-1)! / b.at(-1)!)) : Number.POSITIVE_INFINITY

const STEPS_OF_QUALITY = 200
const QUALITY_LABEL = `MoDL, ${STEPS_OF_QUALITY} training steps on one slice of 4 × 96 × 96`

/** Whether a training as a whole goes as the peer's. A small slice, because only the images are compared. */
async function measureQuality(bench: Bench): Promise<Outcome> {
  const small = { ...MODL, networkConfig: { ...MODL.networkConfig, channels: 16 }, coils: 4, size: [96, 96] } as const
  const rates = { checked: RATES.adam.timed, timed: RATES.adam.timed }
  const computed: Unrolled = { kind: 'unrolled', ...small, optimizer: 'adam', rates, checkedSteps: STEPS_OF_QUALITY }
  const given = await givenOf({ name: 'modl-quality', computed }, bench)
  const sides: Side[] = []
  try {
    sides.push(await bench.ours(), await bench.peer())
    await sides[0].ask({ do: 'write', ...given })
    const results: Float32Array[] = []
    for (const side of sides) {
      await side.load(given)
      results.push(await resultOf(side, given))
    }
    const [ours, other] = results
    return { checks: [makeCheck(`${QUALITY_LABEL}: PSNR, dB`, differenceOfPsnr(ours, other), 0.3)], rows: [] }
  } finally {
    for (const side of sides) await side.dispose()
  }
}

export const QUALITY: Work = { name: 'modl-quality', label: QUALITY_LABEL, measure: measureQuality }
