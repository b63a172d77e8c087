/** Writes a figure as a file at the user's path, or into the profile for a download. */
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { requireFittingName, sliceStem, stemOf } from '../../contract/exports.ts'
import type { FigureFormat, FigureRequest } from '../../contract/figure.ts'
import { inWorkshop, placeAt, placeUnderFreeName } from '../../engine/files/written.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import { reconstructionsDirectory } from '../profile/paths.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { readyVolume } from '../studies/contents/ready.ts'
import type { Frames } from '../viewing/frames.ts'
import { chooseForWriting } from '../viewing/save.ts'
import { drawFigure, type Figure, svgOf } from './figure.ts'
import { gatherPanes } from './panes.ts'
import { pdfOf } from './pdf.ts'
import { pngOf } from './png.ts'

const WRITERS: Readonly<
  Record<FigureFormat, (figure: Figure, dpi: number, signal?: AbortSignal) => Promise<Uint8Array> | string>
> = { png: pngOf, pdf: pdfOf, svg: svgOf }

export async function saveFigure(
  opened: OpenProfile,
  frames: Pick<Frames, 'frame'>,
  request: FigureRequest,
  options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<{ path: string; name: string }> {
  const { format, dpi, slice, path: wanted, replace } = request
  const ending = `.${format}`
  const chosen = wanted === undefined ? null : await chooseForWriting(opened, { path: wanted, ending, replace })
  const volume = await readyVolume(opened, request.volume, options.signal)
  const stem = sliceStem(stemOf(volume.file), slice)
  requireFittingName(wanted === undefined ? `${stem}.${format}` : basename(wanted))
  const panes = await gatherPanes(frames, volume, request, options)
  const content = await WRITERS[format](drawFigure(volume, panes, request), dpi, options.signal)
  const folder = wanted === undefined ? reconstructionsDirectory(opened.profile) : dirname(wanted)
  return inWorkshop(folder, async workshop => {
    const finished = join(workshop, 'figure')
    await writeFile(finished, content)
    if (chosen) await placeAt(finished, chosen)
    const path = chosen?.path ?? (await placeUnderFreeName(finished, { folder, stem, ending }))
    return { path, name: basename(path) }
  })
}
