/** A profile as version 349f561 wrote it, with its study's files and a report (test/fixtures/profile-349f561). */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { unzipSync } from 'fflate'

const ARCHIVE = new URL('./fixtures/profile-349f561/profile.zip', import.meta.url)

/** Where it was when it was written. */
export const OLD_PLACE = '/tmp/self-mri-349f561'

/**
 * Unpacks `profile`, `data` and `report` into a folder: the profile has been moved since, and its study's files with it, which it finds
 * only when `dataFollow` says so: their paths in the database are then those of the folder. The runs then began after the files were
 * written, as they did where they were made; with `rewritten` before.
 */
export function unpackOldProfile(folder: string, { dataFollow = false, rewritten = false } = {}) {
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(ARCHIVE)))) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
  const profile = join(folder, 'profile')
  const db = new Database(join(profile, 'self-mri.sqlite'))
  db.exec(`UPDATE runs SET pid = ${2 ** 30}`) // no process of today has this number
  if (dataFollow) {
    const paths = { before: `${OLD_PLACE}/data`, after: join(folder, 'data') }
    db.prepare('UPDATE volumes SET path = replace(path, @before, @after), info = replace(info, @before, @after)').run(
      paths,
    )
    db.prepare('UPDATE studies SET roots = replace(roots, @before, @after)').run(paths)
    if (!rewritten) db.prepare('UPDATE runs SET created_at = ?').run(new Date(Date.now() + 1000).toISOString())
  }
  db.close()
  return { profile, data: join(folder, 'data'), report: join(folder, 'report') }
}
