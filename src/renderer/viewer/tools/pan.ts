/** The image follows the pointer. */
import { IconHandMove } from '@tabler/icons-react'
import { move } from '../view.ts'
import type { Tool } from './tool.ts'

export const pan: Tool = {
  label: 'Move the image',
  does: 'move the image',
  key: 'P',
  icon: IconHandMove,
  cursor: 'grab',
  begin: ({ pane, client, extent, place }) => ({
    move(_, now) {
      const x = place.x - (now.x - client.x) / extent.width
      const y = place.y - (now.y - client.y) / extent.height
      move({ zoom: place.zoom, x, y }, pane)
    },
  }),
}
