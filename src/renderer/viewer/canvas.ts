/** Pixels onto a canvas of their own size. */

const images = new WeakMap<HTMLCanvasElement, ImageData>()

/** Gives the canvas the shape [height, width]; `fill` writes one RGBA word a pixel, row by row. */
export function putPixels(
  canvas: HTMLCanvasElement,
  [height, width]: readonly [number, number],
  fill: (pixels: Uint32Array) => void,
): void {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const held = images.get(canvas)
  const image = held?.width === width && held.height === height ? held : new ImageData(width, height)
  images.set(canvas, image)
  fill(new Uint32Array(image.data.buffer))
  canvas.getContext('2d')!.putImageData(image, 0, 0)
}
