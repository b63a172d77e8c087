/** Which window and colours a pane's numbers are seen through. */
import { COLOUR_MAPS, type ColourMap } from '../../contract/figure.ts'
import type { FrameMeta } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { GreyWindow } from '../../presentation/windows.ts'
import { fitWindow, ownWindow } from '../../presentation/windows.ts'
import type { Frame } from './frames.ts'
import type { PaneShow } from './layouts.ts'
import { contentOf } from './versions.ts'

/** In the file's units: those share one window, fitted to the ground truth. Single coils are darker than all coils. */
export const inFileUnits = ({ units, show }: Pick<FrameMeta, 'units' | 'show'>): boolean =>
  units === 'signal' && show !== 'spread' && show !== 'coils'

/** The key of the file's own window. */
export const FILE = 'file'

/** By volume and its contents: what its first image came with, kept while scrolling. */
const files = new Map<string, GreyWindow>()
const fileKey = (volume: StudyVolume) => `${volume.id} ${contentOf(volume)}`

/**
 * The window that all panes in a volume's units share where none was set by hand; `null` before an image of it came.
 */
export const fileWindow = (volume: StudyVolume): GreyWindow | null => files.get(fileKey(volume)) ?? null

/** `reference`: the ground truth where there is one, else the input. */
export function fitFileWindow(volume: StudyVolume, reference: Frame): void {
  const key = fileKey(volume)
  if (!files.has(key)) files.set(key, fitWindow(reference.image))
}

/**
 * Key of the window that a pane shares: file units share one, arbitrary units have one for each source, others one for
 * each show.
 */
function windowKey(pane: number, source: string, meta: FrameMeta, linked: boolean): string {
  if (!linked) return `pane ${pane}`
  if (inFileUnits(meta)) return FILE
  return meta.units === 'arbitrary' ? `${meta.show} ${source}` : meta.show
}

const FIXED: Readonly<Partial<Record<FrameMeta['show'], GreyWindow>>> = {
  ssim: { low: 0, high: 1 },
  mask: { low: 0, high: 1 },
  maps: { low: 0, high: 0.8 }, // the norm over coils is 1, so few pixels of a coil are brighter
  eigenvalues: { low: 0, high: 1 },
  phase: { low: -Math.PI, high: Math.PI },
}

/** A window is fitted to at most so many pixels, because sorting those of 15 coils side by side takes 0.4 s. */
const MOST_FITTED = 300_000

function thinned(values: Float32Array): Float32Array {
  const step = Math.ceil(values.length / MOST_FITTED)
  return step > 1 ? values.filter((_, i) => i % step === 0) : values
}

/** Of images: sorting is not free. */
const fitted = new WeakMap<Float32Array, GreyWindow>()

/** What fits an image by itself. */
export function windowOf(frame: Frame): GreyWindow {
  const { show, units } = frame.meta
  const fixed = FIXED[show]
  if (fixed) return fixed
  const found = fitted.get(frame.image)
  if (found) return found
  // The logarithm of nothing measured is no number.
  const image = thinned(frame.image)
  const values = units === 'log' ? image.filter(Number.isFinite) : image
  const made = units === 'signal' ? fitWindow(values) : ownWindow(values)
  fitted.set(frame.image, made)
  return made
}

/** How to look up a pane's window while drawing. It is looked up late, because a drag changes it at every move. */
export interface WindowSource {
  /** `null`: it is fixed. */
  readonly key: string | null
  readonly file: boolean
  /** Where none was set by hand. */
  readonly fitted: GreyWindow
}

type Windows = Readonly<Record<string, GreyWindow>>

export const windowNow = ({ key, file, fitted }: WindowSource, windows: Windows): GreyWindow =>
  key === null ? fitted : (windows[key] ?? (file ? windows[FILE] : undefined) ?? fitted)

export function windowSource(
  { pane, source }: { readonly pane: number; readonly source: string },
  frame: Frame,
  { linked, file }: { readonly linked: boolean; readonly file: GreyWindow | null },
): WindowSource {
  const shared = inFileUnits(frame.meta)
  const fitted = (shared ? file : null) ?? windowOf(frame)
  return { key: windowKey(pane, source, frame.meta, linked), file: shared, fitted }
}

const OWN_COLOURS: Readonly<Partial<Record<PaneShow, ColourMap>>> = {
  ssim: 'viridis',
  error: 'inferno',
  residual: 'inferno',
  spread: 'inferno',
  phase: 'cyclic',
}

/** The map's name for what is shown. Coil maps have hues for their phase, and a signed error a diverging map. */
export function coloursOf(show: PaneShow, chosen: Readonly<Record<string, string>>, signed: boolean): ColourMap {
  if (show === 'maps') return 'cyclic'
  if (show === 'error' && signed) return 'diverging'
  const name = chosen[show]
  return COLOUR_MAPS.find(map => map === name) ?? OWN_COLOURS[show] ?? 'grey'
}
