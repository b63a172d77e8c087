/** What buttons, menus and keys do to runs and studies; each says what came of it. */
import type { QueryClient } from '@tanstack/react-query'
import { type ExportFormat, exportName } from '../../contract/exports.ts'
import type { FigureFormat, FigureInput } from '../../contract/figure.ts'
import { downloadPath } from '../../contract/images.ts'
import type { NamedRecipe, RecipeSettings } from '../../contract/recipes.ts'
import type { RunView } from '../../contract/runs.ts'
import type { Findings } from '../../contract/studies.ts'
import type { Reproduction, ReproductionRequest } from '../../contract/study.ts'
import { client, desktop, followWork } from '../app/client.ts'
import { markStopping } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { follow } from '../app/works.ts'
import { count, fileOf } from '../format.ts'
import { openVolume, useView } from '../viewer/view.ts'

export const queries: { current: QueryClient | null } = { current: null }

/** Resolves once what is on screen has been read again, so that what is opened next is in it. */
const refresh = async (...keys: string[]): Promise<void> => {
  await Promise.all(keys.map(key => queries.current?.invalidateQueries({ queryKey: [key] })))
}

/** `epoch`: a milestone's weights in place of the kept ones. */
export async function fineTune(run: RunView, control: boolean, epoch?: number): Promise<void> {
  try {
    const { runs } = await client.runs.fineTune({ run: run.id, control, epoch })
    await refresh('runs')
    tellDone(`Run ${runs[0]} fine-tunes run ${run.id}${control ? `; run ${runs[1]} is its control` : ''}.`)
    goToScreen('runs', runs[0])
  } catch (error) {
    tellError(error, `Run ${run.id} was not fine-tuned`)
  }
}

async function stop(run: RunView, how: 'Cancelling…' | 'Pausing…', ask: () => Promise<void>): Promise<void> {
  if (run.status === 'running') markStopping(run.id, how)
  try {
    await ask()
    await refresh('runs')
  } catch (error) {
    markStopping(run.id, null)
    tellError(error, `Run ${run.id} goes on`)
  }
}

export const cancelRun = (run: RunView) => stop(run, 'Cancelling…', () => client.runs.cancel({ run: run.id }))
export const pauseRun = (run: RunView) => stop(run, 'Pausing…', () => client.runs.pause({ run: run.id }))

export async function resumeRun(run: RunView): Promise<void> {
  try {
    await client.runs.resume({ run: run.id })
    await refresh('runs')
    goToScreen('runs', run.id)
  } catch (error) {
    tellError(error, `Run ${run.id} was not resumed`)
  }
}

/** Before another that waits, or to the end. */
export async function moveRun(run: RunView, before: string | null): Promise<void> {
  try {
    await client.runs.move({ run: run.id, before })
    await refresh('runs')
  } catch (error) {
    tellError(error, `Run ${run.id} was not moved`)
  }
}

/** The same configuration again; `changes` where it did not fit into memory. */
export async function runAgain(run: RunView, changes: { batch?: number; accumulate?: number } = {}): Promise<void> {
  try {
    const { runs } = await client.runs.again({ run: run.id, ...changes })
    await refresh('runs')
    goToScreen('runs', runs[0])
  } catch (error) {
    tellError(error, `Run ${run.id} was not started again`)
  }
}

export async function hideRun(run: RunView): Promise<void> {
  try {
    await client.runs.hide({ run: run.id })
    await refresh('runs')
    tellDone(`Run ${run.id} was taken off the list; its files stay.`, async () => {
      await client.runs.restore({ run: run.id })
      await refresh('runs')
    })
  } catch (error) {
    tellError(error, `Run ${run.id} was not taken off the list`)
  }
}

/** Over the own recipe of that id, or as a new one; `null` where it was not saved, and the user is told. */
export async function saveRecipe(recipe: {
  id?: string
  name: string
  settings: RecipeSettings
}): Promise<NamedRecipe | null> {
  try {
    const saved = await client.recipes.save(recipe)
    await refresh('recipes')
    tellDone(`The recipe “${saved.name}” is saved.`)
    return saved
  } catch (error) {
    tellError(error, `The recipe “${recipe.name}” was not saved`)
    return null
  }
}

export async function deleteRecipe({ id, name }: NamedRecipe): Promise<void> {
  try {
    await client.recipes.hide({ id })
    await refresh('recipes')
    tellDone(`The recipe “${name}” was deleted.`, async () => {
      await client.recipes.restore({ id })
      await refresh('recipes')
    })
  } catch (error) {
    tellError(error, `The recipe “${name}” was not deleted`)
  }
}

export async function startReproduction(request: ReproductionRequest): Promise<void> {
  try {
    const { id } = await client.reproductions.start(request)
    await refresh('reproductions')
    goToScreen('report', String(id))
  } catch (error) {
    tellError(error, 'The reproduction was not started')
  }
}

export async function stopReproduction({ id }: Reproduction): Promise<void> {
  try {
    await client.reproductions.stop({ id })
    await refresh('reproductions')
  } catch (error) {
    tellError(error, `Reproduction ${id} goes on`)
  }
}

export async function resumeReproduction({ id }: Reproduction): Promise<void> {
  try {
    await client.reproductions.resume({ id })
    await refresh('reproductions')
  } catch (error) {
    tellError(error, `Reproduction ${id} was not resumed`)
  }
}

/** The page, the JSON and the figures into a folder that the desktop's dialog gives; the page alone as the browser's download. */
export async function saveReproduction({ id }: Reproduction): Promise<void> {
  const folder = desktop ? await desktop.openFolder() : undefined
  if (folder === null) return
  try {
    const { path, name } = await client.reproductions.save({ id, folder })
    if (!desktop) download(name)
    tellDone(`Saved: ${desktop ? path : name}`)
  } catch (error) {
    tellError(error, 'The report was not saved')
  }
}

export async function hideStudy(study: { readonly id: number; readonly name: string }): Promise<void> {
  try {
    await client.studies.hide({ study: study.id })
    await refresh('studies')
    tellDone(`“${study.name}” was taken off the list; its files stay.`, async () => {
      await client.studies.restore({ study: study.id })
      await refresh('studies')
    })
  } catch (error) {
    tellError(error, `“${study.name}” was not taken off the list`)
  }
}

export async function removeScan(volume: { readonly id: number; readonly file: string; readonly path: string }) {
  try {
    await client.studies.removeScan({ volume: volume.id })
    await refresh('studies', 'study')
    tellDone(`${volume.file} was taken off the list; the file stays.`, () => addScans([volume.path]))
  } catch (error) {
    tellError(error, `${volume.file} was not taken off the list`)
  }
}

export const importFolder = (path: string) =>
  follow(
    'Adding a study',
    signal => progress => followWork(options => client.studies.import({ paths: [path] }, options), signal, progress),
  ).then(async study => {
    if (!study) return
    await refresh('studies')
    const broken = study.skipped.length > 0 ? `; ${count(study.skipped.length, 'file')} could not be used` : ''
    tellDone(`“${study.name}”: ${count(study.volumes.length, 'volume')}${broken}.`)
    useView.setState({ study: study.id, volume: null })
    goToScreen('studies')
  })

/** Reads what has not been read of a study's files, in the background; resolves to whether that came to its end. */
export async function readStudy({ id, name }: { readonly id: number; readonly name: string }): Promise<boolean> {
  const read = await follow(
    `Reading the files of “${name}”`,
    signal => progress => followWork(options => client.studies.read({ study: id }, options), signal, progress),
    'MB',
  )
  await refresh('studies', 'study', 'runs')
  return read !== null
}

/** What is new, changed, moved or missing among a study's files; `null`: cancelled, or the user is told why not. */
export const scanStudy = ({ id, name }: { readonly id: number; readonly name: string }): Promise<Findings | null> =>
  follow(
    `Scanning “${name}”`,
    signal => progress => followWork(options => client.studies.scan({ study: id }, options), signal, progress),
    'MB',
  )

export async function takeFindings(
  { id, name }: { readonly id: number; readonly name: string },
  { token }: Findings,
  removeMissing: boolean,
): Promise<void> {
  const input = { study: id, token, removeMissing }
  const study = await follow(
    `Taking the files of “${name}”`,
    signal => progress => followWork(options => client.studies.take(input, options), signal, progress),
    'MB',
  )
  await refresh('studies', 'study', 'runs')
  if (study) tellDone(`“${name}” has the files as they are now: ${count(study.volumes.length, 'volume')}.`)
}

export async function locateFiles(
  { id, name }: { readonly id: number; readonly name: string },
  folder: string,
): Promise<void> {
  const found = await follow(
    `Looking for the files of “${name}”`,
    signal => progress =>
      followWork(options => client.studies.locate({ study: id, folder }, options), signal, progress),
    'MB',
  )
  await refresh('studies', 'study')
  if (!found) return
  const still = found.missing.length > 0 ? `; ${count(found.missing.length, 'file')} still missing` : ''
  tellDone(`${count(found.moved.length, 'file')} found by content${still}.`)
}

export const synthesizeKnee = (settings: { seed: number; patients: number; slices: number }) =>
  follow(
    'Drawing the synthetic knee',
    signal => progress => followWork(options => client.studies.synthesize(settings, options), signal, progress),
  ).then(async study => {
    if (!study) return
    await refresh('studies')
    tellDone(`“${study.name}” is there.`)
    useView.setState({ study: study.id, volume: null })
    goToScreen('studies')
  })

/** Files that belong to no study: they are opened to be reconstructed. */
export async function addScans(paths: string[]): Promise<void> {
  try {
    const { study, volumes, skipped } = await client.studies.addScans({ paths })
    await refresh('studies', 'study')
    for (const { path, reason } of skipped) tellError(new Error(reason), `${fileOf(path)} was not opened`)
    if (study === null || volumes.length === 0) return
    const { volumes: all } = await client.studies.get({ study })
    const first = all.find(({ id }) => id === volumes[0])
    if (first) openVolume(study, first)
    goToScreen('compare')
  } catch (error) {
    tellError(error, 'The files were not opened')
  }
}

export async function importCheckpoint(path: string, study: number): Promise<void> {
  try {
    const { run } = await client.runs.importCheckpoint({ path, study })
    await refresh('runs')
    tellDone(`The checkpoint is run ${run}; it can be looked at and fine-tuned.`)
    goToScreen('runs', run)
  } catch (error) {
    tellError(error, 'The checkpoint was not imported')
  }
}

/** A file that the host wrote, to where the browser puts its downloads. */
function download(name: string): void {
  const link = document.createElement('a')
  link.href = downloadPath(name)
  link.download = name
  link.click()
}

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
  const stem = `${volume.file.replace(/\.h(df)?5$/i, '')}-${source.replace(':', '-')}`
  const path = desktop ? await desktop.saveFile(exportName(stem, format, slice)) : undefined
  if (path === null) return
  const input = { volume: volume.id, source, mask, seed, format, slice, path, replace: path !== undefined } // the dialog asks
  const saved = await follow(
    'Saving the reconstruction',
    signal => progress => followWork(options => client.save(input, options), signal, progress),
  )
  if (saved) tellSaved(saved)
}

function tellSaved({ path, name }: { readonly path: string; readonly name: string }): void {
  if (!desktop) download(name)
  tellDone(`Saved: ${desktop ? path : name}`)
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
