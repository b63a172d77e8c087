/** What the viewer shows, shared by all panes: volume, slice, zoom, window, sources. Choices are kept per study on this machine. */
import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import { MaskSpec } from '../contract/evaluation.ts'

/** What each pane of the comparison is for; `null` sources are chosen by the slot itself. */
export const SLOTS = ['input', 'pretrained', 'fine-tuned', 'baseline', 'truth', 'error'] as const
export type Slot = (typeof SLOTS)[number]

/** Grey-scale window in the units of the file: black at `low`, white at `high`. */
export interface GreyWindow {
  readonly low: number
  readonly high: number
}

/** Where all panes look: `zoom` times the fitted size, around a point of the image in shares of its sides. */
export interface Place {
  readonly zoom: number
  readonly x: number
  readonly y: number
}

export const FIT: Place = { zoom: 1, x: 0.5, y: 0.5 }

/** Error maps end at 1/N of the ground truth's maximum over the volume. */
export const ERROR_SCALES = [1, 2, 5, 10, 20] as const

export interface View {
  readonly study: number | null
  readonly volume: number | null
  readonly slice: number
  readonly mask: MaskSpec
  /** Sources picked by hand, by study and slot. */
  readonly picked: Readonly<Record<string, Readonly<Partial<Record<Slot, string>>>>>
  readonly place: Place
  /** `null`: fitted to the ground truth (or the input) of the volume. */
  readonly window: GreyWindow | null
  /** A pane in arbitrary units windows itself; these are moves by hand, by source. */
  readonly ownWindow: Readonly<Record<string, GreyWindow>>
  readonly errors: boolean
  readonly errorScale: number
  /** The pane that keys and the side panel are about. */
  readonly focus: Slot
  /** Pointer over the image, in shares of its sides. */
  readonly pointer: { readonly x: number; readonly y: number } | null
  readonly leftPanel: boolean
  readonly rightPanel: boolean
  /** The right panel folds first: a narrow window has a choice of its own, folded to begin with. */
  readonly rightPanelNarrow: boolean
}

export const useView = create<View>()(
  persist(
    (): View => ({
      study: null,
      volume: null,
      slice: 0,
      mask: MaskSpec.parse({}),
      picked: {},
      place: FIT,
      window: null,
      ownWindow: {},
      errors: false,
      errorScale: 5,
      focus: 'fine-tuned',
      pointer: null,
      leftPanel: true,
      rightPanel: true,
      rightPanelNarrow: false,
    }),
    {
      name: 'self-mri view',
      version: 1,
      partialize: ({ study, volume, slice, mask, picked, errorScale, leftPanel, rightPanel }) => ({
        study,
        volume,
        slice,
        mask,
        picked,
        errorScale,
        leftPanel,
        rightPanel,
      }),
    },
  ),
)

const set = useView.setState

export const NARROW = '(max-width: 1199px)'

export const foldLeft = () => set(view => ({ leftPanel: !view.leftPanel }))

export function foldRight(): void {
  const panel = matchMedia(NARROW).matches ? 'rightPanelNarrow' : 'rightPanel'
  set(view => ({ [panel]: !view[panel] }))
}

export function openStudy(study: number): void {
  if (useView.getState().study !== study)
    set({ study, volume: null, slice: 0, place: FIT, window: null, ownWindow: {}, pointer: null })
}

/** Opens a volume at its middle slice, or at the same slice where the study stays. */
export function openVolume(study: number, volume: { readonly id: number; readonly slices: number }): void {
  const now = useView.getState()
  if (now.study === study && now.volume === volume.id) return
  const slice = now.study === study && now.volume !== null ? Math.min(now.slice, volume.slices - 1) : volume.slices >> 1
  set({ study, volume: volume.id, slice, place: FIT, window: null, ownWindow: {}, pointer: null })
}

export function pickSource(slot: Slot, source: string | null): void {
  const { study, picked } = useView.getState()
  const { [slot]: _, ...others } = picked[String(study)] ?? {}
  set({ picked: { ...picked, [String(study)]: source === null ? others : { ...others, [slot]: source } } })
}

export function goToSlice(slice: number, slices: number): void {
  set({ slice: Math.max(0, Math.min(slices - 1, slice)) })
}

const MOST_ZOOM = 32

/** Zooms by `factor`, keeping the image point (x, y) under the pointer where it is. */
export function zoomAt(factor: number, x: number, y: number): void {
  const { place } = useView.getState()
  const zoom = Math.min(MOST_ZOOM, Math.max(1, place.zoom * factor))
  const share = place.zoom / zoom
  move({ zoom, x: x + (place.x - x) * share, y: y + (place.y - y) * share })
}

/** Keeps the centre within the image. */
export function move({ zoom, x, y }: Place): void {
  const margin = 0.5 / zoom
  const clamp = (value: number) => Math.min(1 - margin, Math.max(margin, value))
  set({ place: { zoom, x: clamp(x), y: clamp(y) } })
}

export function resetView(): void {
  set({ place: FIT, window: null, ownWindow: {} })
}
