/** Default recipes: how long, and with which optimizer, a network is trained. */
import { Recipe, type Shipped } from '../../contract/recipes.ts'
import type { NetworkRecipe } from '../models/network.ts'

const rmsprop = { kind: 'rmsprop', alpha: 0.99, epsilon: 1e-8, momentum: 0, weightDecay: 0 } as const

/** fastMRI's U-Net demonstration (`train_unet_demo.py`): RMSprop 1e-3, a tenth from epoch 40 on, 50 epochs, batch 1. */
export const BASELINE: Recipe = Recipe.parse({
  epochs: 50,
  batch: 1,
  optimizer: rmsprop,
  schedule: { kind: 'step', rate: 1e-3, every: 40, factor: 0.1 },
})

/** For pretexts that tell samples apart, on a workstation. Without warm-up and clipping, some seeds collapse. */
export const CONTRASTIVE: Recipe = Recipe.parse({
  epochs: 100,
  batch: 8,
  optimizer: { kind: 'adam' },
  schedule: { kind: 'cosine', rate: 3e-4, end: 0 },
  warmup: 10,
  clipNorm: 1,
})

/** The original fine-tuning: the optimizer and rate of `BASELINE`, 10 epochs. */
export const FINE_TUNING: Recipe = Recipe.parse({
  epochs: 10,
  batch: 1,
  optimizer: rmsprop,
  schedule: { kind: 'step', rate: 1e-3, every: 10, factor: 0.1 },
})

const adam = { kind: 'adam' } as const

/**
 * For networks that unroll an iteration. `original`: E2E-VarNet (arXiv:2004.06688) and fastMRI's `VarNetModule`.
 * `workstation`: a rate of fastMRI's `train_varnet_demo.py`, and epochs for studies of few slices.
 */
export const UNROLLED: Readonly<Record<Shipped, Recipe>> = {
  original: Recipe.parse({
    epochs: 50,
    batch: 1,
    optimizer: adam,
    schedule: { kind: 'step', rate: 3e-4, every: 40, factor: 0.1 },
  }),
  workstation: Recipe.parse({
    epochs: 20,
    batch: 1,
    optimizer: adam,
    schedule: { kind: 'step', rate: 1e-3, every: 16, factor: 0.1 },
  }),
}

/** U-Nets of magnitude images from scratch. */
export const FROM_SCRATCH: Readonly<Record<Shipped, NetworkRecipe<{ channels: number }>>> = {
  original: {
    note: 'fastMRI’s demonstration, the original baseline: 32 channels, RMSprop 1e-3, a tenth of it from epoch 40 on.',
    config: { channels: 32 },
    training: BASELINE,
  },
  workstation: {
    note: 'The original baseline with half the channels.',
    config: { channels: 16 },
    training: BASELINE,
  },
}
