/** Networks: forward passes and training steps. */
import type { Images, NetworkChoice, Size, Trained } from '../computed.ts'
import type { Limit } from '../instructions.ts'
import { differenceOfEach, differenceOfMaximum } from '../report.ts'
import type { Compared } from './compared.ts'

/**
 * Learning rates. In the first steps, RMSprop moves every weight by about ten times the rate, and Adam by the rate.
 * The size of the gradient does not matter, so a usual rate amplifies rounding errors. At the usual rate, PyTorch's
 * third loss in float32 differs from its loss in float64 by 1e-4 (with oneDNN) to 9e-4 (without). At the checked rate,
 * the difference is below 1e-6, and the loss still falls by 4 %.
 */
export const RATES = {
  rmsprop: { checked: 1e-6, timed: 1e-3 },
  adam: { checked: 1e-5, timed: 1e-3 },
} as const

const LABELS = { rmsprop: 'RMSprop', adam: 'Adam' } as const

type Pace = Pick<Compared, 'warmUps' | 'iterations' | 'blocks' | 'gigabytes'>

interface Subject extends NetworkChoice {
  readonly name: string
  readonly label: string
  /** Limits of a training step's time, for each size of batch. */
  readonly limits: Readonly<Record<1 | 4, Limit>>
  /** Iterations of training steps, for each size of batch. */
  readonly pace: Readonly<Record<1 | 4, Pace>>
}

const unet = (channels: number): NetworkChoice => ({ network: 'unet', networkConfig: { channels, pools: 4 } })

const FEW: Pace = { warmUps: 0, iterations: 1, blocks: 3 }
/** For steps of many seconds. The recording of a step takes most of the memory. */
const FEWEST: Pace = { ...FEW, blocks: 2, gigabytes: 18 }

const FORWARD: Limit = { avx2: 0.5, avx512: 0.6 }
const UNET: Subject['limits'] = { 1: { avx2: 0.55, avx512: 0.65, gpu: 0.9 }, 4: { avx2: 0.4, avx512: 0.5 } }
const UNET_PLUS_PLUS = { avx2: 0.4, avx512: 0.55 }

const SUBJECTS: readonly Subject[] = [
  {
    name: 'unet-32',
    label: 'U-Net-32',
    ...unet(32),
    limits: UNET,
    pace: { 1: { ...FEW, warmUps: 1, iterations: 3 }, 4: FEW },
  },
  { name: 'unet-64', label: 'U-Net-64', ...unet(64), limits: UNET, pace: { 1: FEW, 4: FEWEST } },
  {
    name: 'unet-plus-plus-32',
    label: 'U-Net++-32',
    network: 'unet-plus-plus',
    networkConfig: { channels: 32 },
    limits: { 1: { ...UNET_PLUS_PLUS, gpu: 0.9 }, 4: UNET_PLUS_PLUS },
    pace: { 1: FEW, 4: FEWEST },
  },
]

const output = { label: 'network output, of its maximum', difference: differenceOfMaximum, atMost: 1e-4 }
const losses = (steps: number) => ({
  label: steps === 1 ? 'loss of a training step' : `losses of ${steps} training steps, each`,
  difference: differenceOfEach,
  atMost: 1e-4,
})

const SIZE: Size = [320, 320]

const place = ({ size, batch }: Images) => `${size.join(' × ')}, batch ${batch}`

const trainingWork = (
  { name, label, network, networkConfig }: Pick<Subject, 'name' | 'label'> & NetworkChoice,
  optimizer: Trained['optimizer'],
  images: Images,
  pace: Pace,
  atMost: Limit,
): Compared => {
  const checkedSteps = images.batch === 1 ? 3 : 1 // The update is the same for every size of batch.
  const rates = RATES[optimizer]
  return {
    name: images.batch === 1 ? `${name}-${optimizer}` : `${name}-${optimizer}-batch-${images.batch}`,
    label: `${label} training step (L1, ${LABELS[optimizer]}), ${place(images)}`,
    computed: { kind: 'training', network, networkConfig, ...images, optimizer, rates, checkedSteps },
    atMost,
    ...pace,
    check: losses(checkedSteps),
  }
}

function worksOf(subject: Subject): Compared[] {
  const { name, label, network, networkConfig, limits, pace } = subject
  return ([1, 4] as const).flatMap(batch => {
    const images = { size: SIZE, batch }
    const forwardWork: Compared = {
      name: batch === 1 ? `${name}-forward` : `${name}-forward-batch-${batch}`,
      // The program reconstructs one slice after another.
      label: `${label} forward, ${place(images)}${batch === 1 ? '' : ' (Self-MRI: one image at a time)'}`,
      computed: { kind: 'forward', network, networkConfig, ...images },
      atMost: FORWARD,
      ...(batch === 1 ? { warmUps: 1, iterations: 4, blocks: 3 } : FEW),
      check: output,
    }
    return [
      forwardWork,
      trainingWork(subject, 'rmsprop', images, pace[batch], limits[batch]),
      trainingWork(subject, 'adam', images, pace[batch], limits[batch]),
    ]
  })
}

const SMALL: Compared = {
  ...trainingWork(
    { name: 'unet-2', label: 'U-Net-2', ...unet(2) },
    'rmsprop',
    { size: [32, 32], batch: 1 },
    { warmUps: 10, iterations: 50, blocks: 10 },
    1.5,
  ),
  label: 'U-Net-2 training step (L1, RMSprop), 32 × 32, batch 1: overhead',
}

export const NETWORKS: readonly Compared[] = [...SUBJECTS.flatMap(worksOf), SMALL]

/** A larger batch, for a GPU only. */
export const BATCH_OF_8 = trainingWork(SUBJECTS[0], 'rmsprop', { size: SIZE, batch: 8 }, FEW, UNET[1])
