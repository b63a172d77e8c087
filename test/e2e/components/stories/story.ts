/** A story: a component in one state, at one size. */
import type { ReactNode } from 'react'
import type { Live } from '../../../../src/renderer/app/live.ts'
import type { View } from '../../../../src/renderer/viewer/view.ts'

export interface Story {
  /** Size of the component's box, in pixels. */
  readonly size: { readonly width: number; readonly height: number }
  /** Changes of the viewer's initial state. */
  readonly view?: Partial<View>
  /** What the host said last. */
  readonly live?: Partial<Live>
  /** Answers of the host by their query keys. */
  readonly data?: Readonly<Record<string, unknown>>
  readonly show: () => ReactNode
}

/** The room that the panes have in a window of 1024 × 700 pixels, beside the list of volumes. */
export const GRID = { width: 717, height: 588 }
