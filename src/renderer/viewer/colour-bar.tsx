/**
 * Beside every map that is not a plain image: a colour bar with both end values and the unit, or for magnitudes with a
 * phase a wheel of hues.
 */
import { useLayoutEffect, useRef } from 'react'
import { signal } from '../app/format.ts'
import { putPixels } from './canvas.ts'
import style from './colour-bar.module.css'
import { type Colours, paintPhases } from './drawing.ts'

interface Props {
  readonly map: Colours
  readonly low: number
  readonly high: number
  readonly note: string
  /** Whether pixels are marked, as the note of the image explains. */
  readonly marked: boolean
}

export function ColourBar({ map, low, high, note, marked }: Props) {
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
      {marked && (
        <span className={style.marked}>
          <i /> marked
        </span>
      )}
    </figure>
  )
}

/** Pixels of the wheel's side. */
const WHEEL = 88

/** Phase by angle, counted from the right as on paper; magnitude from the centre, at the window's ends. */
function fillWheel(pixels: Uint32Array): void {
  const middle = (WHEEL - 1) / 2
  const values = new Float32Array(pixels.length)
  const phases = new Float32Array(pixels.length)
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [(i % WHEEL) - middle, middle - Math.floor(i / WHEEL)]
    values[i] = Math.hypot(x, y) / middle
    phases[i] = Math.atan2(y, x)
  }
  paintPhases(values, { low: 0, high: 1 }, phases, pixels)
  for (let i = 0; i < pixels.length; i++) if (values[i] > 1) pixels[i] = 0
}

export function ColourWheel({ low, high }: Pick<Props, 'low' | 'high'>) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => putPixels(canvas.current!, [WHEEL, WHEEL], fillWheel), [])
  const words = `Hue: phase, from −π to π. Brightness: magnitude, from ${signal(low)} to ${signal(high)}.`
  return (
    <figure className={style.wheel} aria-label={words}>
      <span>π</span>
      <canvas ref={canvas} width={WHEEL} height={WHEEL} />
      <span>0</span>
      <span className={style.ends}>
        {signal(low)}–{signal(high)}
      </span>
    </figure>
  )
}
