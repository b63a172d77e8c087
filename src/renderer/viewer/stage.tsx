/** Images on one canvas: drawn through a place and windows, one alone or two mixed; moved and measured by mouse. */
import { memo, type PointerEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { GreyWindow } from '../../presentation/windows.ts'
import { signal } from '../format.ts'
import { useSize } from '../widgets/use-size.ts'
import { putPixels } from './canvas.ts'
import { type Colours, imagePoint, type Layout, layOut, paint } from './drawing.ts'
import type { Pair } from './marks.ts'
import { ShapeLayer } from './shape-layer.tsx'
import style from './stage.module.css'
import { TOOLS } from './tools/index.ts'
import type { Drag } from './tools/tool.ts'
import { goToSlice, placeOf, resetView, setWindow, sliceOf, useView, zoomAt } from './view.ts'
import { type WindowSource, windowNow } from './windows.ts'

export interface Layer {
  /** [h, w] row-major */
  readonly values: Float32Array
  readonly shape: readonly [number, number]
  readonly map: Colours
  readonly window: WindowSource
}

/** How a second image is seen with the first. */
export interface Mix extends Pick<Pair, 'mode' | 'edge' | 'share'> {
  readonly layer: Layer
  /** Blink: whether the second is seen now. */
  readonly turn: boolean
}

interface Props {
  /** In the layout. */
  readonly pane: number
  readonly layer: Layer
  readonly mix?: Mix | null
  readonly slices: number
  /** Regions and lines mean nothing in k-space. */
  readonly marks?: boolean
  readonly label: string
  readonly unit: string
}

const ZOOM_STEP = 1.2
/** Side of the magnifier, pixels, and how many voxels it shows. */
const MAGNIFIER = { side: 132, voxels: 22 }

type Box = { readonly width: number; readonly height: number }

interface Painted {
  readonly canvas: HTMLCanvasElement
  of: (Pick<Layer, 'values' | 'map'> & GreyWindow) | null
}

/** The image painted at its own resolution; painted again only where numbers, window or colours change. */
function painting(held: { current: Painted | null }, { values, shape, map }: Layer, { low, high }: GreyWindow) {
  held.current ??= { canvas: document.createElement('canvas'), of: null }
  const { canvas, of } = held.current
  if (of?.values !== values || of.map !== map || of.low !== low || of.high !== high) {
    putPixels(canvas, shape, pixels => paint(values, { low, high }, map, pixels))
    held.current.of = { values, map, low, high }
  }
  return canvas
}

/** Voxels keep their edges; where several share a pixel it is their mean, so that no line of k-space is left out. */
function drawAt(context: CanvasRenderingContext2D, image: HTMLCanvasElement, { left, top, scale }: Layout): void {
  context.imageSmoothingEnabled = scale < 1
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, left, top, image.width * scale, image.height * scale)
}

/** The second image over the first. */
function drawMixed(context: CanvasRenderingContext2D, image: HTMLCanvasElement, layout: Layout, mix: Mix): void {
  const { width, height } = context.canvas
  context.save()
  if (mix.mode === 'overlay') context.globalAlpha = mix.share
  if (mix.mode === 'swipe') {
    context.beginPath()
    if (mix.edge === 'vertical') context.rect(mix.share * width, 0, width, height)
    else context.rect(0, mix.share * height, width, height)
    context.clip()
  }
  if (mix.mode !== 'blink' || mix.turn) {
    if (mix.mode !== 'overlay') {
      context.fillStyle = '#0b0d10'
      context.fillRect(0, 0, width, height)
    }
    drawAt(context, image, layout)
  }
  context.restore()
}

/** Pixels of the device for so many of the page. */
function fit(canvas: HTMLCanvasElement, { width, height }: Box): Box {
  const ratio = globalThis.devicePixelRatio || 1
  const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) }
  if (canvas.width !== size.width) canvas.width = size.width
  if (canvas.height !== size.height) canvas.height = size.height
  return size
}

/** Drawn again where its layer, its place or its window is another. */
export const Stage = memo(function Stage({ pane, layer, mix = null, slices, marks = true, label, unit }: Props) {
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const loupe = useRef<HTMLCanvasElement>(null)
  const cross = useRef<HTMLDivElement>(null)
  const readout = useRef<HTMLOutputElement>(null)
  const size = useSize(element)
  const { place, tool } = useView(useShallow(view => ({ place: placeOf(view, pane), tool: view.tool })))
  const painted = useRef<Painted>(null)
  const second = useRef<Painted>(null)
  const drag = useRef<Drag | null>(null)
  const { shape, values } = layer

  const draw = () => {
    const target = canvas.current
    if (!target || size.width === 0) return
    const { windows } = useView.getState()
    const window = windowNow(layer.window, windows)
    const inside = fit(target, size)
    const context = target.getContext('2d')!
    context.clearRect(0, 0, inside.width, inside.height)
    drawAt(context, painting(painted, layer, window), layOut(inside, shape, place))
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
  // A window that is dragged is drawn without rendering, once a frame.
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

  const layoutNow = useCallback(() => layOut(size, shape, placeOf(useView.getState(), pane)), [size, shape, pane])

  // The pointer moves far more often than anything else: it is followed without rendering.
  const follow = useCallback(() => {
    const { pointer, magnifier } = useView.getState()
    if (!cross.current || !readout.current || !loupe.current) return
    const inside = pointer && pointer.x >= 0 && pointer.x < 1 && pointer.y >= 0 && pointer.y < 1
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
    const value = values[row * shape[1] + column]
    const words = Number.isFinite(value) ? `${signal(value)}${unit}` : 'no value'
    readout.current.textContent = `x ${column}  y ${row}  ${words}`
    if (magnifier && painted.current) magnify(loupe.current, painted.current.canvas, x, y)
  }, [layoutNow, shape, values, unit])
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

  const pointOf = (event: { clientX: number; clientY: number }) => {
    const box = element!.getBoundingClientRect()
    return imagePoint({ x: event.clientX - box.left, y: event.clientY - box.top }, layoutNow(), shape)
  }

  // React listens to wheels passively; the page must not scroll or zoom along.
  useEffect(() => {
    if (!element) return
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      const now = sliceOf(useView.getState(), pane)
      if (!event.ctrlKey && !event.metaKey) return goToSlice(now + Math.sign(event.deltaY), slices, pane)
      const box = element.getBoundingClientRect()
      const { x, y } = imagePoint({ x: event.clientX - box.left, y: event.clientY - box.top }, layoutNow(), shape)
      zoomAt(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, x, y, pane)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [element, pane, layoutNow, shape, slices])

  const begin = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button > 1 || event.altKey) return // Alt picks a pair
    event.currentTarget.setPointerCapture(event.pointerId)
    const { scale } = layoutNow()
    const { key } = layer.window
    const chosen = event.button === 1 || event.shiftKey ? TOOLS.pan : TOOLS[useView.getState().tool]
    drag.current = chosen.begin({
      pane,
      point: pointOf(event),
      client: { x: event.clientX, y: event.clientY },
      size,
      extent: { width: scale * shape[1], height: scale * shape[0] },
      place: placeOf(useView.getState(), pane),
      window: windowNow(layer.window, useView.getState().windows),
      setWindow: key === null ? null : window => setWindow(key, window),
    })
  }
  const follows = (event: PointerEvent<HTMLDivElement>) => {
    const point = pointOf(event)
    useView.setState({ pointer: point })
    drag.current?.move(point, { x: event.clientX, y: event.clientY })
  }
  const end = () => {
    drag.current?.end?.()
    drag.current = null
  }

  return (
    <div
      ref={setElement}
      className={style.stage}
      style={{ cursor: TOOLS[tool].cursor }}
      role="img"
      aria-label={label}
      onPointerDown={begin}
      onPointerMove={follows}
      onPointerUp={end}
      onPointerCancel={end}
      onPointerLeave={() => useView.setState({ pointer: null })}
      onDoubleClick={resetView}
    >
      <canvas ref={canvas} className={style.canvas} />
      {marks && <ShapeLayer pane={pane} layout={layOut(size, shape, place)} shape={shape} />}
      <div ref={cross} className={style.cross} hidden />
      <canvas ref={loupe} className={style.magnifier} width={MAGNIFIER.side} height={MAGNIFIER.side} hidden />
      <output ref={readout} className={style.readout} />
    </div>
  )
})

/** The voxels around a point of the image, in its own pixels. */
function magnify(loupe: HTMLCanvasElement, image: HTMLCanvasElement, x: number, y: number): void {
  const { side, voxels } = MAGNIFIER
  const context = loupe.getContext('2d')!
  context.imageSmoothingEnabled = false
  context.fillStyle = '#0b0d10'
  context.fillRect(0, 0, side, side)
  const scale = side / voxels
  const [left, top] = [Math.floor(x) + 0.5 - voxels / 2, Math.floor(y) + 0.5 - voxels / 2]
  context.drawImage(image, -left * scale, -top * scale, image.width * scale, image.height * scale)
}
