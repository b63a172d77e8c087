/** Which window and colours a pane's numbers are seen through. */
import { COLOUR_MAPS, type ColourMap } from '../../contract/figure.ts'
import type { FrameMeta } from '../../contract/images.ts'
import type { GreyWindow } from '../view.ts'
import { fitWindow, ownWindow } from './drawing.ts'
import type { Frame } from './frames.ts'
import type { PaneShow } from './layouts.ts'

/** In the file's units: those share one window, fitted to the ground truth. */
export const inFileUnits = ({ units, show }: Pick<FrameMeta, 'units' | 'show'>): boolean =>
  units === 'signal' && show !== 'spread'

interface Seen {
  readonly windows: Readonly<Record<string, GreyWindow>>
  readonly linked: boolean
  readonly volume: number | null
}

/** The key of the file's own window. */
export const FILE = 'file'

/** By volume: what its first image came with, kept while scrolling. */
const files = new Map<number, GreyWindow>()

/** The window that all panes in a volume's units share where none was set by hand; `null` before an image of it came. */
export const fileWindow = (volume: number | null): GreyWindow | null =>
  volume === null ? null : (files.get(volume) ?? null)

/** `reference`: the ground truth where there is one, else the input. */
export function fitFileWindow(volume: number, reference: Frame): void {
  if (!files.has(volume)) files.set(volume, fitWindow(reference.image))
}

/** What panes share a window: the file's units; what is arbitrary windows itself; everything else goes by what is shown. */
export function windowKey(pane: number, source: string, meta: FrameMeta, linked: boolean): string {
  if (!linked) return `pane ${pane}`
  if (inFileUnits(meta)) return FILE
  return meta.units === 'arbitrary' ? `${meta.show} ${source}` : meta.show
}

const FIXED: Readonly<Partial<Record<FrameMeta['show'], GreyWindow>>> = {
  ssim: { low: 0, high: 1 },
  mask: { low: 0, high: 1 },
  phase: { low: -Math.PI, high: Math.PI },
}

/** Of frames: sorting is not free. */
const fitted = new WeakMap<Frame, GreyWindow>()

/** What fits an image by itself. */
export function windowOf(frame: Frame): GreyWindow {
  const { show, units } = frame.meta
  const fixed = FIXED[show]
  if (fixed) return fixed
  const found = fitted.get(frame)
  if (found) return found
  // The logarithm of nothing measured is no number.
  const values = units === 'log' ? frame.image.filter(Number.isFinite) : frame.image
  const made = units === 'signal' ? fitWindow(values) : ownWindow(values)
  fitted.set(frame, made)
  return made
}

/** The window that a pane is seen through now. */
export function windowNow(pane: number, source: string, frame: Frame, { windows, linked, volume }: Seen): GreyWindow {
  const shared = inFileUnits(frame.meta) ? (windows[FILE] ?? fileWindow(volume)) : null
  return windows[windowKey(pane, source, frame.meta, linked)] ?? shared ?? windowOf(frame)
}

const OWN_COLOURS: Readonly<Partial<Record<PaneShow, ColourMap>>> = {
  ssim: 'viridis',
  error: 'inferno',
  residual: 'inferno',
  spread: 'inferno',
  phase: 'diverging',
}

/** The map's name for what is shown; a signed error has no other than a diverging one. */
export function coloursOf(show: PaneShow, chosen: Readonly<Record<string, string>>, signed: boolean): ColourMap {
  if (show === 'error' && signed) return 'diverging'
  const name = chosen[show]
  return COLOUR_MAPS.find(map => map === name) ?? OWN_COLOURS[show] ?? 'grey'
}
