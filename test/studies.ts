/** Writes studies directly into a profile's database, for tests that scan no file. */
import { createHash } from 'node:crypto'
import type { StudyVolume } from '../src/contract/studies.ts'
import type { Role, VolumeInfo } from '../src/contract/volumes.ts'
import type { Profile } from '../src/services/profile/profile.ts'
import type { Contents, WholeVolume } from '../src/services/studies/contents/reader.ts'
import { type Study, studyById } from '../src/services/studies/studies.ts'

/** A study that is in no profile. */
export const studyOf = (volumes: readonly StudyVolume[]): Study => ({
  id: 1,
  name: 'A study',
  kind: 'folder',
  roots: [],
  split: { by: 'folders', seed: null, fractions: null },
  slices: { kind: 'all' },
  remarks: [],
  createdAt: '',
  volumes: [...volumes],
  skipped: [],
})

export function addStudy(profile: Profile, name: string, volumes: readonly [VolumeInfo, Role][]): Study {
  const { db } = profile
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO studies (name, roots, split, slices, remarks, created_at)
        VALUES (?, '[]', '{"by":"folders","seed":null,"fractions":null}', '{"kind":"all"}', '[]', '')`,
    )
    .run(name)
  for (const [info, role] of volumes) addVolume(profile, Number(lastInsertRowid), info, role)
  return studyById(profile, Number(lastInsertRowid))
}

/** A volume as if its file had been read from end to end. Its content is derived from `info`. */
export const whole = (info: VolumeInfo): WholeVolume => ({
  ...info,
  content: info.content ?? {
    identity: createHash('sha256').update(JSON.stringify(info)).digest('hex'),
    scan: createHash('sha256').update(info.path).digest('hex'),
    version: { bytes: info.bytes, modified: '0', changed: '0', inode: '0' },
    sampling: info.sampling,
    faults: [],
    remarks: [],
  },
})

export function addVolume({ db }: Profile, study: number, info: VolumeInfo, role: Role): void {
  const volume = whole(info)
  db.prepare('INSERT INTO volumes (study_id, path, role, patient, info, identity) VALUES (?, ?, ?, ?, ?, ?)').run(
    study,
    volume.path,
    role,
    volume.patient,
    JSON.stringify(volume),
    volume.content.identity,
  )
}

/** A reader of contents that answers from the database. */
export function contentsOf({ db }: Profile): Contents {
  const known = (path: string): WholeVolume | null => {
    const info = db.prepare('SELECT info FROM volumes WHERE path = ?').pluck().get(path) as string | undefined
    return info === undefined ? null : JSON.parse(info)
  }
  return {
    known,
    taken() {},
    isUnusable: () => false,
    read: async paths => paths.map(path => ({ path, volume: known(path)! })),
  }
}
