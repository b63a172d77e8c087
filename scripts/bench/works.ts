/** What is measured, and how much of the peer's time it may take. Both sides know the works by their names. */
import type { MaskSpec } from '../../src/contract/evaluation.ts'
import { differenceOfEach, differenceOfMaximum } from './report.ts'

export interface Work {
  readonly name: string
  readonly label: string
  /** Limit of our median ÷ the peer's. */
  readonly atMost: number
  /** Timed iterations of one block; one more before them is not counted. */
  readonly iterations: number
  readonly blocks: number
  /** Both sides' results must agree before anything is timed. */
  readonly check: {
    readonly label: string
    readonly difference: (ours: Float32Array, peer: Float32Array) => number
    readonly atMost: number
  }
}

/** The network's image and the slice's crop, [height, width]. */
export const SIZE = [320, 320] as const
export const NETWORK = { channels: 32, pools: 4 } as const
/**
 * Learning rates. RMSprop's first steps move every weight by about ten times the rate, whatever the gradient's size, so at
 * the usual rate they amplify rounding: the third loss of PyTorch itself differs by 1e-4 (with oneDNN) to 9e-4 (without)
 * from its own in float64. At the smaller rate by less than 1e-6, while the loss still falls by 4 %.
 */
export const RATES = { timed: 1e-3, checked: 1e-6 } as const
export const MASK: MaskSpec = { kind: 'random', acceleration: 4, centerFraction: 0.08 }

export const WORKS: readonly Work[] = [
  {
    name: 'forward',
    label: 'U-Net-32 forward, 320 × 320, batch 1',
    atMost: 1.2,
    iterations: 5,
    blocks: 5,
    check: { label: 'network output, of its maximum', difference: differenceOfMaximum, atMost: 1e-4 },
  },
  {
    name: 'training',
    label: 'U-Net-32 training step (L1, RMSprop), 320 × 320, batch 1',
    atMost: 1.25,
    iterations: 3,
    blocks: 5,
    check: { label: 'losses of 3 training steps, each', difference: differenceOfEach, atMost: 1e-4 },
  },
  {
    name: 'slice',
    label: '640 × 372 slice, from disk to zero-filled 320 × 320',
    atMost: 2,
    iterations: 30,
    blocks: 10,
    check: { label: 'zero-filled image, of its maximum', difference: differenceOfMaximum, atMost: 1e-5 },
  },
]
