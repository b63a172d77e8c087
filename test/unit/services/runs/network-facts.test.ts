/** What a window learns of a run's network: what it gives, and with how many coils it was trained. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { viewRun, viewRuns } from '../../../../src/services/runs/views.ts'
import { addRun, TRAINING } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

let profile: string
let services: Services

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-profile-'))
  services = openServices({ profile })
})

afterEach(() => {
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const VARNET = { ...TRAINING, network: 'varnet', networkConfig: { cascades: 3, channels: 2 } }

/** Runs of one study whose training used these of its volumes. */
function runsOf(...trained: readonly (readonly number[])[]) {
  const patients = [1, 4, 8].map(coils => noiseVolume(`p${coils}`, { coils }).info)
  const study = addStudy(
    services.profile,
    's',
    patients.map(info => [info, 'train'] as const),
  )
  return trained.map((coils, i) => {
    const used = { train: study.volumes.filter(volume => coils.includes(volume.coils)), val: study.volumes }
    return addRun(services.profile, study.id, { config: i === 0 ? TRAINING : VARNET, used, content: coils.join() })
  })
}

it('a run says what its network takes and gives, and the coils of its training volumes', () => {
  const runs = runsOf([8], [1], [4, 8], [4, 8])
  const views = viewRuns(services.profile)
  expect(views).toMatchObject([
    { takes: 'magnitude', gives: [], cascades: 0, trainedCoils: null },
    { takes: 'kspace', gives: ['k-space', 'complex image', 'cascade', 'maps'], cascades: 3, trainedCoils: [1, 1] },
    { trainedCoils: [4, 8] },
    { trainedCoils: [4, 8] },
  ])
  expect(runs.map(run => viewRun(services.profile, run).run)).toEqual(views)
})

it('the coils are not known if the volumes were not recorded, or are no longer in the study', () => {
  const [, , recorded] = runsOf([8], [8], [4])
  const { db } = services.profile
  db.exec("UPDATE runs SET environment = json_remove(environment, '$.content') WHERE id = 2")
  db.exec("DELETE FROM volumes WHERE info ->> '$.coils' = 4")
  expect(viewRun(services.profile, '2').run.trainedCoils).toBeNull()
  expect(viewRun(services.profile, recorded).run.trainedCoils).toBeNull()
})
