/** Profiles of version 349f561, with the study's files and a reproduction's report (test/fixtures/profile-349f561). */
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { unzipSync } from 'fflate'

/** The folder in which the old version wrote the profile and the study. */
export const OLD_PLACE = '/tmp/self-mri-349f561'

function unpack(folder: string, archive: string, part = ''): void {
  const bytes = readFileSync(new URL(`./fixtures/profile-349f561/${archive}.zip`, import.meta.url))
  for (const [name, content] of Object.entries(unzipSync(bytes, { filter: ({ name }) => name.startsWith(part) }))) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

interface Unpacked {
  /** The database names the study's files in the new folder. */
  readonly dataFollow: boolean
  /** The files are newer than the runs and the scores. In the original folder, the files were older. */
  readonly rewritten: boolean
}

function changeDatabase(folder: string, { dataFollow, rewritten }: Unpacked): void {
  const db = new Database(join(folder, 'profile', 'self-mri.sqlite'))
  db.exec(`UPDATE runs SET pid = ${2 ** 30}`) // No living process has this number.
  if (dataFollow) {
    const paths = { before: `${OLD_PLACE}/data`, after: join(folder, 'data') }
    db.prepare('UPDATE volumes SET path = replace(path, @before, @after), info = replace(info, @before, @after)').run(
      paths,
    )
    db.prepare('UPDATE studies SET roots = replace(roots, @before, @after)').run(paths)
    const at = rewritten ? '2020-01-01T00:00:00.000Z' : new Date(Date.now() + 1000).toISOString()
    for (const table of ['runs', 'evaluations']) db.prepare(`UPDATE ${table} SET created_at = ?`).run(at)
  }
  db.close()
}

const places = (folder: string) => ({ profile: join(folder, 'profile'), data: join(folder, 'data') })

/** Unpacks `profile` and `data` into a new folder, so the database names paths of the former folder. */
export function unpackOldProfile(folder: string, { dataFollow = false, rewritten = false } = {}) {
  unpack(folder, 'profile')
  changeDatabase(folder, { dataFollow, rewritten })
  return places(folder)
}

/** Unpacks the profile of a finished reproduction, its study's files, and its `report`. */
export function unpackReproducedProfile(folder: string, { rewritten = false } = {}) {
  unpack(folder, 'profile', 'data/')
  unpack(folder, 'reproduced')
  const sizes: Record<string, number> = JSON.parse(readFileSync(join(folder, 'sizes.json'), 'utf8'))
  // truncateSync fills the rest of a file with zeros.
  for (const [name, size] of Object.entries(sizes)) truncateSync(join(folder, name), size)
  changeDatabase(folder, { dataFollow: true, rewritten })
  return { ...places(folder), report: join(folder, 'report') }
}
