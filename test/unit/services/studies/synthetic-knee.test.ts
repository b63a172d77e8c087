import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { studyFiles } from '../../../../src/core/mri/phantom/index.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { multiCoilDemonstration } from '../../../../src/services/studies/demonstration.ts'
import { setStudyHidden, summariseStudies } from '../../../../src/services/studies/studies.ts'
import {
  findSyntheticKnee,
  nameFor,
  patientsOfRoles,
  type SyntheticKnee,
} from '../../../../src/services/studies/synthetic-knee.ts'
import { addStudy } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

const KNEE = { seed: 0, patients: patientsOfRoles(3), slices: 4, voxel: 2 } as const
const DEMONSTRATION = { seed: 0, patients: { train: 4, val: 1, test: 2 }, slices: 3, voxel: 2, coils: 8 } as const

let folder: string
let services: Services
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synthetic-knee-'))
  services = openServices({ profile: join(folder, 'profile') })
})
afterEach(async () => {
  await services.close()
  rmSync(folder, { recursive: true })
})

/** Adds the study to the profile, as if it had been made. */
function add(knee: SyntheticKnee): number {
  const { info } = noiseVolume('knee', { slices: knee.slices })
  const { id } = addStudy(
    services.profile,
    nameFor(knee),
    studyFiles(knee.seed, knee.patients, knee.coils).map(({ path, file, volume }) => [
      {
        ...info,
        ...{ path: join(folder, `${knee.coils}`, path), file, patient: `patient ${volume.patient}` },
        ...{ columns: 372 / (knee.voxel ?? 1), coils: knee.coils ?? 1, origin: 'synthetic' },
      },
      path.split('/')[0] as 'train' | 'val' | 'test',
    ]),
  )
  services.profile.db.prepare("UPDATE studies SET kind = 'synthetic' WHERE id = ?").run(id)
  return id
}

it('is found by all of its numbers', () => {
  const one = add(KNEE)
  const eight = add({ ...KNEE, coils: 8 })
  const found = (knee: SyntheticKnee) => findSyntheticKnee(services.profile, knee)?.id
  expect(found(KNEE)).toBe(one)
  expect(found({ ...KNEE, coils: 1 })).toBe(one)
  expect(found({ ...KNEE, coils: 8 })).toBe(eight)
  const others = [{ coils: 4 }, { seed: 8 }, { slices: 3 }, { voxel: 1 }, { patients: patientsOfRoles(4) }] as const
  for (const other of others) expect(found({ ...KNEE, ...other })).toBeUndefined()
})

it('says its coils in its name and in the list', () => {
  add(KNEE)
  add({ ...KNEE, coils: 8 })
  expect(summariseStudies(services.profile).map(({ name, coils }) => [name, coils])).toEqual([
    ['Knee, synthetic, coarse (seed 0)', 1],
    ['Knee, synthetic, coarse, 8 coils (seed 0)', 8],
  ])
})

it('is made once as the multi-coil demonstration, and is then shown in the list again', async () => {
  const id = add(DEMONSTRATION)
  setStudyHidden(services.profile, id, true)
  expect(summariseStudies(services.profile)).toEqual([])
  expect((await multiCoilDemonstration(services, {})).id).toBe(id)
  expect(summariseStudies(services.profile).map(study => study.id)).toEqual([id])
})
