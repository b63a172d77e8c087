/** Left and right: width; up and down: level. As in OHIF and ITK-SNAP. */
import { IconContrast2 } from '@tabler/icons-react'
import { pan } from './pan.ts'
import type { Tool } from './tool.ts'

/** Pixels of dragging that double a window's width. */
const DOUBLING = 180

export const window: Tool = {
  label: 'Window and level',
  does: 'window (left–right) and level (up–down)',
  key: 'W',
  icon: IconContrast2,
  cursor: 'crosshair',
  begin(grip) {
    const {
      setWindow,
      client,
      size,
      window: { low, high },
    } = grip
    if (!setWindow) return pan.begin(grip) // nothing else can be dragged there
    return {
      move(_, now) {
        const width = (high - low) * 2 ** ((now.x - client.x) / DOUBLING)
        const centre = (low + high) / 2 + ((now.y - client.y) / size.height) * (high - low)
        setWindow({ low: centre - width / 2, high: centre + width / 2 })
      },
    }
  },
}
