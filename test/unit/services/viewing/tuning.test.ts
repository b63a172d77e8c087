/** A tuning on files of several coils, with the engine's handlers in this process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import type { Study } from '../../../../src/contract/studies.ts'
import { TuningRequest } from '../../../../src/contract/tuning.ts'
import type { Role } from '../../../../src/contract/volumes.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import type { Engine } from '../../../../src/engine/process/client.ts'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { Calls } from '../../../../src/engine/process/protocol.ts'
import { bestPoint } from '../../../../src/presentation/tuning.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import type { OpenProfile } from '../../../../src/services/studies/contents/reader.ts'
import { studyById } from '../../../../src/services/studies/studies.ts'
import {
  classicalNamed,
  namedSettings,
  saveSettings,
  setSettingsHidden,
} from '../../../../src/services/viewing/classical.ts'
import { evaluate } from '../../../../src/services/viewing/evaluations.ts'
import { tune } from '../../../../src/services/viewing/tuning.ts'
import { useEngine } from '../../../engine.ts'
import { fakeEngines } from '../../../engines.ts'
import { addStudy, addVolume, contentsOf, whole } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'
import { writeCoils } from '../../engine/files/noise-file.ts'

/** Called before a volume is scored. */
const scoring = vi.hoisted(() => ({ meet: (_file: string, _lambda: unknown) => {} }))
vi.mock('../../../../src/core/tune.ts', async original => {
  const core = await original<typeof import('../../../../src/core/tune.ts')>()
  const scoreIterations: typeof core.scoreIterations = async (volume, method, ...rest) => {
    scoring.meet(volume.info.file, method.config.lambda)
    return core.scoreIterations(volume, method, ...rest)
  }
  return { ...core, scoreIterations }
})

const folder = mkdtempSync(join(tmpdir(), 'self-mri-tuning-'))
const SIZE = { slices: 3, coils: 3, rows: 24, columns: 20 }
const MASK = { kind: 'random', acceleration: 2, centerFraction: 0.4 } as const

beforeAll(async () => {
  await useEngine()
  for (const name of ['one', 'two']) await writeCoils(folder, name, SIZE)
})
afterAll(() => rmSync(folder, { recursive: true }))

let directory: string
let services: Services
/** Names of the files that were read or scored. */
let opened: string[]
/** λ of each call `tune`. */
let asked: number[]
/** Aborts after so many calls. */
let abortAfter: number
let abort: AbortController
let profile: OpenProfile

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'self-mri-tune-'))
  services = openServices({ profile: directory })
  opened = []
  asked = []
  abortAfter = Number.POSITIVE_INFINITY
  abort = new AbortController()
  scoring.meet = () => {}
  const engine = {
    async call(name: 'tune' | 'evaluate', params: Calls['tune']['params'] & Calls['evaluate']['params']) {
      const context = { signal: abort.signal, emit() {}, pause: async () => {} }
      opened.push(...(name === 'tune' ? [params.file] : params.files).map(({ path }) => basename(path)))
      if (name === 'evaluate') return handlers.evaluate(params, context)
      asked.push(Number(params.choice.config.lambda))
      if (asked.length > abortAfter) abort.abort()
      return handlers.tune(params, context)
    },
  } as unknown as Engine
  const contents = contentsOf(services.profile)
  profile = {
    profile: services.profile,
    engines: fakeEngines({ training: async () => engine }),
    contents: {
      ...contents,
      known(path) {
        if (contents.known(path)) opened.push(basename(path))
        return contents.known(path)
      },
    },
  }
})

afterEach(() => {
  services.dispose()
  rmSync(directory, { recursive: true, force: true })
})

/** A study whose training and test files do not exist. */
async function study(roles: Readonly<Record<string, Role>>, name = 'Knees'): Promise<Study> {
  const volumes = await Promise.all(
    Object.entries(roles).map(async ([file, role]) => {
      const volume = role === 'val' ? await openVolume(join(folder, `${file}.h5`), '') : noiseVolume(file, SIZE)
      volume.dispose()
      return [whole({ ...volume.info, origin: 'measured' }), role] as [typeof volume.info, Role]
    }),
  )
  return addStudy(services.profile, name, volumes)
}

const USUAL = { one: 'val', two: 'val', train: 'train', test: 'test' } as const

const request = ({ id }: Study, more: object = {}) =>
  TuningRequest.parse({ study: id, classical: 'cg-sense', mask: MASK, iterations: [6, 2, 6], ...more })

const refused = (message: RegExp) => ({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) })

it('opens validation volumes only, keeps every point, and saves the best as named settings', async () => {
  const knees = await study(USUAL)
  const progress: { done: number; total: number }[] = []
  const saved = await tune(profile, request(knees), { onProgress: ({ done, total }) => progress.push({ done, total }) })
  expect([...new Set(opened)].sort()).toEqual(['one.h5', 'two.h5'])
  const tuning = saved.tuning!
  expect(saved.name).toBe('Tuned on Knees, 2× random')
  expect(tuning.volumes.map(({ file }) => file)).toEqual(['one.h5', 'two.h5'])
  expect(tuning).toMatchObject({ skipped: [], criterion: 'foreground-nmse' })
  expect(tuning.protocol).toMatchObject({ mask: MASK, maskSeed: 'file name', slices: { kind: 'middle' } })
  const lambdas = [...new Set(tuning.points.map(({ lambda }) => lambda))]
  expect(lambdas.length).toBeGreaterThanOrEqual(11)
  expect(tuning.points.map(({ lambda, iterations }) => [lambda, iterations])).toEqual(
    lambdas.flatMap(lambda => [2, 6].map(iterations => [lambda, iterations])),
  )
  for (const { scores, mean } of tuning.points) expect(mean).toBeCloseTo((scores[0] + scores[1]) / 2, 12)
  const best = bestPoint(tuning)
  const [first, last] = [lambdas[0], lambdas.at(-1)]
  expect(tuning.edge).toBe(best.lambda === first ? 'smallest' : best.lambda === last ? 'largest' : null)
  expect(best.mean).toBe(Math.min(...tuning.points.map(({ mean }) => mean)))
  expect(saved.config).toEqual({ lambda: best.lambda, iterations: best.iterations, maps: 'automatic', virtualCoils: 0 })
  expect(progress.slice(0, -1).map(({ done }) => done)).toEqual(progress.slice(0, -1).map((_, i) => i))
  expect(progress.at(-2)).toMatchObject({ total: 2 * lambdas.length })
  expect(progress.at(-1)).toEqual({ done: 1, total: 1 })
  expect(classicalNamed(services.profile, `cg-sense:${saved.id}`)).toEqual({
    classical: 'cg-sense',
    config: saved.config,
  })
})

it('gives the scores of evaluations with these settings', async () => {
  const knees = await study(USUAL)
  const { config, tuning } = await tune(profile, request(knees, { slices: { kind: 'all' } }))
  const volumes = knees.volumes.filter(({ role }) => role === 'val')
  const settings = { mask: MASK, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
  const of = { study: knees, volumes }
  const choice = { classical: 'cg-sense', config } as const
  const tuned = await evaluate(profile, { of, run: 'cg-sense', choice, settings })
  expect(tuned.volumes.map(({ foreground }) => foreground.nmse)).toEqual(bestPoint(tuning!).scores)
  const zeroFilled = await evaluate(profile, { of, run: 'zero-filled', settings })
  expect(tuning!.zeroFilled).toBeCloseTo(zeroFilled.mean!.foreground.nmse, 12)
})

it('is not tested on its own patients and scans', async () => {
  const knees = await study(USUAL)
  const { id, tuning } = await tune(profile, request(knees))
  const one = knees.volumes.find(({ file }) => file === 'one.h5')!
  expect(tuning!.volumes[0]).toEqual({ file: 'one.h5', patient: one.patient, scan: one.content!.scan })
  const settings = { mask: MASK, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
  const test = (run: string) => evaluate(profile, { of: { study: knees, volumes: [one] }, run, settings })
  await expect(test(`cg-sense:${id}`)).rejects.toMatchObject({
    code: 'PATIENT_LEAK',
    message: expect.stringMatching(/cg-sense:1 was not tuned on, got one.h5, .* or test on other patients/),
  })
  const free = saveSettings(services.profile, { classical: 'cg-sense', name: 'Not tuned', config: {} })
  expect((await test(`cg-sense:${free.id}`)).volumes).toHaveLength(1)
})

it('that is repeated computes nothing, and finds its settings again', async () => {
  const knees = await study(USUAL)
  const first = await tune(profile, request(knees))
  setSettingsHidden(services.profile, first.id, true)
  asked = []
  expect(await tune(profile, request(knees))).toEqual(first)
  expect(asked).toEqual([])
  expect(namedSettings(services.profile)).toHaveLength(1)
  const other = await tune(profile, request(knees, { criterion: 'nmse' }))
  expect(asked).toEqual([])
  expect(other).toMatchObject({ name: 'Tuned on Knees, 2× random (2)', tuning: { criterion: 'nmse' } })
  const named = await tune(profile, request(knees, { name: 'Mine', criterion: 'foreground-ssim' }))
  expect(named.name).toBe('Mine')
  const { points } = named.tuning!
  expect(bestPoint(named.tuning!).mean).toBe(Math.max(...points.map(({ mean }) => mean)))
})

it('that is cancelled saves nothing, and continues where it was', async () => {
  const knees = await study(USUAL)
  abortAfter = 5
  await expect(tune(profile, request(knees), { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(namedSettings(services.profile)).toEqual([])
  const before = asked.length
  expect(before).toBe(6)
  abortAfter = Number.POSITIVE_INFINITY
  asked = []
  const { tuning } = await tune(profile, request(knees))
  const all = new Set(tuning!.points.map(({ lambda }) => lambda)).size * 2
  expect(before + asked.length).toBe(all)
})

it('waits with the result while another program holds the database', async () => {
  const knees = await study(USUAL)
  const { db } = services.profile
  const prepare = db.prepare.bind(db)
  let refusals = 0
  vi.spyOn(db, 'prepare').mockImplementation(sql => {
    if (sql.includes('INSERT INTO classical_settings') && refusals++ === 0)
      throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
    return prepare(sql)
  })
  expect((await tune(profile, request(knees))).tuning!.volumes).toHaveLength(2)
  expect(refusals).toBe(2)
})

it('leaves out a volume that cannot be scored, with the reason', async () => {
  const knees = await study({ ...USUAL, gone: 'train' })
  services.profile.db.prepare("UPDATE volumes SET role = 'val' WHERE path LIKE '%gone%'").run()
  const { tuning } = await tune(profile, request(knees))
  expect(tuning!.volumes.map(({ file }) => file)).toEqual(['one.h5', 'two.h5'])
  expect(tuning!.skipped).toEqual([{ path: '/gone.h5', reason: expect.stringContaining('/gone.h5') }])
  for (const { scores } of tuning!.points) expect(scores).toHaveLength(2)
})

it('names files that turn out unusable when they are read', async () => {
  const info = { ...noiseVolume('broken', SIZE).info, origin: 'measured' as const }
  const { contents } = profile
  const reason = 'Its end is missing.'
  const read: typeof contents.read = async paths => {
    const others = await contents.read(paths)
    return others.map(other => (other.path === info.path ? { path: info.path, reason } : other))
  }
  const withBroken = async ({ id }: Study) => {
    addVolume(services.profile, id, info, 'val')
    const unread = "UPDATE volumes SET info = json_remove(info, '$.content'), identity = NULL WHERE path = ?"
    services.profile.db.prepare(unread).run(info.path)
    return tune({ ...profile, contents: { ...contents, read } }, request(studyById(services.profile, id)))
  }
  const { tuning } = await withBroken(await study(USUAL))
  expect(tuning!.volumes).toHaveLength(2)
  expect(tuning!.skipped).toEqual([{ path: info.path, reason }])
  const none = withBroken(await study({ a: 'train', b: 'test' }, 'No one'))
  await expect(none).rejects.toThrow(/got none\. Repair these files, or tune on.*:\n {2}\/broken\.h5: Its end is/)
})

it('ends if a later λ cannot score a volume, names file and reason, and continues later', async () => {
  const knees = await study(USUAL)
  scoring.meet = (file, lambda) => {
    if (file === 'two.h5' && lambda === 0.01) throw new AppError('NOT_FINITE', 'Its image holds NaN.')
  }
  await expect(tune(profile, request(knees))).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringMatching(/two\.h5 for λ 0\.01, .* got: Its image holds NaN\. .*Repair the file/),
  })
  expect(namedSettings(services.profile)).toEqual([])
  scoring.meet = () => {}
  const { tuning } = await tune(profile, request(knees))
  for (const { scores } of tuning!.points) expect(scores).toHaveLength(2)
})

it('leaves out no volume for an error that is not of its file', async () => {
  const knees = await study(USUAL)
  scoring.meet = file => {
    if (file === 'one.h5') throw new TypeError('A defect of the program')
  }
  await expect(tune(profile, request(knees))).rejects.toThrow('A defect of the program')
  scoring.meet = file => {
    if (file === 'one.h5') throw new AppError('NOT_FINITE', 'Its image holds NaN.')
  }
  const { tuning } = await tune(profile, request(knees))
  expect(tuning!.skipped).toEqual([{ path: join(folder, 'one.h5'), reason: 'Its image holds NaN.' }])
})

it('is refused without λ or validation patients, with wrong settings, and if no volume can be scored', async () => {
  const knees = await study(USUAL)
  await expect(tune(profile, request(knees, { classical: 'sense' }))).rejects.toMatchObject(
    refused(/has no λ.*Tune cg/),
  )
  await expect(tune(profile, request(knees, { config: { levels: 3 } }))).rejects.toMatchObject(refused(/levels/))
  const none = await study({ a: 'train', b: 'test' }, 'No one')
  await expect(tune(profile, request(none))).rejects.toMatchObject(refused(/"No one", got none.*at least three/))
  const gone = await study({ c: 'train' }, 'Gone')
  services.profile.db.prepare("UPDATE volumes SET role = 'val' WHERE path = '/c.h5'").run()
  await expect(tune(profile, request(gone))).rejects.toThrow(/got none\. Repair .*:\n {2}\/c\.h5: /)
  expect(namedSettings(services.profile)).toEqual([])
})
