/** Arrangements of panes, and what is in them until a user says otherwise. */
import type { ClassicalId } from '../../contract/classical.ts'
import type { Show } from '../../contract/images.ts'

/** What a pane is for: which source it takes by itself, the newest that fits. */
export const SLOTS = ['input', 'pretrained', 'fine-tuned', 'baseline', 'truth', 'error', 'classical'] as const
export type Slot = (typeof SLOTS)[number]

/** `error`: the difference to the ground truth, made here from two images. */
export type PaneShow = Show | 'error'

export interface PaneChoice {
  readonly slot: Slot
  /** Picked by hand; `null`: what fits the slot. */
  readonly source: string | null
  readonly show: PaneShow
  /** Of a `feature`. */
  readonly layer?: string
  /** Of a `feature`, from 0. */
  readonly channel?: number
  /** Of a `cascade`: 0 is the network's input. Absent: the last. */
  readonly cascade?: number
  /** From 0. Absent: all coils, combined. */
  readonly coil?: number | null
}

export interface Layout {
  readonly label: string
  readonly rows: number
  readonly columns: number
  /** The pane in focus large, all in a strip below it. */
  readonly strip?: true
  readonly panes: readonly PaneChoice[]
}

const image = (slot: Slot): PaneChoice => ({ slot, source: null, show: slot === 'error' ? 'error' : 'image' })
const SIX = SLOTS.filter(slot => slot !== 'classical').map(image)
const classical = (source: ClassicalId): PaneChoice => ({ slot: 'classical', source, show: 'image' })

export const LAYOUTS = {
  '1x1': { label: '1 × 1', rows: 1, columns: 1, panes: [image('fine-tuned')] },
  '1x2': { label: '1 × 2', rows: 1, columns: 2, panes: [image('fine-tuned'), image('truth')] },
  '1x3': { label: '1 × 3', rows: 1, columns: 3, panes: [image('input'), image('fine-tuned'), image('truth')] },
  '2x2': {
    label: '2 × 2',
    rows: 2,
    columns: 2,
    panes: [image('input'), image('pretrained'), image('fine-tuned'), image('truth')],
  },
  '2x3': { label: '2 × 3', rows: 2, columns: 3, panes: SIX },
  '3x3': {
    label: '3 × 3',
    rows: 3,
    columns: 3,
    panes: [
      ...SIX,
      { slot: 'input', source: null, show: 'k-space' },
      { slot: 'fine-tuned', source: null, show: 'ssim' },
      { slot: 'fine-tuned', source: null, show: 'residual' },
    ],
  },
  coils: {
    label: 'Multi-coil 2 × 3',
    rows: 2,
    columns: 3,
    panes: [
      image('input'),
      classical('sense'),
      classical('cg-sense'),
      classical('l1-wavelet'),
      image('baseline'),
      image('truth'),
    ],
  },
  strip: { label: 'Filmstrip', rows: 1, columns: 6, strip: true, panes: SIX },
} satisfies Readonly<Record<string, Layout>>
export type LayoutName = keyof typeof LAYOUTS
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as LayoutName[]

export const layoutOf = (name: LayoutName): Layout => LAYOUTS[name]
