/** Actions on studies and their files. Each shows a message with its result. */
import { type Findings, renamedInWords, type Study } from '../../contract/studies.ts'
import { count } from '../../presentation/numbers.ts'
import { client, followWork } from '../app/client.ts'
import { fileOf } from '../app/format.ts'
import { goToScreen } from '../app/navigation.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { refresh } from '../app/refresh.ts'
import { follow } from '../app/works.ts'
import { openVolume, useView } from '../viewer/view.ts'

export async function hideStudy(study: { readonly id: number; readonly name: string }): Promise<void> {
  try {
    await client.studies.hide({ study: study.id })
    await refresh('studies')
    tellDone(`“${study.name}” was removed from the list. Its files stay on the disk.`, async () => {
      await client.studies.restore({ study: study.id })
      await refresh('studies')
    })
  } catch (error) {
    tellError(error, `“${study.name}” was not removed from the list`)
  }
}

/** Acknowledges the flags against the volumes' being raw, or takes that back. */
export async function acknowledgeFlags(study: { readonly id: number }, acknowledged: boolean): Promise<void> {
  try {
    await client.studies.acknowledge({ study: study.id, acknowledged })
    await refresh('study')
    if (acknowledged) tellDone('The flags are acknowledged.', () => acknowledgeFlags(study, false))
  } catch (error) {
    tellError(error, 'The flags were not changed')
  }
}

export async function removeScan(volume: { readonly id: number; readonly file: string; readonly path: string }) {
  try {
    await client.studies.removeScan({ volume: volume.id })
    await refresh('studies', 'study')
    tellDone(`${volume.file} was removed from the list. The file stays on the disk.`, () => addScans([volume.path]))
  } catch (error) {
    tellError(error, `${volume.file} was not removed from the list`)
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
    `Updating the files of “${name}”`,
    signal => progress => followWork(options => client.studies.take(input, options), signal, progress),
    'MB',
  )
  await refresh('studies', 'study', 'runs')
  if (study) tellDone(`“${name}” is up to date: ${count(study.volumes.length, 'volume')}.`)
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
  const renamed = renamedInWords(found.moved)
  if (renamed) tellError(new Error(renamed), 'Files have other names')
}

async function showMade(study: Study | null, said: string): Promise<void> {
  if (!study) return
  await refresh('studies')
  tellDone(`“${study.name}” ${said}.`)
  useView.setState({ study: study.id, volume: null })
  goToScreen('studies')
}

export const synthesizeKnee = (settings: { seed: number; patients: number; slices: number; coils: number }) =>
  follow(
    'Making the synthetic knee study',
    signal => progress => followWork(options => client.studies.synthesize(settings, options), signal, progress),
  ).then(study => showMade(study, 'was made'))

export const demonstrateCoils = () =>
  follow(
    'Making the multi-coil demonstration',
    signal => progress => followWork(options => client.studies.demonstrateCoils(undefined, options), signal, progress),
  ).then(study => showMade(study, 'is in the list'))

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
