/** What the mouse does on a stage: the value under the pointer, slices and zoom by the wheel, drags by the tool. */
import { type PointerEvent, type RefObject, useCallback, useEffect, useMemo, useRef } from 'react'
import { tileAt } from '../../contract/tiles.ts'
import { signal } from '../app/format.ts'
import { imagePoint, type Layout, layOut } from './drawing.ts'
import { type Box, type Layer, magnify, type Painted } from './painting.ts'
import { TOOLS } from './tools/index.ts'
import type { Drag } from './tools/tool.ts'
import { goToSlice, placeOf, setWindow, sliceOf, useView, zoomAt } from './view.ts'
import { windowNow } from './windows.ts'

export interface Surface {
  readonly element: HTMLDivElement | null
  /** In the layout. */
  readonly pane: number
  /** Of the pane, pixels of the page. */
  readonly size: Box
  readonly layer: Layer
}

/** Where the image lies now. It is asked for at each event, because the place changes without rendering. */
function useLayoutNow({ pane, size, layer: { shape } }: Surface): () => Layout {
  return useCallback(() => layOut(size, shape, placeOf(useView.getState(), pane)), [size, shape, pane])
}

const isTiled = ({ tiles }: Layer): boolean => tiles !== undefined

/** Place and value of a pixel; of tiles, the coil and the place in its tile. */
function readoutOf({ values, shape, second, tiles }: Layer, row: number, column: number, unit: string): string {
  const tile = tiles ? tileAt(tiles, row, column) : { row, column }
  if (!tile) return ''
  const index = row * shape[1] + column
  const value = values[index]
  const phase = second?.kind === 'phase' ? `  ${second.values[index].toFixed(2)} rad` : ''
  return [
    ...('coil' in tile ? [`coil ${tile.coil + 1}`] : []),
    `x ${tile.column}`,
    `y ${tile.row}`,
    Number.isFinite(value) ? `${signal(value)}${unit}${phase}` : 'no value',
  ].join('  ')
}

/** What follows the pointer. */
interface Marks {
  readonly cross: RefObject<HTMLDivElement | null>
  readonly loupe: RefObject<HTMLCanvasElement | null>
  readonly readout: RefObject<HTMLOutputElement | null>
}

/**
 * Cross, value and magnifier. The pointer moves far more often than anything else: they follow it without rendering.
 */
export function useReadout(surface: Surface, unit: string, painted: RefObject<Painted | null>): Marks {
  const marks: Marks = { cross: useRef(null), loupe: useRef(null), readout: useRef(null) }
  const { cross, loupe, readout } = marks
  const { shape } = surface.layer
  const layoutNow = useLayoutNow(surface)
  const follow = useCallback(() => {
    const { pointer, magnifier } = useView.getState()
    if (!cross.current || !readout.current || !loupe.current) return
    const isOver = pointer && pointer.x >= 0 && pointer.x < 1 && pointer.y >= 0 && pointer.y < 1
    // A place among tiles is another place of the patient than in an image.
    const inside = isOver && pointer.tiled === isTiled(surface.layer)
    cross.current.hidden = !inside
    loupe.current.hidden = !(inside && magnifier)
    if (!inside) {
      readout.current.textContent = ''
      return
    }
    const { left, top, scale } = layoutNow()
    const [x, y] = [pointer.x * shape[1], pointer.y * shape[0]]
    cross.current.style.transform = `translate(${left + x * scale}px, ${top + y * scale}px)`
    const [column, row] = [Math.floor(x), Math.floor(y)]
    readout.current.textContent = readoutOf(surface.layer, row, column, unit)
    if (magnifier && painted.current) magnify(loupe.current, painted.current.canvas, x, y)
  }, [layoutNow, shape, surface.layer, unit, cross, loupe, readout, painted])
  useEffect(() => {
    follow()
    return useView.subscribe((state, before) => {
      if (
        state.pointer !== before.pointer ||
        state.place !== before.place ||
        state.own !== before.own ||
        state.magnifier !== before.magnifier
      )
        follow()
    })
  }, [follow])
  return marks
}

/** The point of the image under the mouse, in shares of the image's sides. */
function usePointOf(surface: Surface) {
  const { element, layer } = surface
  const layoutNow = useLayoutNow(surface)
  return useCallback(
    ({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }) => {
      const box = element!.getBoundingClientRect()
      return imagePoint({ x: clientX - box.left, y: clientY - box.top }, layoutNow(), layer.shape)
    },
    [element, layer.shape, layoutNow],
  )
}

const ZOOM_STEP = 1.2

/**
 * Slices by the wheel; zoom by Ctrl and the wheel. React listens to wheels passively, but the page must not scroll
 * along.
 */
export function useWheel(surface: Surface, slices: number): void {
  const { element, pane } = surface
  const pointOf = usePointOf(surface)
  useEffect(() => {
    if (!element) return
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      const now = sliceOf(useView.getState(), pane)
      if (!event.ctrlKey && !event.metaKey) return goToSlice(now + Math.sign(event.deltaY), slices, pane)
      const { x, y } = pointOf(event)
      zoomAt(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, x, y, pane)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [element, pane, pointOf, slices])
}

/** Drags by the chosen tool; the middle button and Shift move the image, whatever the tool. */
export function useDrag(surface: Surface) {
  const { pane, size, layer } = surface
  const layoutNow = useLayoutNow(surface)
  const pointOf = usePointOf(surface)
  const drag = useRef<Drag | null>(null)
  return useMemo(() => {
    const end = () => {
      drag.current?.end?.()
      drag.current = null
    }
    return {
      onPointerDown(event: PointerEvent<HTMLDivElement>) {
        if (event.button > 1 || event.altKey) return // Alt picks a pair
        event.currentTarget.setPointerCapture(event.pointerId)
        const { scale } = layoutNow()
        const { window, shape } = layer
        const view = useView.getState()
        const chosen = event.button === 1 || event.shiftKey ? TOOLS.pan : TOOLS[view.tool]
        drag.current = chosen.begin({
          pane,
          point: pointOf(event),
          client: { x: event.clientX, y: event.clientY },
          size,
          extent: { width: scale * shape[1], height: scale * shape[0] },
          place: placeOf(view, pane),
          window: windowNow(window, view.windows),
          setWindow: window.key === null ? null : next => setWindow(window.key!, next),
        })
      },
      onPointerMove(event: PointerEvent<HTMLDivElement>) {
        const point = pointOf(event)
        useView.setState({ pointer: { ...point, tiled: isTiled(layer) } })
        drag.current?.move(point, { x: event.clientX, y: event.clientY })
      },
      onPointerUp: end,
      onPointerCancel: end,
      onPointerLeave: () => useView.setState({ pointer: null }),
    }
  }, [pane, size, layer, layoutNow, pointOf])
}
