/** Trainings from files: each self-supervised method, and an epoch of a supervised training. */
import type { NetworkChoice } from '../computed.ts'
import { differenceOfEach } from '../report.ts'
import type { Compared } from './compared.ts'
import { RATES } from './networks.ts'

/**
 * The head reads the output image, so the whole network is trained. SwAV's crops have two sizes, so its head reads
 * means over a grid of the image.
 */
const METHODS = [
  { method: 'simclr', label: 'SimCLR', views: '2 views', measurement: 'fixed', methodConfig: { crop: 128 } },
  {
    method: 'swav',
    label: 'SwAV',
    views: '2 crops and 6 of 64 px',
    measurement: 'fixed',
    methodConfig: { large: 128, small: 64, attach: 'grid', prototypes: 64, frozen: 0 },
  },
  {
    method: 'pirl',
    label: 'PIRL',
    views: 'an image and 9 patches of 64 px',
    measurement: 'fixed',
    methodConfig: { crop: 128, patch: 64, negatives: 256, contrast: 'cross-entropy', temperature: 0.1 },
  },
  { method: 'rotnet', label: 'RotNet', views: '1 view', measurement: 'fresh', methodConfig: { crop: 128 } },
] as const

const UNET_16: NetworkChoice = { network: 'unet', networkConfig: { channels: 16, pools: 4 } }
const UNET_32: NetworkChoice = { network: 'unet', networkConfig: { channels: 32, pools: 4 } }

const losses = (of: string) => ({ label: `losses of 3 steps on ${of}, each`, difference: differenceOfEach })

const COILS = 15
const ofCoils = `file of ${COILS} coils of 640 × 372`

export const PRETEXTS = METHODS.map(({ method, label, views, measurement, methodConfig }) => ({
  name: method,
  label: `${label} step, synthetic file to weights (U-Net-16, Adam), 128 px, batch 8: ${views}`,
  computed: {
    kind: 'pretext',
    method,
    methodConfig,
    measurement,
    ...UNET_16,
    coils: 1,
    batch: 8,
    optimizer: 'adam',
    rates: RATES.adam,
    checkedSteps: 3,
  },
  atMost: { avx2: 0.6, avx512: 0.75 },
  // PyTorch's DataLoader has two batches ready when its block begins.
  warmUps: 3,
  iterations: 4,
  blocks: 3,
  // Each side draws its own random numbers, so only losses on one given batch are compared.
  check: { ...losses('one batch of ours (augmentations are not compared)'), atMost: 1e-4 },
})) satisfies readonly Compared[]

const [SIMCLR] = PRETEXTS

const SIMCLR_OF_COILS: Compared = {
  ...SIMCLR,
  name: `simclr-${COILS}-coils`,
  label: SIMCLR.label.replace('file', ofCoils),
  computed: { ...SIMCLR.computed, coils: COILS },
  atMost: 0.8,
  // PyTorch's two workers have four batches ready when its block begins.
  warmUps: 6,
}

const epochFrom = (coils: number): Compared => {
  const trained = { ...UNET_32, optimizer: 'rmsprop', rates: RATES.rmsprop, checkedSteps: 3, coils } as const
  return {
    name: 'epoch',
    label: 'U-Net-32 epoch from a synthetic file (read, mask, FFT, normalise, step), batch 1: each step',
    computed: { kind: 'epoch', ...trained },
    against: { computed: { kind: 'steps', ...trained }, version: 'its own steps alone' },
    atMost: 1.05,
    warmUps: 1,
    iterations: 5,
    blocks: 4,
    check: { ...losses('the same batches'), atMost: 0 },
  }
}

export const EPOCH = epochFrom(1)

const EPOCH_OF_COILS: Compared = {
  ...epochFrom(COILS),
  name: `epoch-${COILS}-coils`,
  label: EPOCH.label.replace('file', ofCoils),
  atMost: 1.1,
}

export const TRAININGS_OF_COILS = [SIMCLR_OF_COILS, EPOCH_OF_COILS]
