/** Painting on canvases: an image through its window and colours, a second image over it, and a magnifier. */

import type { GreyWindow } from '../../presentation/windows.ts'
import { putPixels } from './canvas.ts'
import { type Layout, paintSeen, type Seen } from './drawing.ts'
import type { Pair } from './marks.ts'
import type { WindowSource } from './windows.ts'

export interface Layer extends Seen {
  readonly window: WindowSource
}

/** How a second image is seen with the first. */
export interface Mix extends Pick<Pair, 'mode' | 'edge' | 'share'> {
  readonly layer: Layer
  /** Blink: whether the second is seen now. */
  readonly turn: boolean
}

/** Side of the magnifier, pixels, and how many voxels it shows. */
export const MAGNIFIER = { side: 132, voxels: 22 }

export type Box = { readonly width: number; readonly height: number }

export interface Painted {
  readonly canvas: HTMLCanvasElement
  of: (Pick<Layer, 'values' | 'map'> & GreyWindow) | null
}

/** The image painted at its own resolution; painted again only where numbers, window or colours change. */
export function painting(held: { current: Painted | null }, layer: Layer, { low, high }: GreyWindow) {
  const { values, shape, map } = layer
  held.current ??= { canvas: document.createElement('canvas'), of: null }
  const { canvas, of } = held.current
  if (of?.values !== values || of.map !== map || of.low !== low || of.high !== high) {
    putPixels(canvas, shape, pixels => paintSeen(layer, { low, high }, pixels))
    held.current.of = { values, map, low, high }
  }
  return canvas
}

/** Enlarged voxels keep their edges. Reduced images are averaged, so that no line of k-space is lost. */
export function drawAt(
  context: CanvasRenderingContext2D,
  image: HTMLCanvasElement,
  { left, top, scale }: Layout,
): void {
  context.imageSmoothingEnabled = scale < 1
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, left, top, image.width * scale, image.height * scale)
}

/** The second image over the first. */
export function drawMixed(context: CanvasRenderingContext2D, image: HTMLCanvasElement, layout: Layout, mix: Mix): void {
  const { width, height } = context.canvas
  context.save()
  if (mix.mode === 'overlay') context.globalAlpha = mix.share
  if (mix.mode === 'swipe') {
    context.beginPath()
    if (mix.edge === 'vertical') context.rect(mix.share * width, 0, width, height)
    else context.rect(0, mix.share * height, width, height)
    context.clip()
  }
  if (mix.mode !== 'blink' || mix.turn) {
    // What is clear shows the ground of the stage.
    if (mix.mode !== 'overlay') context.clearRect(0, 0, width, height)
    drawAt(context, image, layout)
  }
  context.restore()
}

/** Pixels of the device for so many of the page. */
export function fit(canvas: HTMLCanvasElement, { width, height }: Box): Box {
  const ratio = globalThis.devicePixelRatio || 1
  const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) }
  if (canvas.width !== size.width) canvas.width = size.width
  if (canvas.height !== size.height) canvas.height = size.height
  return size
}

/** The voxels around a point of the image, in its own pixels. */
export function magnify(loupe: HTMLCanvasElement, image: HTMLCanvasElement, x: number, y: number): void {
  const { side, voxels } = MAGNIFIER
  const context = loupe.getContext('2d')!
  context.imageSmoothingEnabled = false
  context.clearRect(0, 0, side, side)
  const scale = side / voxels
  const [left, top] = [Math.floor(x) + 0.5 - voxels / 2, Math.floor(y) + 0.5 - voxels / 2]
  context.drawImage(image, -left * scale, -top * scale, image.width * scale, image.height * scale)
}
