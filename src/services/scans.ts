/** The study of new scans: files to be reconstructed that belong to no study. Made when the first one comes; nothing is trained on it. */
import { rmSync } from 'node:fs'
import { AppError } from '../contract/errors.ts'
import type { SkippedFile } from '../contract/volumes.ts'
import type { Services } from './context.ts'
import { volumesToScore } from './evaluations.ts'
import { fileAt, pathWithin, storedFile, uploadsDirectory } from './profile.ts'
import { freeName, storedInfo } from './studies.ts'

const NAME = 'New scans'

const scansStudy = ({ db }: Services) =>
  db.prepare("SELECT id FROM studies WHERE kind = 'scans'").pluck().get() as number | undefined

function makeStudy(services: Services): number {
  const { lastInsertRowid } = services.db
    .prepare(
      `INSERT INTO studies (name, kind, roots, split, slices, remarks, created_at)
        VALUES (?, 'scans', '[]', '{"by":"the study","seed":null,"fractions":null}', '{"kind":"all"}', '[]', ?)`,
    )
    .run(freeName(services, NAME), new Date().toISOString())
  return Number(lastInsertRowid)
}

/** Deletes a file that a browser sent and nothing uses: the profile alone holds it. */
function dropUpload(services: Services, path: string): void {
  const used = services.db.prepare('SELECT 1 FROM volumes WHERE path = ?').get(storedFile(services, path))
  if (!used && pathWithin(uploadsDirectory(services), path)) rmSync(path, { force: true })
}

export interface AddedScans {
  /** `null`: nothing could be used, and there is none yet. */
  readonly study: number | null
  readonly volumes: number[]
  readonly skipped: SkippedFile[]
}

/** Adds the usable files in `paths`; a file that is there already is read again and keeps its number. */
export async function addScans(
  services: Services,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<AddedScans> {
  const { db, bell } = services
  const whole = await volumesToScore(services, { paths }, { signal })
  const add = db.prepare(
    `INSERT INTO volumes (study_id, path, role, patient, info, identity) VALUES (?, ?, 'test', ?, ?, ?)
      ON CONFLICT (study_id, path) DO UPDATE
        SET patient = excluded.patient, info = excluded.info, identity = excluded.identity RETURNING id`,
  )
  const added = db
    .transaction(() => {
      const there = scansStudy(services) ?? null
      if (whole.volumes.length === 0) return { study: there, volumes: [], skipped: [...whole.skipped] }
      const study = there ?? makeStudy(services)
      const volumes = whole.volumes.map(volume => {
        const path = storedFile(services, volume.path)
        const row = add.get(study, path, volume.patient, storedInfo(services, volume), volume.content?.identity)
        return (row as { id: number }).id
      })
      db.prepare('UPDATE studies SET hidden_at = NULL WHERE id = ?').run(study)
      return { study, volumes, skipped: [...whole.skipped] }
    })
    .immediate()
  for (const { path } of whole.skipped) dropUpload(services, path)
  bell.ring()
  return added
}

/** Takes a scan off the list. A file that a browser sent is deleted with it. */
export function removeScan(services: Services, volume: number): void {
  const { db, bell } = services
  const row = db
    .prepare(
      "SELECT study_id, path FROM volumes JOIN studies ON studies.id = study_id WHERE volumes.id = ? AND kind = 'scans'",
    )
    .get(volume) as { study_id: number; path: string } | undefined
  if (!row) throw new AppError('STUDY_NOT_FOUND', `Expected a new scan’s number, got ${volume}`)
  db.prepare('DELETE FROM volumes WHERE id = ?').run(volume)
  dropUpload(services, fileAt(services, row.path))
  bell.ring()
}
