/**
 * The image of a view: a magnitude has one plane, a complex image has two planes, the real and the imaginary part.
 * Views change all planes alike, so a complex image keeps its phase.
 */
import { centreCropReal, type Shape } from '../mri/transform.ts'

export interface Image {
  /** Each [height, width]. */
  readonly planes: readonly Float32Array[]
  readonly shape: Shape
}

export const isComplex = ({ planes }: Image): boolean => planes.length === 2

/** Each plane changed by itself; the images have `shape` afterwards. */
export const planewise = ({ planes }: Image, shape: Shape, change: (plane: Float32Array) => Float32Array): Image => ({
  planes: planes.map(change),
  shape,
})

/** The middle of an image. */
export const centred = (image: Image, shape: Shape): Image =>
  shape.join() === image.shape.join()
    ? image
    : planewise(image, shape, plane => centreCropReal(plane, image.shape, shape))

/** A complex image [height, width, 2] as two planes. */
export function fromPairs(pairs: Float32Array, shape: Shape): Image {
  const part = (which: number) => Float32Array.from({ length: pairs.length / 2 }, (_, i) => pairs[2 * i + which])
  return { planes: [part(0), part(1)], shape }
}

/** Planes of equal length → [length, planes]. One plane is returned as it is. */
export function interleaved(planes: readonly Float32Array[]): Float32Array {
  if (planes.length === 1) return planes[0]
  const values = new Float32Array(planes.length * planes[0].length)
  for (const [which, plane] of planes.entries())
    for (let i = 0; i < plane.length; i++) values[planes.length * i + which] = plane[i]
  return values
}

export const magnitudesOf = ({ planes: [re, im] }: Image): Float32Array =>
  re.map((value, i) => Math.hypot(value, im[i]))

/** The root mean square of an image's magnitudes. 1 if the image is 0. */
export function rootMeanSquare({ planes }: Image): number {
  const squares = planes.reduce((sum, plane) => plane.reduce((of, value) => of + value ** 2, sum), 0)
  return Math.sqrt(squares / planes[0].length) || 1
}

/** The complex image times a complex number for each pixel, re + i·im. */
export function times({ planes: [re, im], shape }: Image, by: (pixel: number) => readonly [number, number]): Image {
  const planes = [new Float32Array(re.length), new Float32Array(re.length)]
  for (let i = 0; i < re.length; i++) {
    const [a, b] = by(i)
    planes[0][i] = re[i] * a - im[i] * b
    planes[1][i] = re[i] * b + im[i] * a
  }
  return { planes, shape }
}
