/** The viewer's keys; `?` lists them. */
import { showFeatures } from '../features/open.ts'
import { useKeys } from '../use-keys.ts'
import { FIT, foldLeft, foldRight, goToSlice, resetView, useView, zoomAt } from '../view.ts'

export const VIEWER_KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['wheel, ↑ ↓', 'slice before, slice after'],
  ['Home, End', 'first slice, last slice'],
  ['drag', 'window (left–right) and level (up–down)'],
  ['Shift + drag, middle button', 'move the image'],
  ['Ctrl + wheel, + −', 'zoom'],
  ['double click, space', 'fit the image, reset the window'],
  ['E', 'images or error maps'],
  ['F', 'feature maps of the run in focus'],
  ['[ ]', 'fold the left and the right panel'],
]

const ZOOM_STEP = 1.25

export const FEATURE_KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['← →', 'layer before, layer after'],
  ['wheel, ↑ ↓', 'slice before, slice after'],
  ['click, Esc', 'one channel large, all channels'],
]

/** `run`: of the pane in focus, where it has weights. */
export function useViewerKeys(slices: number, run: string | null): void {
  const step = (by: number) => () => goToSlice(useView.getState().slice + by, slices)
  const zoom = (factor: number) => () => {
    const { place, pointer } = useView.getState()
    const at = pointer ?? place
    zoomAt(factor, at.x, at.y)
  }
  useKeys([
    ['ArrowUp', step(-1)],
    ['ArrowDown', step(1)],
    ['ArrowLeft', step(-1)],
    ['ArrowRight', step(1)],
    ['PageUp', step(-1)],
    ['PageDown', step(1)],
    ['Home', () => goToSlice(0, slices)],
    ['End', () => goToSlice(slices - 1, slices)],
    ['space', resetView],
    ['0', () => useView.setState({ place: FIT })],
    ['=', zoom(ZOOM_STEP)],
    ['+', zoom(ZOOM_STEP)],
    ['shift+Plus', zoom(ZOOM_STEP)],
    ['-', zoom(1 / ZOOM_STEP)],
    ['E', () => useView.setState(view => ({ errors: !view.errors }))],
    ['F', () => run !== null && showFeatures(run)],
    ['[', foldLeft],
    [']', foldRight],
  ])
}
