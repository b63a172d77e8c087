/** A figure as a file: where the user wants it, or in the profile for the browser to fetch. */
import { randomUUID } from 'node:crypto'
import { renameSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { sliceStem } from '../../contract/exports.ts'
import type { FigureFormat, FigureRequest } from '../../contract/figure.ts'
import type { Progress } from '../../engine/protocol.ts'
import { readyVolume } from '../contents/ready.ts'
import type { Services } from '../context.ts'
import type { Frames } from '../frames.ts'
import { reconstructionsDirectory } from '../profile.ts'
import { freePath } from '../save.ts'
import { drawFigure, type Figure, svgOf } from './figure.ts'
import { gatherPanes } from './panes.ts'
import { pdfOf } from './pdf.ts'
import { pngOf } from './png.ts'

const WRITERS: Readonly<
  Record<FigureFormat, (figure: Figure, dpi: number, signal?: AbortSignal) => Promise<Uint8Array> | string>
> = { png: pngOf, pdf: pdfOf, svg: svgOf }

/** Written beside, then renamed: a file of that name is there whole or not at all, and no other takes a free name in between. */
async function writeWhole(folder: string, nameIt: () => string, content: Uint8Array | string): Promise<string> {
  const partial = join(folder, `.${randomUUID()}.part`)
  try {
    await writeFile(partial, content)
    const path = nameIt()
    renameSync(partial, path)
    return path
  } finally {
    await rm(partial, { force: true })
  }
}

export async function saveFigure(
  services: Services,
  frames: Pick<Frames, 'frame'>,
  request: FigureRequest,
  options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<{ path: string; name: string }> {
  const { format, dpi, slice, path: wanted } = request
  if (wanted !== undefined && !(isAbsolute(wanted) && extname(wanted) === `.${format}`))
    throw new AppError('INVALID_ARGUMENT', `Expected an absolute path that ends in .${format}, got ${wanted}`)
  const volume = await readyVolume(services, request.volume, options.signal)
  const panes = await gatherPanes(frames, volume, request, options)
  const content = await WRITERS[format](drawFigure(volume, panes, request), dpi, options.signal)
  const folder = wanted === undefined ? reconstructionsDirectory(services) : dirname(wanted)
  await mkdir(folder, { recursive: true })
  const stem = basename(volume.file, extname(volume.file))
  const path = await writeWhole(folder, () => wanted ?? freePath(folder, sliceStem(stem, slice), `.${format}`), content)
  return { path, name: basename(path) }
}
