/** How long and with what a network is trained, unless told otherwise. */
import { Recipe } from '../../contract/runs.ts'

const rmsprop = { kind: 'rmsprop', alpha: 0.99, epsilon: 1e-8, momentum: 0, weightDecay: 0 } as const

/** fastMRI's U-Net demonstration (`train_unet_demo.py`): RMSprop 1e-3, a tenth of it from epoch 40 on, 50 epochs, batch 1. */
export const BASELINE: Recipe = Recipe.parse({
  epochs: 50,
  batch: 1,
  optimizer: rmsprop,
  schedule: { kind: 'step', rate: 1e-3, every: 40, factor: 0.1 },
})

/** The report's fine-tuning: the same, 10 epochs. */
export const FINE_TUNING: Recipe = Recipe.parse({
  epochs: 10,
  batch: 1,
  optimizer: rmsprop,
  schedule: { kind: 'step', rate: 1e-3, every: 10, factor: 0.1 },
})
