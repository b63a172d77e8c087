/** Regions and lines over an image, as lines that keep their width at any zoom. */
import { type PointerEvent, useRef } from 'react'
import { useShallow } from 'zustand/react/shallow'
import type { Layout } from './drawing.ts'
import { box, type Shape } from './marks.ts'
import { changeShape, selectShape, shapesOf } from './shapes.ts'
import style from './stage.module.css'
import { sliceOf, useView } from './view.ts'

interface Props {
  /** Of the pane, pixels of the page. */
  readonly layout: Layout
  readonly shape: readonly [number, number]
  /** In the layout. */
  readonly pane: number
}

export function ShapeLayer({ layout, shape: [height, width], pane }: Props) {
  const { shapes, selected, slice } = useView(
    useShallow(view => ({ shapes: shapesOf(view), selected: view.selected, slice: sliceOf(view, pane) })),
  )
  const drag = useRef<{ id: string; x: number; y: number; from: Shape['from']; to: Shape['to'] } | null>(null)
  const here = shapes.filter(each => each.slice === null || each.slice === slice)
  if (here.length === 0) return null
  const extent = { width: width * layout.scale, height: height * layout.scale }
  const at = ({ x, y }: Shape['from']) => ({ x: layout.left + x * extent.width, y: layout.top + y * extent.height })

  const begin =
    ({ id, from, to }: Shape) =>
    (event: PointerEvent<SVGGElement>) => {
      if (event.button !== 0) return
      event.stopPropagation()
      event.currentTarget.setPointerCapture(event.pointerId)
      selectShape(id)
      drag.current = { id, x: event.clientX, y: event.clientY, from, to }
    }
  const follow = (event: PointerEvent<SVGGElement>) => {
    const began = drag.current
    if (!began) return
    const [dx, dy] = [(event.clientX - began.x) / extent.width, (event.clientY - began.y) / extent.height]
    const moved = ({ x, y }: Shape['from']) => ({ x: x + dx, y: y + dy })
    changeShape(began.id, { from: moved(began.from), to: moved(began.to) })
  }
  const end = () => {
    drag.current = null
  }

  return (
    <svg className={style.shapes} aria-hidden="true">
      {here.map(each => (
        <g
          key={each.id}
          data-selected={each.id === selected || undefined}
          onPointerDown={begin(each)}
          onPointerMove={follow}
          onPointerUp={end}
          onPointerCancel={end}
        >
          {/* wide and unseen, so that a line can be caught */}
          <Outline shape={each} at={at} className={style.catch} />
          <Outline shape={each} at={at} className={style.outline} />
          <text
            x={at(box(each).left === each.from.x ? each.from : each.to).x + 3}
            y={at({ x: 0, y: box(each).top }).y - 4}
          >
            {each.label}
          </text>
        </g>
      ))}
    </svg>
  )
}

type At = (point: Shape['from']) => { x: number; y: number }

function Outline({ shape, at, className }: { shape: Shape; at: At; className: string }) {
  if (shape.kind === 'line') {
    const [from, to] = [at(shape.from), at(shape.to)]
    return <line className={className} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
  }
  const { left, top, right, bottom } = box(shape)
  const [corner, opposite] = [at({ x: left, y: top }), at({ x: right, y: bottom })]
  const [width, height] = [opposite.x - corner.x, opposite.y - corner.y]
  if (shape.kind === 'rectangle')
    return <rect className={className} x={corner.x} y={corner.y} width={width} height={height} />
  return (
    <ellipse
      className={className}
      cx={corner.x + width / 2}
      cy={corner.y + height / 2}
      rx={width / 2}
      ry={height / 2}
    />
  )
}
