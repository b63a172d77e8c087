/** Windows by number keys, for what the pane in focus shows. */
import type { FrameMeta } from '../../contract/images.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { GreyWindow } from '../../presentation/windows.ts'
import { type Frame, keptFrame } from './frames.ts'
import { type PaneState, urlOf } from './sources.ts'
import { setWindow, useView } from './view.ts'
import { fileWindow, windowNow, windowOf, windowSource } from './windows.ts'

interface Now {
  readonly frame: Frame
  /** As it is seen now. */
  readonly window: GreyWindow
  /** What it is where nothing was set by hand. */
  readonly fitted: GreyWindow
}

export interface Preset {
  readonly label: string
  window(now: Now): GreyWindow
}

const scaled = ({ low, high }: GreyWindow, factor: number): GreyWindow => {
  const [centre, half] = [(low + high) / 2, ((high - low) / 2) * factor]
  return { low: centre - half, high: centre + half }
}

const whole = ({ minimum, maximum }: FrameMeta): GreyWindow => ({ low: minimum, high: maximum })

/** Keys 1, 2, 3 … */
export const PRESETS: readonly Preset[] = [
  { label: 'Fit to the ground truth', window: ({ fitted }) => fitted },
  { label: 'Fit to this pane', window: ({ frame }) => windowOf(frame) },
  { label: 'Whole range of this pane', window: ({ frame }) => whole(frame.meta) },
  { label: 'Wider', window: ({ window }) => scaled(window, 1.25) },
  { label: 'Narrower', window: ({ window }) => scaled(window, 0.8) },
]

export function applyPreset(preset: Preset, shown: PaneState, volume: StudyVolume): void {
  const view = useView.getState()
  const url = urlOf(view, shown, volume)
  const frame = url === null ? null : keptFrame(url)
  const { pane, source } = shown
  const { link, windows } = view
  if (!frame || source === null) return
  const found = windowSource({ pane, source }, frame, { linked: link.window, file: fileWindow(volume) })
  setWindow(found.key!, preset.window({ frame, window: windowNow(found, windows), fitted: found.fitted }))
}
