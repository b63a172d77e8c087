/** Paints a stage's images whenever a layer, a place or a window changes. */
import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'
import { layOut } from './drawing.ts'
import { type Box, drawAt, drawMixed, fit, type Layer, type Mix, type Painted, painting } from './painting.ts'
import { type Place, useView } from './view.ts'
import { windowNow } from './windows.ts'

interface Scene {
  /** Of the pane, pixels of the page. */
  readonly size: Box
  readonly layer: Layer
  readonly mix: Mix | null
  readonly place: Place
}

/** The first image at its own resolution, for the magnifier. */
export function usePainting(
  canvas: RefObject<HTMLCanvasElement | null>,
  { size, layer, mix, place }: Scene,
): RefObject<Painted | null> {
  const first = useRef<Painted>(null)
  const second = useRef<Painted>(null)
  const draw = () => {
    const target = canvas.current
    if (!target || size.width === 0) return
    const { windows } = useView.getState()
    const window = windowNow(layer.window, windows)
    const inside = fit(target, size)
    const context = target.getContext('2d')!
    context.clearRect(0, 0, inside.width, inside.height)
    drawAt(context, painting(first, layer, window), layOut(inside, layer.shape, place))
    if (mix) {
      const above = painting(second, mix.layer, windowNow(mix.layer.window, windows))
      drawMixed(context, above, layOut(inside, mix.layer.shape, place), mix)
    }
    target.dataset.low = String(window.low)
    target.dataset.high = String(window.high)
  }
  const latest = useRef(draw)
  latest.current = draw
  useLayoutEffect(draw)
  // While a user drags a window it is drawn without rendering, once a frame.
  useEffect(() => {
    let frame = 0
    const unlisten = useView.subscribe((state, before) => {
      if (state.windows === before.windows || frame !== 0) return
      frame = requestAnimationFrame(() => {
        frame = 0
        latest.current()
      })
    })
    return () => {
      unlisten()
      cancelAnimationFrame(frame)
    }
  }, [])
  return first
}
