/** Reconstructions and figures as files: where the desktop's dialog says, or as the browser's download. */
import { type ExportFormat, exportName, stemOf } from '../../contract/exports.ts'
import type { FigureFormat, FigureInput } from '../../contract/figure.ts'
import { downloadPath } from '../../contract/images.ts'
import { client, desktop, followWork } from '../app/client.ts'
import { tellSaved } from '../app/download.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { follow } from '../app/works.ts'
import { useView } from '../viewer/view.ts'

interface Export {
  readonly volume: { readonly id: number; readonly file: string }
  readonly source: string
  readonly format: ExportFormat
  /** From 0; `null`: the volume. */
  readonly slice: number | null
}

/** A reconstruction as a file: where the desktop's dialog says, or as the browser's download. */
export async function saveReconstruction({ volume, source, format, slice }: Export): Promise<void> {
  const { mask, seed } = useView.getState()
  const stem = `${stemOf(volume.file)}-${source.replace(':', '-')}`
  const path = desktop ? await desktop.saveFile(exportName(stem, format, slice)) : undefined
  if (path === null) return
  const replace = path !== undefined // the dialog asks
  const input = { volume: volume.id, source, mask, seed, format, slice, path, replace }
  const saved = await follow(
    'Saving the reconstruction',
    signal => progress => followWork(options => client.save(input, options), signal, progress),
  )
  if (saved) tellSaved(saved)
}

/** The volume's k-space as fastMRI HDF5. */
export async function saveKspace(volume: Export['volume']): Promise<void> {
  const path = desktop ? await desktop.saveFile(`${stemOf(volume.file)}_k-space.h5`) : undefined
  if (path === null) return
  const input = { volume: volume.id, path, replace: path !== undefined } // the dialog asks
  const saved = await follow(
    'Saving k-space',
    signal => progress => followWork(options => client.saveKspace(input, options), signal, progress),
  )
  if (saved) tellSaved(saved)
}

const TYPES: Readonly<Record<FigureFormat, string>> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  pdf: 'application/pdf',
}

/** A figure's bytes, for this page itself. */
async function figureBlob(request: FigureInput, format: FigureFormat, signal: AbortSignal): Promise<Blob> {
  const draw = (options: { signal?: AbortSignal }) => client.figure({ ...request, format }, options)
  const { name } = await followWork(draw, signal, () => {})
  const answer = await fetch(downloadPath(name), { signal })
  return new Blob([await answer.arrayBuffer()], { type: TYPES[format] })
}

/** As an image that a page can show; the caller revokes it. */
export const figureImage = async (request: FigureInput, signal: AbortSignal): Promise<string> =>
  URL.createObjectURL(await figureBlob(request, 'svg', signal))

export async function saveFigure(request: FigureInput, suggested: string): Promise<void> {
  const path = desktop ? await desktop.saveFile(`${suggested}.${request.format}`) : undefined
  if (path === null) return
  const saved = await follow(
    'Drawing the figure',
    signal => progress =>
      followWork(
        options => client.figure({ ...request, path, replace: path !== undefined }, options),
        signal,
        progress,
      ),
  )
  if (saved) tellSaved(saved)
}

/** As PNG, for another program to paste. */
export async function copyFigure(request: FigureInput): Promise<void> {
  try {
    const png = await figureBlob(request, 'png', new AbortController().signal)
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })])
    tellDone('The figure was copied.')
  } catch (error) {
    tellError(error, 'The figure was not copied')
  }
}
