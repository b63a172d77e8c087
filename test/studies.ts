/** Studies written straight into a profile's database, for tests that scan no file. */
import type { Role, VolumeInfo } from '../src/contract/volumes.ts'
import type { Services } from '../src/services/context.ts'
import { type Study, studyById } from '../src/services/studies.ts'

export function addStudy(services: Services, name: string, volumes: readonly [VolumeInfo, Role][]): Study {
  const { db } = services
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO studies (name, roots, split, slices, remarks, created_at)
        VALUES (?, '[]', '{"by":"folders","seed":null,"fractions":null}', '{"kind":"all"}', '[]', '')`,
    )
    .run(name)
  const add = db.prepare('INSERT INTO volumes (study_id, path, role, patient, info) VALUES (?, ?, ?, ?, ?)')
  for (const [info, role] of volumes) add.run(lastInsertRowid, info.path, role, info.patient, JSON.stringify(info))
  return studyById(services, Number(lastInsertRowid))
}
