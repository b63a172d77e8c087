/**
 * What a user draws over images (regions, lines), and two panes to compare. Positions are shares of the image's sides.
 */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Shape {
  readonly id: string
  readonly kind: 'rectangle' | 'ellipse' | 'line'
  /** Opposite corners, or a line's ends. */
  readonly from: Point
  readonly to: Point
  readonly label: string
  /** Of this slice alone (fastMRI+ boxes); `null`: of all. */
  readonly slice: number | null
}

export type ToolName = 'window' | 'pan' | 'rectangle' | 'ellipse' | 'line'

export interface Pair {
  readonly mode: 'swipe' | 'blink' | 'overlay'
  /** Panes. */
  readonly first: number
  readonly second: number
  /** Swipe: the edge stands (`vertical`) or lies. */
  readonly edge: 'vertical' | 'horizontal'
  /** Where the edge is, or how much of the second is seen. */
  readonly share: number
  /** Blink: changes a second. */
  readonly rate: number
}

export const box = ({ from, to }: Pick<Shape, 'from' | 'to'>) => ({
  left: Math.min(from.x, to.x),
  top: Math.min(from.y, to.y),
  right: Math.max(from.x, to.x),
  bottom: Math.max(from.y, to.y),
})

/** What a run is dragged as. */
export const RUN_TYPE = 'application/x-self-mri-run'
