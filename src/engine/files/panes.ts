/** Writes images side by side as one grey PNG. */
import { basename, dirname } from 'node:path'
import { encode } from 'fast-png'
import { writeAll } from './written.ts'

function panesPng(images: readonly Float32Array[], [height, width]: readonly [number, number]): Uint8Array {
  const maximum = images.at(-1)!.reduce((most, value) => Math.max(most, value), 0)
  const across = images.length * width
  const data = new Uint8Array(height * across)
  for (const [pane, image] of images.entries())
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const share = image[row * width + column] / maximum
        data[row * across + pane * width + column] = Math.round(255 * Math.min(1, Math.max(0, share)))
      }
  return encode({ width: across, height, channels: 1, data })
}

/**
 * Writes an example's images [height, width] as one PNG, from left to right. Black is 0, and white is the largest value
 * of the last image. Replaces the example's earlier picture. Throws `FILE_EXISTS` for other files of that name.
 */
export async function writePanes(
  path: string,
  images: readonly Float32Array[],
  shape: readonly [number, number],
): Promise<void> {
  const destination = { folder: dirname(path), maker: 'example', replaces: 'same maker' } as const
  await writeAll(destination, { [basename(path)]: panesPng(images, shape) })
}
