/**
 * A figure as PNG. Opaque RGB, because printers want no transparency.
 * The chunk `pHYs` holds the resolution (PNG, third edition, 11.3.4.3).
 */
import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import { renderAsync } from '@resvg/resvg-js'
import { FONT } from '../reports/index.ts'
import { type Figure, svgOf } from './figure.ts'

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10)
const METRES_PER_INCH = 0.0254
const UNIT_METRE = 1
const RGB = 2
/** Filter that subtracts the byte above, so that rows of enlarged pixels become zeros. */
const FILTER_UP = 2

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}

function header(width: number, height: number): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([8, RGB, 0, 0, 0], 8) // bits, colours, deflate, filters, not interlaced
  return chunk('IHDR', data)
}

function resolution(dpi: number): Buffer {
  const data = Buffer.alloc(9)
  const perMetre = Math.round(dpi / METRES_PER_INCH)
  data.writeUInt32BE(perMetre, 0)
  data.writeUInt32BE(perMetre, 4)
  data[8] = UNIT_METRE
  return chunk('pHYs', data)
}

/** Converts RGBA to filtered rows of RGB. Each row begins with the number of its filter. */
function filteredRows(rgba: Uint8Array, width: number, height: number): Uint8Array {
  const rows = new Uint8Array(height * (1 + 3 * width))
  let at = 0
  for (let y = 0; y < height; y++) {
    rows[at++] = FILTER_UP
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        const from = 4 * (y * width + x) + channel
        rows[at++] = rgba[from] - (y === 0 ? 0 : rgba[from - 4 * width])
      }
  }
  return rows
}

export async function pngOf(figure: Figure, dpi: number, signal?: AbortSignal): Promise<Uint8Array> {
  const { pixels, width, height } = await renderAsync(svgOf(figure), { font: FONT }, signal)
  const data = await promisify(deflate)(filteredRows(pixels, width, height))
  return Buffer.concat([
    SIGNATURE,
    header(width, height),
    resolution(dpi),
    chunk('IDAT', data),
    chunk('IEND', new Uint8Array()),
  ])
}
