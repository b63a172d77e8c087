/** No mean, table or ranking mixes measured, simulated and synthetic volumes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VolumeScore } from '../../../../src/contract/evaluation.ts'
import { ORIGINS, type Origin, ofOneOrigin, originMark, originWords } from '../../../../src/contract/origin.ts'
import { ReproductionReport } from '../../../../src/contract/reproduction.ts'
import { TuningRequest } from '../../../../src/contract/tuning.ts'
import type { Role, VolumeInfo } from '../../../../src/contract/volumes.ts'
import type { Engine } from '../../../../src/engine/process/client.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { foldsOf } from '../../../../src/services/reproduction/folds.ts'
import { listRuns } from '../../../../src/services/runs/runs.ts'
import { startRun } from '../../../../src/services/runs/training.ts'
import type { OpenProfile } from '../../../../src/services/studies/contents/reader.ts'
import { remarksOn } from '../../../../src/services/studies/remarks.ts'
import { importStudy, summariseStudies } from '../../../../src/services/studies/studies.ts'
import { evaluate } from '../../../../src/services/viewing/evaluations.ts'
import { tune } from '../../../../src/services/viewing/tuning.ts'
import { fakeEngines } from '../../../engines.ts'
import { reproductionOf } from '../../../reproductions.ts'
import { TRAINING } from '../../../runs.ts'
import { addStudy, contentsOf } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'

let directory: string
let services: Services

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'self-mri-origins-'))
  services = openServices({ profile: directory })
})
afterEach(() => {
  services.dispose()
  rmSync(directory, { recursive: true, force: true })
})

const volume = (name: string, origin: Origin) => ({ ...noiseVolume(name).info, origin })

const MIXED: [VolumeInfo, Role][] = [
  [volume('a', 'measured'), 'val'],
  [volume('b', 'simulated'), 'val'],
  [volume('c', 'synthetic'), 'test'],
]

const MASK = { kind: 'random', acceleration: 4, centerFraction: 0.1 } as const
const refused = (purpose: string) =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(
      new RegExp(
        `one class of data for ${purpose}, got measured k-space of a\\.h5, and simulated .* as a study of its`,
      ),
    ),
  })

/** An engine that lists `found` and computes nothing. */
function profileWith(found: readonly ReturnType<typeof volume>[]): OpenProfile {
  const call = async (name: string) => {
    if (name !== 'scan') throw new Error(`An engine was asked to ${name}`)
    return { volumes: found.map(each => ({ ...each, role: null })), skipped: [] }
  }
  const engine = { call } as unknown as Engine
  return {
    ...services,
    engines: fakeEngines({ training: async () => engine, interactive: engine as never }),
    contents: contentsOf(services.profile),
  }
}

describe('volumes of several classes', () => {
  it('are refused for a training, a mean, a search for λ and a reproduction, before anything is computed', async () => {
    const study = addStudy(services.profile, 'mixed', MIXED)
    const opened = profileWith([])
    await expect(startRun(services, { study, config: TRAINING, parent: null })).rejects.toEqual(refused('training'))
    expect(listRuns(services.profile)).toEqual([])
    const settings = { mask: MASK, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
    const of = { study, volumes: study.volumes }
    await expect(evaluate(opened, { of, run: 'zero-filled', settings })).rejects.toEqual(refused('a mean over volumes'))
    const asked = TuningRequest.parse({ study: study.id, classical: 'cg-sense', name: 'x', mask: MASK })
    await expect(tune(opened, asked)).rejects.toEqual(refused('a search for λ'))
    for (const leaveOneOut of [true, false])
      expect(() => foldsOf(study, { leaveOneOut })).toThrow(refused('a reproduction'))
  })

  it('are not imported into one study: files of another class are listed with the remedy', async () => {
    const found = [volume('b', 'simulated'), volume('a', 'measured'), volume('c', 'synthetic')]
    const request = { paths: ['/'], name: 's', slices: { kind: 'all' }, splitSeed: 0 } as const
    const { volumes, skipped } = await importStudy(profileWith(found), request)
    expect(volumes.map(({ file }) => file)).toEqual(['a.h5'])
    expect(skipped).toEqual([
      {
        path: '/b.h5',
        reason: expect.stringMatching(/^Expected measured k-space.* got simulated .* study of its own/),
      },
      { path: '/c.h5', reason: expect.stringContaining('synthetic k-space (drawn anatomy)') },
    ])
    expect(ofOneOrigin(found, 'synthetic').kept.map(({ file }) => file)).toEqual(['c.h5'])
  })
})

it('a study says its class in the list and in a remark, and measured data says nothing', () => {
  for (const origin of ORIGINS) addStudy(services.profile, origin, [[volume('a', origin), 'test']])
  addStudy(services.profile, 'mixed', MIXED)
  expect(summariseStudies(services.profile).map(({ origin }) => origin)).toEqual([...ORIGINS, 'synthetic'])
  const remarks = ORIGINS.map(origin => remarksOn([{ ...volume('a', origin), role: 'test' }]).join())
  expect(remarks).toEqual(['', expect.stringMatching(/^Simulated k-space\. The/), expect.stringMatching(/^Synthetic/)])
  expect(ORIGINS.map(originMark)).toEqual(['', ' (simulated)', ' (synthetic)'])
  expect(originWords('measured')).toBeNull()
})

it('reports and scores of older programs are read', () => {
  const { origin: _origin, ...report } = reproductionOf({ origin: 'synthetic' })
  const formerScore = ({ origin, ...score }: VolumeScore) => ({ ...score, synthetic: origin === 'synthetic' })
  const rows = report.rows.map(row => ({ ...row, volumes: row.volumes.map(formerScore) }))
  expect(ReproductionReport.parse({ ...report, rows, synthetic: true })).toEqual(
    reproductionOf({ origin: 'synthetic' }),
  )
  const [score] = reproductionOf().rows[0].volumes
  expect(VolumeScore.parse(formerScore(score))).toEqual(score)
})
