/** The viewer's keys; `?` lists them. */
import { showFeatures } from '../app/open-features.ts'
import { goToCascade } from '../viewer/cascades.ts'
import { stepCoil } from '../viewer/coils.ts'
import { compareBy, leavePair } from '../viewer/pair.ts'
import { applyPreset, PRESETS } from '../viewer/presets.ts'
import { removeShape } from '../viewer/shapes.ts'
import type { Comparison } from '../viewer/sources.ts'
import { TOOL_NAMES, TOOLS } from '../viewer/tools/index.ts'
import { FIT, foldLeft, foldRight, goToSlice, placeOf, resetView, sliceOf, useView, zoomAt } from '../viewer/view.ts'
import { useKeys } from '../widgets/use-keys.ts'

export const VIEWER_KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['wheel, ↑ ↓', 'previous slice, next slice'],
  ['Home, End', 'first slice, last slice'],
  ['Shift + ↑ ↓', 'previous coil, next coil'],
  ['Shift + ← →', 'previous cascade, next cascade'],
  ['C', 'play slices'],
  ['N', 'focus the next pane'],
  ...TOOL_NAMES.map((name): [string, string] => [`${TOOLS[name].key}, then drag`, TOOLS[name].does]),
  ['Shift + drag, middle button', 'move the image with any tool'],
  ['Del', 'remove the selected region or line'],
  ['M', 'magnifier'],
  ['Ctrl + wheel, + −', 'zoom'],
  ['double click, space', 'fit the image, reset the window'],
  ...PRESETS.map(({ label }, i): [string, string] => [String(i + 1), label.toLowerCase()]),
  ['E', 'switch between images and error maps'],
  ['Alt + click', 'choose two panes to compare'],
  ['S, B, X', 'swipe, blink or overlay two panes'],
  ['Esc', 'close the comparison, clear the selection'],
  ['F', 'show feature maps of the run in focus'],
  ['[ ]', 'fold the left and the right panel'],
]

const ZOOM_STEP = 1.25

export const FEATURE_KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['← →', 'previous layer, next layer'],
  ['wheel, ↑ ↓', 'previous slice, next slice'],
  ['click, Esc', 'enlarge one channel, show all channels'],
]

export function useViewerKeys({ volume, panes }: Comparison): void {
  const slices = volume?.slices ?? 1
  const step = (by: number) => () => {
    const view = useView.getState()
    goToSlice(sliceOf(view, view.focus) + by, slices)
  }
  const zoom = (factor: number) => () => {
    const view = useView.getState()
    const at = view.pointer ?? placeOf(view, view.focus)
    zoomAt(factor, at.x, at.y)
  }
  const focused = () => panes[useView.getState().focus]
  const coil = (by: number) => () => {
    const pane = focused()
    if (pane && volume) stepCoil(pane, volume.coils, by)
  }
  const cascade = (by: number) => () => {
    const pane = focused()
    if (pane?.cascade !== undefined) goToCascade(pane, pane.cascade + by)
  }
  const features = () => {
    const run = focused()?.run
    if (run?.checkpoint) showFeatures(run.id)
  }
  const remove = () => {
    const { selected } = useView.getState()
    if (selected !== null) removeShape(selected)
  }
  useKeys([
    ['ArrowUp', step(-1)],
    ['ArrowDown', step(1)],
    ['ArrowLeft', step(-1)],
    ['ArrowRight', step(1)],
    ['shift+ArrowUp', coil(-1)],
    ['shift+ArrowDown', coil(1)],
    ['shift+ArrowLeft', cascade(-1)],
    ['shift+ArrowRight', cascade(1)],
    ['PageUp', step(-1)],
    ['PageDown', step(1)],
    ['Home', () => goToSlice(0, slices)],
    ['End', () => goToSlice(slices - 1, slices)],
    ['C', () => useView.setState(({ cine }) => ({ cine: !cine }))],
    ['N', () => useView.setState(({ focus }) => ({ focus: (focus + 1) % panes.length }))],
    ...TOOL_NAMES.map((tool): [string, () => void] => [TOOLS[tool].key, () => useView.setState({ tool })]),
    ['Delete', remove],
    ['Backspace', remove],
    ['M', () => useView.setState(({ magnifier }) => ({ magnifier: !magnifier }))],
    ['space', resetView],
    ['0', () => useView.setState({ place: FIT, own: {} })],
    ['=', zoom(ZOOM_STEP)],
    ['+', zoom(ZOOM_STEP)],
    ['shift+Plus', zoom(ZOOM_STEP)],
    ['-', zoom(1 / ZOOM_STEP)],
    ...PRESETS.map((preset, i): [string, () => void] => [
      String(i + 1),
      () => {
        const pane = focused()
        if (pane && volume) applyPreset(preset, pane, volume)
      },
    ]),
    ['E', () => useView.setState(view => ({ errors: !view.errors }))],
    ['S', () => compareBy('swipe')],
    ['B', () => compareBy('blink')],
    ['X', () => compareBy('overlay')],
    [
      'Escape',
      () => {
        leavePair()
        useView.setState({ selected: null })
      },
    ],
    ['F', features],
    ['[', foldLeft],
    [']', foldRight],
  ])
}
