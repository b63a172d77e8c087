/**
 * Trainings, scores and images belong to the bytes of files, not to their names. The tests use real files, the real
 * engine, and services in this process.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Recipe } from '../../src/contract/recipes.ts'
import type { RunConfig } from '../../src/contract/runs.ts'
import { writeFastMri } from '../../src/engine/files/hdf5-write.ts'
import { openServices, type Services } from '../../src/services/open.ts'
import { resumeRun } from '../../src/services/runs/resume.ts'
import { findRun } from '../../src/services/runs/runs.ts'
import { startRun, supervisedConfig } from '../../src/services/runs/training.ts'
import { checkVolumes, fileStates, readyStudy } from '../../src/services/studies/contents/ready.ts'
import { locateFiles, scanAgain, takeFindings } from '../../src/services/studies/contents/rescan.ts'
import { importStudy, type Study, studyById } from '../../src/services/studies/studies.ts'
import { evaluate } from '../../src/services/viewing/evaluations.ts'
import { makeFrames } from '../../src/services/viewing/frames.ts'
import { noiseVolume } from '../volumes.ts'

vi.setConfig({ testTimeout: 120_000 })

const SIZE = { slices: 3, rows: 40, columns: 36 }
const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const

let folder: string
let services: Services

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-contents-'))
  services = openServices({ profile: join(folder, 'profile') })
})

afterEach(() => {
  services.dispose()
  rmSync(folder, { recursive: true, force: true })
})

type Change = { readonly of: 'k-space' | 'truth'; readonly slice: number } | null

/** Writes a volume of noise, with one number changed. `patient` is the seed, and `id` is the patient id in the file. */
async function write(path: string, patient: string, change: Change = null, id = patient): Promise<string> {
  const { readKspace, readTarget } = noiseVolume(patient, SIZE)
  const slices = Array.from({ length: SIZE.slices }, (_, index) => index)
  const [kspace, truth] = [slices.map(readKspace), slices.map(index => readTarget(index)!)]
  const centre = (SIZE.rows * SIZE.columns + SIZE.columns) / 2
  if (change?.of === 'k-space') kspace[change.slice][2 * centre] *= 1.5
  if (change?.of === 'truth') truth[change.slice][centre] *= 1.5
  mkdirSync(dirname(path), { recursive: true })
  const matrix = [SIZE.rows, SIZE.columns] as const
  await writeFastMri(path, {
    matrix,
    kspace,
    imageSize: matrix,
    reconstruction: truth,
    noiseFree: truth,
    header: '',
    attributes: { acquisition: 'CORPD_FBK', max: 1, norm: 1, patient_id: id, generator: 'test' },
  })
  return path
}

/** Changes one number in a file, and keeps the file's size and time of modification. */
async function changeInPlace(path: string, patient: string, change: Change): Promise<void> {
  const { size, atime, mtime } = statSync(path)
  const other = await write(join(folder, 'other', basename(path)), patient, change)
  writeFileSync(path, readFileSync(other))
  utimesSync(path, atime, mtime)
  expect(statSync(path)).toMatchObject({ size, mtime })
}

async function writeStudy(name: string): Promise<string> {
  const root = join(folder, name)
  for (const [role, patient] of [
    ['train', 'a'],
    ['train', 'b'],
    ['val', 'c'],
    ['test', 'd'],
  ])
    await write(join(root, role, `${patient}.h5`), patient)
  return root
}

const importAt = (root: string, name = basename(root)) =>
  importStudy(services, { paths: [root], name, slices: { kind: 'all' }, splitSeed: 0 })

/** Imports a study, and reads its files from end to end. */
async function imported(root: string, name?: string): Promise<Study> {
  const study = await importAt(root, name)
  await checkVolumes(services, study, study.volumes)
  return studyById(services.profile, study.id)
}

const identityOf = async (path: string) => {
  const [read] = await services.contents.read([path])
  if (!('volume' in read)) throw new Error(read.reason)
  return read.volume.content.identity
}

const pathIn = (study: Study, file: string) => study.volumes.find(volume => volume.file === file)!.path

const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
const config = (seed = 0): RunConfig =>
  supervisedConfig(
    'train',
    { network: 'unet', networkConfig: { channels: 2, pools: 2 }, mask, slices: { kind: 'all' }, seed },
    Recipe.parse({ epochs: 1, batch: 1, optimizer: { kind: 'sgd' }, schedule: { kind: 'constant', rate: 1e-3 } }),
  )
const score = (study: Study, run = 'zero-filled') =>
  evaluate(services, { of: { study, volumes: study.volumes.filter(({ role }) => role === 'test') }, run, settings })
const train = (study: Study) => startRun(services, { study, config: config(), parent: null })

describe('identity', () => {
  it('depends on the content, not on the file’s name and folder', async () => {
    const path = await write(join(folder, 'a.h5'), 'a')
    const before = await identityOf(path)
    expect(before).toMatch(/^[0-9a-f]{64}$/)
    const renamed = join(folder, 'b.h5')
    copyFileSync(path, renamed)
    expect(await identityOf(renamed)).toBe(before)
    const elsewhere = openServices({ profile: join(folder, 'another machine') })
    const [read] = await elsewhere.contents.read([path])
    elsewhere.dispose()
    expect(read).toMatchObject({ volume: { content: { identity: before } } })
  })

  it.each([
    ['k-space', 0],
    ['k-space', 2],
    ['truth', 0],
    ['truth', 2],
  ] as const)('is another with one number of %s changed in slice %i, size and time as before', async (of, slice) => {
    const path = await write(join(folder, 'a.h5'), 'a')
    const before = await identityOf(path)
    expect(services.contents.known(path)).not.toBeNull()
    await changeInPlace(path, 'a', { of, slice })
    expect(services.contents.known(path)).toBeNull()
    expect(await identityOf(path)).not.toBe(before)
  })

  it('is read once, and again only after the file was written', async () => {
    const path = await write(join(folder, 'a.h5'), 'a')
    const call = vi.spyOn(services.engines.interactive, 'call')
    const read = async () => {
      const progress: number[] = []
      await services.contents.read([path, path], { onProgress: ({ done }) => progress.push(done) })
      return progress.length > 0
    }
    expect(await read()).toBe(true)
    expect(await read()).toBe(false)
    utimesSync(path, new Date(), new Date())
    expect(await read()).toBe(true)
    call.mockRestore()
  })
})

describe('two studies whose files have equal names and sizes', () => {
  it('have separate scores', async () => {
    const [one, two] = [await imported(await writeStudy('one')), await writeStudy('two')]
    await write(join(two, 'test', 'd.h5'), 'd', { of: 'k-space', slice: 1 })
    const second = await imported(two)
    const [first, other] = [await score(one), await score(second)]
    expect(first.mean!.ssim).not.toBe(other.mean!.ssim)
    expect(await score(one)).toEqual(first)
    const keys = services.profile.db.prepare('SELECT DISTINCT request FROM evaluations').pluck().all()
    expect(keys).toHaveLength(2)
  })
})

describe('a file that changed since its study took it', () => {
  it.each(['k-space', 'truth'] as const)(
    'is named, and is refused for scores, trainings, resumes and images (%s)',
    async of => {
      const study = await imported(await writeStudy('s'))
      const run = await train(study)
      await changeInPlace(pathIn(study, 'd.h5'), 'd', { of, slice: 2 })
      const refusal = { code: 'DATA_CHANGED', message: expect.stringMatching(/d\.h5.*studies scan "s"/) }
      await expect(score(study, run.id)).rejects.toMatchObject(refusal)
      const { id } = study.volumes.find(({ file }) => file === 'd.h5')!
      const shown = {
        volume: id,
        source: 'truth',
        mask,
        seed: null,
        slice: 0,
        show: 'image',
        layer: '',
        channel: 0,
        cascade: null,
        coil: null,
      } as const
      await expect(makeFrames(services).image(shown)).rejects.toMatchObject(refusal)
      expect(fileStates(services, study)[id]).toBe('changed')

      await changeInPlace(pathIn(study, 'a.h5'), 'a', { of, slice: 0 })
      const refused = { code: 'DATA_CHANGED', message: expect.stringMatching(/a\.h5.*studies scan "s"/) }
      await expect(train(study)).rejects.toMatchObject(refused)
      services.profile.db.prepare("UPDATE runs SET status = 'interrupted' WHERE id = ?").run(Number(run.id))
      await expect(resumeRun(services, run.id)).rejects.toMatchObject(refused)
    },
  )

  it('is taken by a scan, and then old results name the old content and a resume is refused', async () => {
    const study = await imported(await writeStudy('s'))
    const run = await train(study)
    expect(run.contents).toBe('current')
    await changeInPlace(pathIn(study, 'a.h5'), 'a', { of: 'k-space', slice: 2 })
    const findings = await scanAgain(services, study.id)
    expect(findings).toMatchObject({ added: [], changed: [{ file: 'a.h5', what: 'other numbers' }], missing: [] })
    expect(studyById(services.profile, study.id)).toEqual(study) // The scan itself changes nothing.
    const taken = await takeFindings(services, study.id, { token: findings.token, removeMissing: false })
    expect(taken.volumes.map(({ id }) => id)).toEqual(study.volumes.map(({ id }) => id))
    expect(findRun(services.profile, run.id).contents).toBe('changed')
    services.profile.db.prepare("UPDATE runs SET status = 'interrupted' WHERE id = ?").run(Number(run.id))
    await expect(resumeRun(services, run.id)).rejects.toMatchObject({
      code: 'DATA_CHANGED',
      message: expect.stringMatching(/a\.h5.*start the run again/),
    })
    expect((await train(taken)).status).toBe('finished')
  })

  it('does not prevent a resume if the file joined the study after the run', async () => {
    const root = await writeStudy('s')
    const study = await imported(root)
    const run = await train(study)
    await write(join(root, 'train', 'a2.h5'), 'a2', null, 'a')
    const { token } = await scanAgain(services, study.id)
    await takeFindings(services, study.id, { token, removeMissing: false })
    services.profile.db.prepare("UPDATE runs SET status = 'interrupted' WHERE id = ?").run(Number(run.id))
    expect((await resumeRun(services, run.id)).status).toBe('finished')
  })

  it('counts as unchanged if only its times changed', async () => {
    const study = await imported(await writeStudy('s'))
    for (const { path } of study.volumes) utimesSync(path, new Date(), new Date(Date.now() - 1e9))
    expect(Object.values(fileStates(services, study))).toEqual(Array(4).fill('written since'))
    const run = await train(study)
    expect(run).toMatchObject({ status: 'finished', contents: 'current' })
  })

  it('is named also if it was listed but not yet read, and differs from the listed file', async () => {
    const root = await writeStudy('s')
    const study = await importAt(root)
    expect(study.volumes.map(({ sampling }) => sampling.kind)).toEqual(Array(4).fill('unread'))
    copyFileSync(join(root, 'test/d.h5'), join(root, 'train/a.h5'))
    await expect(train(study)).rejects.toMatchObject({ code: 'DATA_CHANGED', message: expect.stringContaining('a.h5') })
  })
})

describe('the leak of patients', () => {
  it('is found if a training file now holds another patient, before and after a scan takes the file', async () => {
    const study = await imported(await writeStudy('s'))
    copyFileSync(pathIn(study, 'd.h5'), pathIn(study, 'a.h5'))
    await expect(train(study)).rejects.toMatchObject({ code: 'DATA_CHANGED' })
    const { token, changed } = await scanAgain(services, study.id)
    expect(changed).toMatchObject([{ file: 'a.h5', what: 'another patient' }])
    const taken = await takeFindings(services, study.id, { token, removeMissing: false })
    expect(taken.remarks.join()).toMatch(/several roles/)
    await expect(train(taken)).rejects.toMatchObject({
      code: 'PATIENT_LEAK',
      message: expect.stringMatching(/d\.h5 \(test\), a\.h5 \(train\)/),
    })
  })

  it('is found by the content if the file names another patient', async () => {
    const study = await imported(await writeStudy('s'))
    const run = await train(study)
    // Without a patient id, the file’s name is taken as the patient.
    services.profile.db.prepare("UPDATE run_patients SET patient = 'not ' || patient").run()
    const copied = join(folder, 'copied.h5')
    copyFileSync(pathIn(study, 'a.h5'), copied)
    await expect(evaluate(services, { of: { paths: [copied] }, run: run.id, settings })).rejects.toMatchObject({
      code: 'PATIENT_LEAK',
      message: expect.stringContaining('copied.h5'),
    })
  })

  it('is found by the k-space if patient, header and ground truth differ', async () => {
    const root = await writeStudy('s')
    const study = await imported(root)
    const run = await train(study)
    const foreign = await write(join(folder, 'foreign.h5'), 'a', { of: 'truth', slice: 0 }, 'e')
    await expect(evaluate(services, { of: { paths: [foreign] }, run: run.id, settings })).rejects.toMatchObject({
      code: 'PATIENT_LEAK',
      message: expect.stringContaining('foreign.h5'),
    })
    await write(join(root, 'train', 'b2.h5'), 'b', null, 'f')
    const { token } = await scanAgain(services, study.id)
    const twice = await takeFindings(services, study.id, { token, removeMissing: false })
    expect(twice.remarks.join()).toContain(
      'Files with the same k-space: b.h5 (train) = b2.h5 (train). Each file counts separately. ' +
        'Keep one file of each scan.',
    )
    await write(join(root, 'val', 'a2.h5'), 'a', null, 'g')
    const next = await scanAgain(services, study.id)
    const leaked = await takeFindings(services, study.id, { token: next.token, removeMissing: false })
    expect(leaked.remarks.join()).toMatch(/a\.h5 \(train\) = a2\.h5 \(val\).*The study cannot be used for training/)
    await expect(train(leaked)).rejects.toMatchObject({
      code: 'PATIENT_LEAK',
      message: expect.stringContaining('a.h5 (train), a2.h5 (val)'),
    })
  })
})

describe('files that are new, moved or gone', () => {
  it('are found in the file of the same name if several files have the content', async () => {
    const root = await writeStudy('s')
    const study = await imported(root)
    const elsewhere = join(folder, 'elsewhere')
    for (const name of ['a', 'd', 'z']) await write(join(elsewhere, `${name}.h5`), 'd')
    rmSync(pathIn(study, 'd.h5'))
    const { moved } = await locateFiles(services, study.id, elsewhere)
    expect(moved).toMatchObject([{ path: join(elsewhere, 'd.h5') }])
  })

  it('are not searched in a folder that does not exist', async () => {
    const study = await imported(await writeStudy('s'))
    const nowhere = join(folder, 'nowhere')
    await expect(locateFiles(services, study.id, nowhere)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining(nowhere),
    })
  })

  it('are found by name and size if they were never read, unless several candidates differ', async () => {
    const root = await writeStudy('s')
    const study = await importAt(root)
    const elsewhere = join(folder, 'elsewhere')
    renameSync(root, elsewhere)
    await write(join(elsewhere, 'other', 'd.h5'), 'd', { of: 'truth', slice: 0 })
    const { moved, missing } = await locateFiles(services, study.id, elsewhere)
    expect(moved.map(({ file }) => file)).toEqual(['a.h5', 'b.h5', 'c.h5'])
    expect(missing).toMatchObject([{ file: 'd.h5' }])
  })

  it('are not listed as new under a second path', async () => {
    const root = await writeStudy('a')
    const study = await imported(root)
    renameSync(root, join(folder, 'b'))
    await locateFiles(services, study.id, join(folder, 'b'))
    symlinkSync(join(folder, 'b'), root)
    const { token: _, ...found } = await scanAgain(services, study.id)
    expect(found).toEqual({ added: [], changed: [], moved: [], missing: [], unusable: [] })
  })

  it('are listed, and taken when the user agrees', async () => {
    const root = await writeStudy('s')
    const study = await imported(root)
    await write(join(root, 'train', 'e.h5'), 'e')
    renameSync(pathIn(study, 'b.h5'), join(root, 'train', 'renamed.h5'))
    rmSync(pathIn(study, 'd.h5'))
    writeFileSync(join(root, 'train', 'broken.h5'), 'no HDF5')
    const findings = await scanAgain(services, study.id)
    expect(findings).toMatchObject({
      added: [{ file: 'e.h5', role: 'train' }],
      changed: [],
      moved: [{ file: 'renamed.h5', from: pathIn(study, 'b.h5') }],
      missing: [{ file: 'd.h5' }],
      unusable: [{ path: join(root, 'train', 'broken.h5') }],
    })
    await write(join(root, 'train', 'f.h5'), 'f')
    const { token } = findings
    await expect(takeFindings(services, study.id, { token, removeMissing: false })).rejects.toMatchObject({
      code: 'DATA_CHANGED',
    })
    rmSync(join(root, 'train', 'f.h5'))
    const kept = await takeFindings(services, study.id, { token, removeMissing: false })
    expect(kept.volumes.map(({ file }) => file).sort()).toEqual(['a.h5', 'c.h5', 'd.h5', 'e.h5', 'renamed.h5'])
    const again = await scanAgain(services, study.id)
    expect(again).toMatchObject({ added: [], changed: [], moved: [], missing: [{ file: 'd.h5' }], unusable: [] })
    const removed = await takeFindings(services, study.id, { token: again.token, removeMissing: true })
    expect(removed.volumes.map(({ file }) => file)).not.toContain('d.h5')
  })

  it('are found in another folder by their contents, under any name', async () => {
    const root = await writeStudy('s')
    const study = await imported(root)
    const before = await score(study)
    const elsewhere = join(folder, 'elsewhere')
    renameSync(root, elsewhere)
    renameSync(join(elsewhere, 'train/a.h5'), join(elsewhere, 'train/z.h5'))
    await write(join(elsewhere, 'test', 'not-it.h5'), 'd', { of: 'truth', slice: 0 })
    await expect(readyStudy(services, study)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('studies locate "s" FOLDER'),
    })
    const { moved, missing } = await locateFiles(services, study.id, elsewhere)
    expect([moved.length, missing.length]).toEqual([4, 0])
    const now = studyById(services.profile, study.id)
    expect(now.volumes.map(({ content }) => content!.identity).sort()).toEqual(
      study.volumes.map(({ content }) => content!.identity).sort(),
    )
    expect(await score(now)).toEqual({
      ...before,
      volumes: before.volumes.map(volume => ({ ...volume, path: join(elsewhere, 'test/d.h5') })),
    })
  })
})

it('keeps what was read before a reading was cancelled', async () => {
  const study = await importAt(await writeStudy('cancelled'))
  const cancellation = new AbortController()
  const last = study.volumes.at(-1)!
  const onProgress = ({ label }: { label: string }) => {
    if (label === last.file) cancellation.abort()
  }
  await expect(
    checkVolumes(services, study, study.volumes, { onProgress, signal: cancellation.signal }),
  ).rejects.toMatchObject({ code: 'CANCELLED' })
  const now = studyById(services.profile, study.id)
  expect(now.volumes.filter(({ content }) => !content).map(({ file }) => file)).toEqual([last.file])
  expect(fileStates(services, now)[last.id]).toBe('unread')
})

it('names a file as changed if it can no longer be used', async () => {
  const study = await imported(await writeStudy('broken'))
  const [volume] = study.volumes
  writeFileSync(volume.path, 'no HDF5 file')
  expect(fileStates(services, study)[volume.id]).toBe('written since')
  await checkVolumes(services, study, study.volumes)
  expect(fileStates(services, studyById(services.profile, study.id))[volume.id]).toBe('changed')
})
