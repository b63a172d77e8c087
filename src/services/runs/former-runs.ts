/**
 * Runs of versions that did not record contents (349f561 and before). If the files were not written after the run
 * began, the present contents are recorded. Otherwise the run stays "content not recorded", and reproductions do not
 * use the run.
 */
import { createHash } from 'node:crypto'
import type { RunConfig } from '../../contract/runs.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import type { Role } from '../../contract/volumes.ts'
import type { Profile } from '../profile/profile.ts'
import { studyById } from '../studies/studies.ts'
import { contentDigest, trainable } from '../studies/training-data.ts'
import { recordContents } from './store.ts'

/** The digest of volumes in those versions. */
function formerDigest(volumes: readonly StudyVolume[]): string {
  const facts = volumes.map(({ file, role, patient, slices, rows, columns, bytes }) =>
    [file, role, patient, slices, rows, columns, bytes].join('|'),
  )
  return createHash('sha256').update(facts.join('\n')).digest('hex')
}

/** Whether the file was neither written nor moved after `began`. */
export function olderThan({ content }: StudyVolume, began: string): boolean {
  const at = BigInt(Date.parse(began)) * 1_000_000n
  return content !== undefined && BigInt(content.version.modified) < at && BigInt(content.version.changed) < at
}

export function adoptFormerRuns(profile: Profile, study: number): void {
  const { db } = profile
  const rows = db
    .prepare(
      `SELECT id, kind, created_at, environment ->> '$.data' AS data FROM runs
        WHERE study_id = ? AND environment ->> '$.data' IS NOT NULL AND environment ->> '$.content' IS NULL`,
    )
    .all(study) as { id: number; kind: RunConfig['kind']; created_at: string; data: string }[]
  if (rows.length === 0) return
  const { volumes, kind, slices } = studyById(profile, study)
  for (const run of rows) {
    const patients = db.prepare('SELECT patient, role FROM run_patients WHERE run_id = ?').raw().all(run.id)
    const roles = new Map(patients as [string, Role][])
    const as = volumes.flatMap(volume => {
      const role = roles.get(volume.patient)
      return role ? [{ ...volume, role }] : []
    })
    const roled = { volumes: as, slices }
    const used = { train: trainable(roled, 'train', run.kind), val: trainable(roled, 'val', run.kind) }
    const all = [...used.train, ...used.val]
    // The demonstration files never changed. The user's files are judged by their times.
    const theirs = kind === 'demonstration' || all.every(volume => olderThan(volume, run.created_at))
    if (!theirs || all.some(({ content }) => !content) || formerDigest(all) !== run.data) continue
    recordContents(profile, String(run.id), contentDigest(all), used)
  }
}
