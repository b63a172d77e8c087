/** The maps of one layer, as large as fits. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { FeatureMeta } from '../../contract/images.ts'
import type { GreyWindow } from '../../presentation/windows.ts'
import { signal } from '../app/format.ts'
import { putPixels } from '../viewer/canvas.ts'
import { GREY, paint } from '../viewer/drawing.ts'
import { goToSlice, useView } from '../viewer/view.ts'
import { useSize } from '../widgets/use-size.ts'
import style from './feature-maps.module.css'
import { fitGrid, split, windowOf } from './maps.ts'

const GAP = 6

const CAPTION = 16

interface MapsProps {
  readonly values: Float32Array | null
  readonly meta: FeatureMeta | null
  /** Of the layer or slice before, until the next is there. */
  readonly held: boolean
  readonly shared: boolean
  readonly enlarged: number | null
  readonly onEnlarge: (map: number | null) => void
  readonly slices: number
}

export function Maps({ values, meta, held, shared, enlarged, onEnlarge, slices }: MapsProps) {
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const size = useSize(element)
  const maps = useMemo(() => (values && meta ? split(values, meta.count) : []), [values, meta])
  const own = useMemo(() => maps.map(windowOf), [maps])
  const all = useMemo(() => (values ? windowOf(values) : null), [values])
  useEffect(() => {
    if (!element) return
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      goToSlice(useView.getState().slice + Math.sign(event.deltaY), slices)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [element, slices])
  const shown = enlarged !== null && enlarged < maps.length ? [enlarged] : maps.map((_, i) => i)
  const grid = meta && size.width > 0 ? fitGrid(shown.length, size, meta.shape, GAP, CAPTION) : null
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the focus, so that the arrow keys work at once
    <div ref={setElement} className={style.maps} tabIndex={0} data-autofocus data-held={held || undefined}>
      {grid && meta ? (
        <div className={style.grid} style={{ gridTemplateColumns: `repeat(${grid.columns}, ${grid.width}px)` }}>
          {shown.map(index => (
            <FeatureMap
              key={index}
              channel={index + 1}
              values={maps[index]}
              shape={meta.shape}
              size={grid}
              own={own[index]}
              window={shared ? all : own[index]}
              onClick={() => onEnlarge(enlarged === null ? index : null)}
              large={shown.length === 1}
            />
          ))}
        </div>
      ) : (
        <div className={style.skeleton} role="status" aria-label="Loading" />
      )}
    </div>
  )
}

function FeatureMap(props: {
  channel: number
  values: Float32Array
  shape: readonly [number, number]
  size: { readonly width: number; readonly height: number }
  own: GreyWindow | null
  window: GreyWindow | null
  large: boolean
  onClick: () => void
}) {
  const { channel, values, shape, size, own, window, large, onClick } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  // Where several values share a pixel, none is left out.
  const imageRendering = size.width < shape[1] ? 'auto' : undefined
  useLayoutEffect(() => {
    // A blank map is black, whatever its value is.
    const through = window ?? { low: values[0], high: values[0] + 1 }
    putPixels(canvas.current!, shape, pixels => paint(values, through, GREY, pixels))
  }, [values, shape, window])
  return (
    <button type="button" className={style.map} onClick={onClick} aria-label={`Channel ${channel}`}>
      <canvas
        ref={canvas}
        className={style.canvas}
        style={{ width: size.width, height: size.height, imageRendering }}
      />
      <span className={style.caption}>
        {channel}
        {own === null ? ' · blank' : large && window ? ` · ${signal(window.low)} to ${signal(window.high)}` : ''}
      </span>
    </button>
  )
}
