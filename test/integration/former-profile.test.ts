/** Profiles of version 349f561, whose runs recorded no contents. Which of their runs and scores are still valid? */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openServices, type Services } from '../../src/services/open.ts'
import { resumeRun } from '../../src/services/runs/resume.ts'
import { findRun, listRuns } from '../../src/services/runs/runs.ts'
import { viewRun } from '../../src/services/runs/views.ts'
import { readyStudy } from '../../src/services/studies/contents/ready.ts'
import { findStudy } from '../../src/services/studies/studies.ts'
import { unpackOldProfile, unpackReproducedProfile } from '../old-profile.ts'

let folder: string
let services: Services

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-former-'))
})

afterEach(() => {
  services.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const contents = () => listRuns(services.profile).map(({ contents: of }) => of)

it('runs get the contents of files that are older than the runs, and can be resumed', async () => {
  services = openServices({ profile: unpackOldProfile(folder, { dataFollow: true }).profile })
  expect(contents()).toEqual(Array(4).fill('not recorded'))
  const study = await readyStudy(services, findStudy(services.profile, 'Brains'))
  expect(study.volumes.every(({ content }) => content)).toBe(true)
  expect(contents()).toEqual(Array(4).fill('current'))
  const used = services.profile.db
    .prepare('SELECT role, file FROM run_volumes WHERE run_id = 3 ORDER BY role')
    .raw()
    .all()
  const trained = study.volumes.filter(({ role }) => role !== 'test').map(({ role, file }) => [role, file])
  expect(used).toEqual(trained.sort())
  const run = await resumeRun(services, '4')
  expect(run.status).toBe('finished')
  expect(run.summary!.kernels).toMatchObject([{ name: null }, { name: expect.any(String), epoch: 2 }])
  expect(viewRun(services.profile, '4').notes).toMatchObject([
    { text: expect.stringMatching(/^Last digits may differ from epoch 2 on: the run used kernels of version 0\.2 /) },
  ])
})

it('runs whose files were written later stay, are marked, and cannot be resumed', async () => {
  services = openServices({ profile: unpackOldProfile(folder, { dataFollow: true, rewritten: true }).profile })
  await readyStudy(services, findStudy(services.profile, 'Brains'))
  expect(contents()).toEqual(Array(4).fill('not recorded'))
  expect(findRun(services.profile, '3')).toMatchObject({ status: 'finished', metrics: { ssim: expect.any(Number) } })
  await expect(resumeRun(services, '4')).rejects.toMatchObject({
    code: 'DATA_CHANGED',
    message: expect.stringMatching(/run 4.*Brains/),
  })
})

/** The number of scores that name volumes by their current contents. */
async function scoresOfContents(profile: string) {
  services = openServices({ profile })
  const { volumes } = await readyStudy(services, findStudy(services.profile, 'Brains'))
  const named = services.profile.db
    .prepare("SELECT COUNT(*) FROM evaluations WHERE request ->> '$.volumes[0]' = ?")
    .pluck()
  const { file, content } = volumes.find(({ role }) => role === 'test')!
  return named.get(`${content!.identity} ${file}`)
}

it('scores get the contents of files that are older than the scores', async () => {
  expect(await scoresOfContents(unpackReproducedProfile(folder).profile)).toBe(11)
})

it('scores get no contents of files that were written later', async () => {
  expect(await scoresOfContents(unpackReproducedProfile(folder, { rewritten: true }).profile)).toBe(0)
})

it('scores get no contents of files that this version scores in another way', async () => {
  const { profile } = unpackReproducedProfile(folder)
  const db = new Database(join(profile, 'self-mri.sqlite'))
  db.exec("UPDATE evaluations SET result = json_set(result, '$.volumes[0].sampling', 'sub-sampled in the file')")
  db.close()
  expect(await scoresOfContents(profile)).toBe(0)
})
