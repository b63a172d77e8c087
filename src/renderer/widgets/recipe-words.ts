/** Words for the settings whose schemas carry none, and what a setting that must be there begins as. */
import type { Settings } from './settings-schema.ts'

export interface Words {
  readonly label?: string
  readonly help?: string
}

export const STANDARDS: Settings = { rate: 1e-3, every: 10, factor: 0.1, end: 0, patience: 10, epochs: 10, batch: 1 }

/** By the setting's name, or by its parent's and its own. */
export const WORDS: Readonly<Record<string, Words>> = {
  // Recipe
  epochs: { label: 'Epochs' },
  batch: { label: 'Batch', help: 'slices, or samples of the method' },
  schedule: { label: 'Learning rate', help: 'how it goes' },
  rate: { help: 'at the start' },
  every: { help: 'epochs between two steps' },
  factor: { help: 'what each step multiplies it by' },
  end: { help: 'at the last step' },
  optimizer: { label: 'Optimizer' },
  larc: { label: 'LARC' },
  weightDecay: { help: 'L2, as PyTorch’s' },
  accumulate: { help: 'batches whose gradients are averaged into one step' },
  warmup: { label: 'Warm-up', help: 'epochs in which the rate rises from 0' },
  clipNorm: { help: 'largest L2 norm of all gradients together; empty: none' },
  earlyStopping: { label: 'Stop early', help: 'after validations without a lower loss' },
  patience: { help: 'validations in a row' },
  saveMinutes: { label: 'Save every', help: 'minutes, beside every epoch' },
  milestones: { help: 'epochs whose weights are kept for good: 100, 200' },
  freshOutput: {
    label: 'Fresh output layer',
    help: 'drawn anew where training starts from other weights: a pretext leaves it at a scale of its own',
  },
  precision: {
    label: 'bfloat16',
    help: 'convolutions and their gradients in half the bits, while training: for the matrix units of a GPU',
  },
  // Pretext
  measurement: {
    help: 'fixed: a slice’s mask is drawn once, as from a scanner; fresh: anew each time, which in the end shows all of k-space',
  },
  viewMasks: { help: 'independent: each view has its own; shared: one for all' },
  keep: { help: 'share of the measured lines outside the centre that a further sub-sample keeps' },
  apart: {
    label: 'Keep patients apart',
    help: 'no batch and no negative shows the same patient near the same slice, in whatever contrast',
  },
  reconstruction: { help: 'weight of an L1 term beside the method’s loss: sub-sampled again; 0 leaves it out' },
  // Mask
  acceleration: { help: 'columns over measured columns' },
  centerFraction: { label: 'Centre', help: 'share of the columns, the lowest frequencies, that is always measured' },
  // Network
  channels: { help: 'of the first layer' },
}
