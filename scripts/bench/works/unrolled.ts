/** Networks of k-space: forward passes and training steps on simulated coils, against their authors' own code. */
import type { Unrolled } from '../computed.ts'
import { differenceOfEach, differenceOfMaximum } from '../report.ts'
import type { Compared } from './compared.ts'
import { RATES } from './networks.ts'

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
]
