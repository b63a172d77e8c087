/** What is measured, and how much of the peer's time it may take. Both sides know the works by their names. */
import type { MaskSpec } from '../../src/contract/evaluation.ts'
import { differenceOfEach, differenceOfMaximum } from './report.ts'

/** What is computed: a network on an image, a training step of it, or a slice read and reconstructed. */
export type Computed =
  | {
      readonly kind: 'forward' | 'training'
      readonly network: { readonly channels: number; readonly pools: number }
      /** [height, width] */
      readonly size: readonly [number, number]
      /** Images at once: the same one so many times. */
      readonly batch: number
    }
  | { readonly kind: 'slice' }

/** Where both sides compute. A GPU multiplies in TF32, whose 10 bits of mantissa the checks must allow for. */
export type Hardware = 'cpu' | 'gpu'

export interface Work {
  readonly name: string
  readonly label: string
  readonly computed: Computed
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

/** The slice's crop, [height, width]. */
export const SIZE = [320, 320] as const
/**
 * Learning rates. RMSprop's first steps move every weight by about ten times the rate, whatever the gradient's size, so at
 * the usual rate they amplify rounding: the third loss of PyTorch itself differs by 1e-4 (with oneDNN) to 9e-4 (without)
 * from its own in float64. At the smaller rate by less than 1e-6, while the loss still falls by 4 %.
 */
export const RATES = { timed: 1e-3, checked: 1e-6 } as const
export const MASK: MaskSpec = { kind: 'random', acceleration: 4, centerFraction: 0.08 }

const output = { label: 'network output, of its maximum', difference: differenceOfMaximum, atMost: 1e-4 }
const losses = { label: 'losses of 3 training steps, each', difference: differenceOfEach, atMost: 1e-4 }

const unet = (kind: 'forward' | 'training', channels: number, size: number, batch = 1): Computed => ({
  kind,
  network: { channels, pools: 4 },
  size: [size, size],
  batch,
})

const CPU_WORKS: readonly Work[] = [
  {
    name: 'training',
    label: 'U-Net-32 training step (L1, RMSprop), 320 × 320, batch 1',
    computed: unet('training', 32, 320),
    atMost: 0.8,
    iterations: 3,
    blocks: 5,
    check: losses,
  },
  {
    name: 'forward',
    label: 'U-Net-32 forward, 320 × 320, batch 1',
    computed: unet('forward', 32, 320),
    atMost: 0.85,
    iterations: 5,
    blocks: 5,
    check: output,
  },
  {
    name: 'training-64',
    label: 'U-Net-64 training step (L1, RMSprop), 320 × 320, batch 1',
    computed: unet('training', 64, 320),
    atMost: 0.9,
    iterations: 2,
    blocks: 3,
    check: losses,
  },
  {
    name: 'training-small',
    label: 'U-Net-2 training step (L1, RMSprop), 32 × 32, batch 1: overhead',
    computed: unet('training', 2, 32),
    atMost: 2.5,
    iterations: 50,
    blocks: 10,
    check: losses,
  },
  {
    name: 'slice',
    label: '640 × 372 slice, from disk to zero-filled 320 × 320',
    computed: { kind: 'slice' },
    atMost: 2,
    iterations: 30,
    blocks: 10,
    check: { label: 'zero-filled image, of its maximum', difference: differenceOfMaximum, atMost: 1e-5 },
  },
]

const GPU_STEPS = 20

/** Nothing is promised of a GPU but to be no slower than PyTorch. It takes more steps a second, and larger batches. */
const GPU_WORKS: readonly Work[] = [
  ...CPU_WORKS,
  {
    name: 'training-batch-8',
    label: 'U-Net-32 training step (L1, RMSprop), 320 × 320, batch 8',
    computed: unet('training', 32, 320, 8),
    atMost: 1,
    iterations: GPU_STEPS,
    blocks: 5,
    check: losses,
  } satisfies Work,
].map(work =>
  work.computed.kind === 'slice'
    ? work
    : { ...work, atMost: 1, iterations: GPU_STEPS, check: { ...work.check, atMost: 5e-3 } },
)

export const WORKS: Readonly<Record<Hardware, readonly Work[]>> = { cpu: CPU_WORKS, gpu: GPU_WORKS }

/** A training of ours alone, whose last epoch must be like its first: U-Net-8, 64 × 64. */
export const ENDURANCE = { name: 'epochs', epochs: 100, steps: 20, atMost: 1.05 } as const
