/** One image on its canvas: drawn through the shared place and window, moved by mouse. */
import { type PointerEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { signal } from '../format.ts'
import { useSize } from '../use-size.ts'
import { type GreyWindow, goToSlice, move, resetView, useView, zoomAt } from '../view.ts'
import { putPixels } from './canvas.ts'
import { type ColourMap, imagePoint, layOut, paint } from './drawing.ts'
import style from './stage.module.css'

export interface StageImage {
  /** [h, w] row-major */
  readonly values: Float32Array
  readonly shape: readonly [number, number]
}

interface Props {
  readonly image: StageImage
  readonly window: GreyWindow
  readonly map: ColourMap
  /** What a drag of the mouse changes; absent where the window is fixed, as an error map's is. */
  readonly onWindow?: (window: GreyWindow) => void
  readonly slices: number
  readonly label: string
  readonly unit: string
}

/** Pixels of dragging that double a window's width. */
const DOUBLING = 180
const ZOOM_STEP = 1.2

/** The image painted at its own resolution; painted again only where numbers, window or colours change. */
function usePainted({ values, shape }: StageImage, window: GreyWindow, map: ColourMap): HTMLCanvasElement {
  const canvas = useRef<HTMLCanvasElement>(null)
  canvas.current ??= document.createElement('canvas')
  const painted = useRef<{ values: Float32Array; low: number; high: number; map: ColourMap } | null>(null)
  const last = painted.current
  if (!last || last.values !== values || last.low !== window.low || last.high !== window.high || last.map !== map) {
    putPixels(canvas.current, shape, pixels => paint(values, window, map, pixels))
    painted.current = { values, low: window.low, high: window.high, map }
  }
  return canvas.current
}

export function Stage({ image, window, map, onWindow, slices, label, unit }: Props) {
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const cross = useRef<HTMLDivElement>(null)
  const readout = useRef<HTMLOutputElement>(null)
  const size = useSize(element)
  const place = useView(view => view.place)
  const painted = usePainted(image, window, map)
  const drag = useRef<{ kind: 'window' | 'pan'; x: number; y: number; window: GreyWindow } | null>(null)
  const { shape, values } = image

  useLayoutEffect(() => {
    const target = canvas.current
    if (!target || size.width === 0) return
    const ratio = globalThis.devicePixelRatio || 1
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)]
    if (target.width !== width) target.width = width
    if (target.height !== height) target.height = height
    const context = target.getContext('2d')!
    const { left, top, scale } = layOut({ width, height }, shape, place)
    context.imageSmoothingEnabled = false
    context.clearRect(0, 0, width, height)
    context.drawImage(painted, left, top, shape[1] * scale, shape[0] * scale)
  })

  // The pointer moves far more often than anything else: it is followed without rendering.
  const follow = useCallback(
    (pointer: { x: number; y: number } | null) => {
      if (!cross.current || !readout.current) return
      const inside = pointer && pointer.x >= 0 && pointer.x < 1 && pointer.y >= 0 && pointer.y < 1
      cross.current.hidden = !inside
      if (!inside) {
        readout.current.textContent = ''
        return
      }
      const layout = layOut(size, shape, useView.getState().place)
      const x = layout.left + pointer.x * shape[1] * layout.scale
      const y = layout.top + pointer.y * shape[0] * layout.scale
      cross.current.style.transform = `translate(${x}px, ${y}px)`
      const [column, row] = [Math.floor(pointer.x * shape[1]), Math.floor(pointer.y * shape[0])]
      readout.current.textContent = `x ${column}  y ${row}  ${signal(values[row * shape[1] + column])}${unit}`
    },
    [size, shape, values, unit],
  )
  useEffect(() => {
    follow(useView.getState().pointer)
    return useView.subscribe((state, before) => {
      if (state.pointer !== before.pointer || state.place !== before.place) follow(state.pointer)
    })
  }, [follow])

  const pointOf = (event: { clientX: number; clientY: number }) => {
    const box = element!.getBoundingClientRect()
    const point = { x: event.clientX - box.left, y: event.clientY - box.top }
    return imagePoint(point, layOut(size, shape, useView.getState().place), shape)
  }

  // React listens to wheels passively; the page must not scroll or zoom along.
  useEffect(() => {
    if (!element) return
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      const { slice } = useView.getState()
      if (!event.ctrlKey && !event.metaKey) return goToSlice(slice + Math.sign(event.deltaY), slices)
      const box = element.getBoundingClientRect()
      const point = { x: event.clientX - box.left, y: event.clientY - box.top }
      const { x, y } = imagePoint(point, layOut(size, shape, useView.getState().place), shape)
      zoomAt(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, x, y)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [element, size, shape, slices])

  const begin = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button > 1) return
    event.currentTarget.setPointerCapture(event.pointerId)
    const pan = event.button === 1 || event.shiftKey || !onWindow
    drag.current = { kind: pan ? 'pan' : 'window', x: event.clientX, y: event.clientY, window }
  }
  const follows = (event: PointerEvent<HTMLDivElement>) => {
    useView.setState({ pointer: pointOf(event) })
    const from = drag.current
    if (!from) return
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y]
    if (from.kind === 'window') {
      const width = (from.window.high - from.window.low) * 2 ** (dx / DOUBLING)
      const centre =
        (from.window.low + from.window.high) / 2 + (dy / size.height) * (from.window.high - from.window.low)
      onWindow?.({ low: centre - width / 2, high: centre + width / 2 })
    } else {
      const { place: now } = useView.getState()
      const { scale } = layOut(size, shape, now)
      move({ zoom: now.zoom, x: now.x - dx / (scale * shape[1]), y: now.y - dy / (scale * shape[0]) })
      drag.current = { ...from, x: event.clientX, y: event.clientY }
    }
  }
  const end = () => {
    drag.current = null
  }

  return (
    <div
      ref={setElement}
      className={style.stage}
      role="img"
      aria-label={label}
      onPointerDown={begin}
      onPointerMove={follows}
      onPointerUp={end}
      onPointerCancel={end}
      onPointerLeave={() => useView.setState({ pointer: null })}
      onDoubleClick={resetView}
    >
      <canvas ref={canvas} className={style.canvas} data-low={window.low} data-high={window.high} />
      <div ref={cross} className={style.cross} hidden />
      <output ref={readout} className={style.readout} />
    </div>
  )
}
