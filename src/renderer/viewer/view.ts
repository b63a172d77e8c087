/**
 * What the viewer shows, shared by its panes: volume, slice, zoom, windows, sources. Layouts are kept per study on this
 * machine.
 */
import { create } from 'zustand'
import { createJSONStorage, type PersistStorage, persist } from 'zustand/middleware'
import { shallow } from 'zustand/shallow'
import { MaskSpec } from '../../contract/evaluation.ts'
import type { GreyWindow } from '../../presentation/windows.ts'
import { type LayoutName, layoutOf, type PaneChoice, type Slot } from './layouts.ts'
import type { Pair, Shape, ToolName } from './marks.ts'

/** Where a pane looks: `zoom` times the fitted size, around a point of the image in shares of its sides. */
export interface Place {
  readonly zoom: number
  readonly x: number
  readonly y: number
}

export const FIT: Place = { zoom: 1, x: 0.5, y: 0.5 }

/** Error maps end at 1/N of the ground truth's maximum over the volume. */
export const ERROR_SCALES = [1, 2, 5, 10, 20] as const

/** What all panes share unless it is unlinked. */
export const LINKS = ['slice', 'place', 'window'] as const
export type Link = (typeof LINKS)[number]

/** What a pane has for itself while that is unlinked. */
interface OwnView {
  readonly slice?: number
  readonly place?: Place
}

export interface View {
  readonly study: number | null
  readonly volume: number | null
  readonly slice: number
  readonly mask: MaskSpec
  /** Of the mask's draw; `null`: by the file's name, as in scores. */
  readonly seed: number | null
  /** By study. */
  readonly layouts: Readonly<Record<string, LayoutName>>
  /** Panes changed by hand, by study and layout: see `paneKey`. */
  readonly panes: Readonly<Record<string, readonly PaneChoice[]>>
  readonly link: Readonly<Record<Link, boolean>>
  readonly place: Place
  /** By pane. */
  readonly own: Readonly<Record<number, OwnView>>
  /** Set by hand, by what shares one: see `windowKey` in `viewer/windows.ts`. Absent: fitted. */
  readonly windows: Readonly<Record<string, GreyWindow>>
  /** Colour maps chosen, by what is shown. */
  readonly colours: Readonly<Record<string, string>>
  readonly errors: boolean
  readonly errorScale: number
  readonly signedErrors: boolean
  /** The pane that keys and the side panel are about. */
  readonly focus: number
  /** Pointer over the image, in shares of its sides. `tiled`: over images of several coils side by side. */
  readonly pointer: { readonly x: number; readonly y: number; readonly tiled: boolean } | null
  readonly tool: ToolName
  readonly magnifier: boolean
  /** Slices go by themselves. */
  readonly cine: boolean
  /** Two panes in one place of all. */
  readonly pair: Pair | null
  /** The first of a pair, picked. */
  readonly picked: number | null
  /** Regions and lines, by volume. */
  readonly shapes: Readonly<Record<string, readonly Shape[]>>
  readonly selected: string | null
  /** The dialog of a figure for print is open. */
  readonly figure: boolean
  readonly leftPanel: boolean
  readonly rightPanel: boolean
  /** In a narrow window the right panel is folded until the user opens it, so a narrow window has its own choice. */
  readonly rightPanelNarrow: boolean
}

const STORED = createJSONStorage<Partial<View>>(() => localStorage)!
let kept: Partial<View> | null = null

/** Writes only changes, because the pointer moves sixty times a second and is not stored. */
const CHANGES_ONLY: PersistStorage<Partial<View>> = {
  ...STORED,
  setItem(name, value) {
    if (kept && shallow(kept, value.state)) return
    kept = value.state
    return STORED.setItem(name, value)
  },
}

export const useView = create<View>()(
  persist(
    (): View => ({
      study: null,
      volume: null,
      slice: 0,
      mask: MaskSpec.parse({}),
      seed: null,
      layouts: {},
      panes: {},
      link: { slice: true, place: true, window: true },
      place: FIT,
      own: {},
      windows: {},
      colours: {},
      errors: false,
      errorScale: 5,
      signedErrors: false,
      focus: 2,
      pointer: null,
      tool: 'window',
      magnifier: false,
      cine: false,
      pair: null,
      picked: null,
      shapes: {},
      selected: null,
      figure: false,
      leftPanel: true,
      rightPanel: true,
      rightPanelNarrow: false,
    }),
    {
      name: 'self-mri view',
      version: 2,
      storage: CHANGES_ONLY,
      // Version 1 had one layout: its sources were picked by slot.
      migrate: old => {
        const { picked: _, ...kept } = old as View
        return kept as View
      },
      partialize: view => ({
        study: view.study,
        volume: view.volume,
        slice: view.slice,
        mask: view.mask,
        seed: view.seed,
        layouts: view.layouts,
        panes: view.panes,
        colours: view.colours,
        errorScale: view.errorScale,
        signedErrors: view.signedErrors,
        shapes: view.shapes,
        leftPanel: view.leftPanel,
        rightPanel: view.rightPanel,
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

/** State of a newly opened volume: all panes linked in place, all windows fitted. */
const FRESH = { place: FIT, own: {}, windows: {}, pointer: null, pair: null, picked: null, cine: false, selected: null }

export function openStudy(study: number): void {
  if (useView.getState().study !== study) set({ ...FRESH, study, volume: null, slice: 0 })
}

/** Opens a volume at its middle slice, or at the same slice where the study stays. */
export function openVolume(study: number, volume: { readonly id: number; readonly slices: number }): void {
  const now = useView.getState()
  if (now.study === study && now.volume === volume.id) return
  const slice = now.study === study && now.volume !== null ? Math.min(now.slice, volume.slices - 1) : volume.slices >> 1
  set({ ...FRESH, study, volume: volume.id, slice })
}

export const DEFAULT_LAYOUT: LayoutName = '2x3'

export const layoutNameOf = ({ study, layouts }: Pick<View, 'study' | 'layouts'>): LayoutName =>
  layouts[String(study)] ?? DEFAULT_LAYOUT

const paneKey = (view: Pick<View, 'study' | 'layouts'>) => `${view.study} ${layoutNameOf(view)}`

/** Whether the layout's panes were changed by hand. */
export const hasOwnPanes = (view: Pick<View, 'study' | 'layouts' | 'panes'>): boolean => paneKey(view) in view.panes

export const choicesOf = (view: Pick<View, 'study' | 'layouts' | 'panes'>): readonly PaneChoice[] =>
  view.panes[paneKey(view)] ?? layoutOf(layoutNameOf(view)).panes

export function chooseLayout(layout: LayoutName): void {
  const { study, layouts, focus } = useView.getState()
  const most = layoutOf(layout).panes.length - 1
  set({
    layouts: { ...layouts, [String(study)]: layout },
    focus: Math.min(focus, most),
    own: {},
    pair: null,
    picked: null,
  })
}

export function changePane(pane: number, changes: Partial<PaneChoice>): void {
  const view = useView.getState()
  const choices = choicesOf(view).map((choice, i) => (i === pane ? { ...choice, ...changes } : choice))
  set({ panes: { ...view.panes, [paneKey(view)]: choices } })
}

/** Shows a source in the pane of its slot, or else in the pane in focus. That pane gets the focus. */
export function showSource(slot: Slot, source: string): void {
  const view = useView.getState()
  const own = choicesOf(view).findIndex(choice => choice.slot === slot && choice.show === 'image')
  const pane = own >= 0 ? own : view.focus
  changePane(pane, { source })
  set({ focus: pane })
}

/** The layout's own panes again. */
export function resetPanes(): void {
  const view = useView.getState()
  const { [paneKey(view)]: _, ...panes } = view.panes
  set({ panes })
}

export const sliceOf = ({ link, slice, own }: Pick<View, 'link' | 'slice' | 'own'>, pane: number): number =>
  link.slice ? slice : (own[pane]?.slice ?? slice)

export const placeOf = ({ link, place, own }: Pick<View, 'link' | 'place' | 'own'>, pane: number): Place =>
  link.place ? place : (own[pane]?.place ?? place)

function setOwn(pane: number, changes: OwnView): void {
  const { own } = useView.getState()
  set({ own: { ...own, [pane]: { ...own[pane], ...changes } } })
}

/** Linked again, all panes follow the one in focus. */
export function toggleLink(which: Link): void {
  const view = useView.getState()
  const { link, focus } = view
  const linked = !link[which]
  const own =
    which === 'slice' ? { slice: sliceOf(view, focus) } : which === 'place' ? { place: placeOf(view, focus) } : {}
  set({ link: { ...link, [which]: linked }, ...(linked && own), ...(linked && which !== 'window' && { own: {} }) })
}

export function goToSlice(slice: number, slices: number, pane = useView.getState().focus): void {
  const next = Math.max(0, Math.min(slices - 1, slice))
  if (useView.getState().link.slice) set({ slice: next })
  else setOwn(pane, { slice: next })
}

const MOST_ZOOM = 32

/** Zooms by `factor`, keeping the image point (x, y) under the pointer where it is. */
export function zoomAt(factor: number, x: number, y: number, pane = useView.getState().focus): void {
  const place = placeOf(useView.getState(), pane)
  const zoom = Math.min(MOST_ZOOM, Math.max(1, place.zoom * factor))
  const share = place.zoom / zoom
  move({ zoom, x: x + (place.x - x) * share, y: y + (place.y - y) * share }, pane)
}

/** Keeps the centre within the image. */
export function move({ zoom, x, y }: Place, pane = useView.getState().focus): void {
  const margin = 0.5 / zoom
  const clamp = (value: number) => Math.min(1 - margin, Math.max(margin, value))
  const place = { zoom, x: clamp(x), y: clamp(y) }
  if (useView.getState().link.place) set({ place })
  else setOwn(pane, { place })
}

export function resetView(): void {
  set({ place: FIT, own: {}, windows: {} })
}

export function setWindow(key: string, window: GreyWindow): void {
  set(({ windows }) => ({ windows: { ...windows, [key]: window } }))
}
