/** The study of new scans: files for reconstruction only. The study is made with the first file. */
import { rmSync } from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import { fileOfVolume } from '../../contract/volume-path.ts'
import { type SkippedFile, VolumeInfo } from '../../contract/volumes.ts'
import { fileAt, pathWithin, storedFile, uploadsDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { volumesToScore } from './contents/chosen.ts'
import type { OpenProfile } from './contents/reader.ts'
import { freeName, storedInfo } from './studies.ts'

const NAME = 'New scans'

const scansStudy = ({ db }: Profile) =>
  db.prepare("SELECT id FROM studies WHERE kind = 'scans'").pluck().get() as number | undefined

function makeStudy(profile: Profile): number {
  const { lastInsertRowid } = profile.db
    .prepare(
      `INSERT INTO studies (name, kind, roots, split, slices, remarks, created_at)
        VALUES (?, 'scans', '[]', '{"by":"the study","seed":null,"fractions":null}', '{"kind":"all"}', '[]', ?)`,
    )
    .run(freeName(profile, NAME), new Date().toISOString())
  return Number(lastInsertRowid)
}

/** Deletes an uploaded file of which no study uses a volume, because only the profile has this file. */
function dropUpload(profile: Profile, path: string): void {
  const file = fileOfVolume(path)
  if (!pathWithin(uploadsDirectory(profile), file)) return
  const paths = profile.db.prepare('SELECT path FROM volumes').pluck().all() as string[]
  if (!paths.some(each => fileOfVolume(each) === storedFile(profile, file))) rmSync(file, { force: true })
}

export interface AddedScans {
  /** `null`: no file so far could be used. */
  readonly study: number | null
  readonly volumes: number[]
  readonly skipped: SkippedFile[]
}

/** Adds the usable files in `paths`. A file that was added before is read again and keeps its number. */
export async function addScans(
  opened: OpenProfile,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<AddedScans> {
  const { db, bell } = opened.profile
  const whole = await volumesToScore(opened, { paths }, { signal })
  const add = db.prepare(
    `INSERT INTO volumes (study_id, path, role, patient, info, identity) VALUES (?, ?, 'test', ?, ?, ?)
      ON CONFLICT (study_id, path) DO UPDATE
        SET patient = excluded.patient, info = excluded.info, identity = excluded.identity RETURNING id`,
  )
  const added = db
    .transaction(() => {
      const there = scansStudy(opened.profile) ?? null
      if (whole.volumes.length === 0) return { study: there, volumes: [], skipped: [...whole.skipped] }
      const study = there ?? makeStudy(opened.profile)
      const volumes = whole.volumes.map(volume => {
        const path = storedFile(opened.profile, volume.path)
        const row = add.get(study, path, volume.patient, storedInfo(opened.profile, volume), volume.content?.identity)
        return (row as { id: number }).id
      })
      db.prepare('UPDATE studies SET hidden_at = NULL WHERE id = ?').run(study)
      return { study, volumes, skipped: [...whole.skipped] }
    })
    .immediate()
  for (const { path } of whole.skipped) dropUpload(opened.profile, path)
  bell.ring()
  return added
}

/** Removes a scan from the list. Uploaded files of the scan are deleted too. */
export function removeScan(profile: Profile, volume: number): void {
  const { db, bell } = profile
  const row = db
    .prepare(
      `SELECT path, info FROM volumes JOIN studies ON studies.id = study_id
        WHERE volumes.id = ? AND kind = 'scans'`,
    )
    .get(volume) as { path: string; info: string } | undefined
  if (!row) throw new AppError('STUDY_NOT_FOUND', `Expected a new scan’s number, got ${volume}`)
  db.prepare('DELETE FROM volumes WHERE id = ?').run(volume)
  const { content } = VolumeInfo.parse(JSON.parse(row.info))
  for (const path of [fileAt(profile, row.path), ...Object.keys(content?.version.sources ?? {})])
    dropUpload(profile, path)
  bell.ring()
}
