/** Remembers the window's position and size in the profile. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Electron, Window } from './electron.ts'

const WindowPlace = z.object({
  x: z.int().optional(),
  y: z.int().optional(),
  width: z.int(),
  height: z.int(),
  maximized: z.boolean(),
})
type WindowPlace = z.infer<typeof WindowPlace>

const FIRST: WindowPlace = { width: 1440, height: 900, maximized: false }

const placePath = (profile: string) => join(profile, 'window.json')

/** The last position and size. Only the size if that position is no longer on a screen. */
export function readPlace({ screen }: Electron, profile: string): WindowPlace {
  try {
    const { x, y, ...size } = WindowPlace.parse(JSON.parse(readFileSync(placePath(profile), 'utf8')))
    const seen = screen
      .getAllDisplays()
      .some(
        ({ workArea: area }) =>
          x !== undefined &&
          y !== undefined &&
          x < area.x + area.width - 100 &&
          x + size.width > area.x + 100 &&
          y >= area.y - 50 &&
          y < area.y + area.height - 100,
      )
    return seen ? { x, y, ...size } : size
  } catch {
    return FIRST
  }
}

export function writePlace(window: Window, profile: string): void {
  const place: WindowPlace = { ...window.getNormalBounds(), maximized: window.isMaximized() }
  writeFileSync(placePath(profile), JSON.stringify(place))
}
