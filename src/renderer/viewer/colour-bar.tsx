/** The scale of an error map, always beside it: colours, the two ends, and what the upper end is. */
import { useLayoutEffect, useRef } from 'react'
import { signal } from '../format.ts'
import { putPixels } from './canvas.ts'
import style from './colour-bar.module.css'
import type { ColourMap } from './drawing.ts'

export function ColourBar({ map, maximum, note }: { map: ColourMap; maximum: number; note: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    putPixels(canvas.current!, [map.length, 1], pixels => pixels.set(map.toReversed()))
  }, [map])
  return (
    <figure className={style.bar} aria-label={`Colour bar from 0 to ${signal(maximum)}, ${note}`}>
      <span className={style.end}>
        {signal(maximum)} <span className={style.note}>{note}</span>
      </span>
      <canvas ref={canvas} width={1} height={map.length} />
      <span>0</span>
    </figure>
  )
}
