/** Draws regions from corner to corner and lines from end to end. A click without a drag draws and selects nothing. */
import { IconCircleDashed, IconLine, IconRectangle } from '@tabler/icons-react'
import type { Point, Shape } from '../marks.ts'
import { addShape, changeShape, selectShape } from '../shapes.ts'
import type { Tool } from './tool.ts'

/** Pixels that a drag must have. */
const LEAST = 4

const drawing = (kind: Shape['kind'], told: Pick<Tool, 'label' | 'does' | 'key' | 'icon'>): Tool => ({
  ...told,
  cursor: 'crosshair',
  begin({ point: from, client }) {
    let id: string | null = null
    selectShape(null)
    return {
      move(to: Point, now: Point) {
        if (id !== null) return changeShape(id, { to })
        if (Math.hypot(now.x - client.x, now.y - client.y) >= LEAST) id = addShape({ kind, from, to })
      },
    }
  },
})

export const rectangle = drawing('rectangle', {
  label: 'Rectangle',
  does: 'draw a rectangle and measure in it',
  key: 'R',
  icon: IconRectangle,
})
export const ellipse = drawing('ellipse', {
  label: 'Ellipse',
  does: 'draw an ellipse and measure in it',
  key: 'O',
  icon: IconCircleDashed,
})
export const line = drawing('line', {
  label: 'Line: profile and distance',
  does: 'draw a line: its profile through all panes, its length',
  key: 'L',
  icon: IconLine,
})
