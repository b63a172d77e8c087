/** Colour bar beside every map that is not a plain image: its colours, both end values and the unit. */
import { useLayoutEffect, useRef } from 'react'
import { signal } from '../app/format.ts'
import { putPixels } from './canvas.ts'
import style from './colour-bar.module.css'
import type { Colours } from './drawing.ts'

interface Props {
  readonly map: Colours
  readonly low: number
  readonly high: number
  readonly note: string
}

export function ColourBar({ map, low, high, note }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    putPixels(canvas.current!, [map.length, 1], pixels => pixels.set(map.toReversed()))
  }, [map])
  return (
    <figure className={style.bar} aria-label={`Colour bar from ${signal(low)} to ${signal(high)}, ${note}`}>
      <span>
        {signal(high)} <span className={style.note}>{note}</span>
      </span>
      <canvas ref={canvas} width={1} height={map.length} />
      <span>{signal(low)}</span>
    </figure>
  )
}
