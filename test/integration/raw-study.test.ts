/** A study of files without ground truth: it is computed from full k-space after reading, and trained on and scored. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Recipe } from '../../src/contract/recipes.ts'
import { truthInWords } from '../../src/contract/volumes.ts'

import { protocolSentence } from '../../src/presentation/protocol.ts'
import { openServices, type Services } from '../../src/services/open.ts'
import { startRun, supervisedConfig } from '../../src/services/runs/training.ts'
import { fileStates, readyStudy } from '../../src/services/studies/contents/ready.ts'
import { importStudy, studyById } from '../../src/services/studies/studies.ts'
import { evaluate } from '../../src/services/viewing/evaluations.ts'
import { writeKspaceAlone } from '../unit/engine/files/noise-file.ts'

vi.setConfig({ testTimeout: 120_000 })
const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const

let folder: string
let services: Services

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-raw-'))
  services = openServices({ profile: join(folder, 'profile') })
})

afterEach(() => {
  services.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const

/** Imports k-space of three patients. No file is read to its end. */
async function importRaw() {
  for (const [role, patient] of [
    ['train', 'a'],
    ['val', 'b'],
    ['test', 'c'],
  ]) {
    mkdirSync(join(folder, 'raw', role), { recursive: true })
    await writeKspaceAlone(join(folder, 'raw', role), patient)
  }
  return importStudy(services, {
    paths: [join(folder, 'raw')],
    name: 'raw',
    slices: { kind: 'all' },
    splitSeed: 0,
  })
}

it('trains on files without ground truth, and scores them', async () => {
  const study = await importRaw()
  expect(study.volumes.map(truthInWords)).toEqual(['after reading', 'after reading', 'after reading'])
  expect(study.remarks.filter(remark => remark.includes('ground truth'))).toEqual([])
  const config = supervisedConfig(
    'train',
    { network: 'unet', networkConfig: { channels: 2, pools: 2 }, mask, slices: { kind: 'all' }, seed: 0 },
    Recipe.parse({ epochs: 1, batch: 1, optimizer: { kind: 'sgd' }, schedule: { kind: 'constant', rate: 1e-3 } }),
  )
  const run = await startRun(services, { study, config, parent: null })
  const read = studyById(services.profile, study.id)
  const words = Object.fromEntries(read.volumes.map(volume => [volume.role, truthInWords(volume)]))
  expect(words).toEqual({ train: 'computed', val: 'computed', test: 'after reading' })
  const volumes = read.volumes.filter(({ role }) => role === 'test')
  const { protocol, mean } = await evaluate(services, { of: { study: read, volumes }, run: run.id, settings })
  expect(protocolSentence(protocol)).toContain('Reference: computed from full k-space.')
  expect(mean!.ssim).toBeGreaterThan(0)
  const whole = studyById(services.profile, study.id)
  expect(whole.volumes.map(truthInWords)).toEqual(['computed', 'computed', 'computed'])
  expect(whole.remarks).toContainEqual(expect.stringContaining('In 3 of 3 volumes, the ground truth is computed'))
  expect(Object.values(fileStates(services, whole))).toEqual(['as taken', 'as taken', 'as taken'])
  const { volumes: outside } = await evaluate(services, { of: { paths: [volumes[0].path] }, run: run.id, settings })
  expect(outside[0].ssim).toBe(mean!.ssim)
})

it('reads a file again that an older program read without a judgement of the edges of k-space', async () => {
  const study = await readyStudy(services, await importRaw())
  const { db } = services.profile
  for (const table of ['contents', 'volumes'])
    db.prepare(
      `UPDATE ${table} SET info = json_remove(info, '$.truth', '$.sampling.edges', '$.content.sampling.edges',
        '$.targetShape')`,
    ).run()
  for (const table of ['contents', 'volumes'])
    db.prepare(`UPDATE ${table} SET info = json_set(info, '$.targetShape', NULL)`).run()
  services.dispose()
  services = openServices({ profile: join(folder, 'profile') })
  const old = studyById(services.profile, study.id)
  expect(old.volumes.map(truthInWords)).toEqual(['no', 'no', 'no'])
  expect(Object.values(fileStates(services, old))).toEqual(['unread', 'unread', 'unread'])
  expect((await readyStudy(services, old)).volumes.map(truthInWords)).toEqual(['computed', 'computed', 'computed'])
})
