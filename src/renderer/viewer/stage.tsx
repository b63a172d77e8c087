/** Images on one canvas: drawn through a place and windows, one alone or two mixed; moved and measured by mouse. */
import { memo, useRef, useState } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { useSize } from '../widgets/use-size.ts'
import { layOut } from './drawing.ts'
import { type Layer, MAGNIFIER, type Mix } from './painting.ts'
import { ShapeLayer } from './shape-layer.tsx'
import style from './stage.module.css'
import { TOOLS } from './tools/index.ts'
import { usePainting } from './use-painting.ts'
import { useDrag, useReadout, useWheel } from './use-pointing.ts'
import { placeOf, resetView, useView } from './view.ts'

interface Props {
  /** In the layout. */
  readonly pane: number
  readonly layer: Layer
  readonly mix?: Mix | null
  readonly slices: number
  /** Regions and lines mean nothing in k-space and across the images of several coils. */
  readonly marks?: boolean
  readonly label: string
  readonly unit: string
}

/** Renders again only if its layer, place or window changes. */
export const Stage = memo(function Stage({ pane, layer, mix = null, slices, marks = true, label, unit }: Props) {
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const size = useSize(element)
  const { place, tool } = useView(useShallow(view => ({ place: placeOf(view, pane), tool: view.tool })))
  const painted = usePainting(canvas, { size, layer, mix, place })
  const surface = { element, pane, size, layer }
  const { cross, loupe, readout } = useReadout(surface, unit, painted)
  useWheel(surface, slices)
  const drag = useDrag(surface)
  return (
    <div
      ref={setElement}
      className={style.stage}
      style={{ cursor: TOOLS[tool].cursor }}
      role="img"
      aria-label={label}
      onDoubleClick={resetView}
      {...drag}
    >
      <canvas ref={canvas} className={style.canvas} />
      {marks && <ShapeLayer pane={pane} layout={layOut(size, layer.shape, place)} shape={layer.shape} />}
      <div ref={cross} className={style.cross} hidden />
      <canvas ref={loupe} className={style.magnifier} width={MAGNIFIER.side} height={MAGNIFIER.side} hidden />
      <output ref={readout} className={style.readout} />
    </div>
  )
})
