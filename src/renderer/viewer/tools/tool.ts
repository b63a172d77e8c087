/** What a drag over an image does. A tool is one file and one line in the table of `index.ts`. */
import type { Icon } from '@tabler/icons-react'
import type { GreyWindow } from '../../../presentation/windows.ts'
import type { Point } from '../marks.ts'
import type { Place } from '../view.ts'

/** Where a drag begins. */
export interface Grip {
  readonly pane: number
  /** Of the image, in shares of its sides. */
  readonly point: Point
  /** Of the screen, pixels. */
  readonly client: Point
  /** Of the pane, pixels. */
  readonly size: { readonly width: number; readonly height: number }
  /** Pixels of the whole image on the screen, as it lies there. */
  readonly extent: { readonly width: number; readonly height: number }
  readonly place: Place
  readonly window: GreyWindow
  /** `null` where the window is fixed, as an error map's is. */
  readonly setWindow: ((window: GreyWindow) => void) | null
}

export interface Drag {
  /** Where the pointer is now, of the image and of the screen. */
  move(point: Point, client: Point): void
  end?(): void
}

export interface Tool {
  readonly label: string
  /** What a drag does, for the list of keys. */
  readonly does: string
  readonly key: string
  readonly icon: Icon
  readonly cursor: string
  begin(grip: Grip): Drag
}
