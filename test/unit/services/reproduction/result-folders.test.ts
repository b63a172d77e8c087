/** Folders for results: repeated reports, reports of earlier versions, and files that no result replaces. */
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ReproductionReport } from '../../../../src/contract/reproduction.ts'
import { RESEARCH_ONLY } from '../../../../src/presentation/protocol.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { keptFiles } from '../../../../src/services/profile/kept-files.ts'
import { storedFile } from '../../../../src/services/profile/paths.ts'
import { reportFigures, reportMarkdown, reportPage } from '../../../../src/services/reports/index.ts'
import { openDemoFolder } from '../../../../src/services/reproduction/demo.ts'
import { commandOf, openFolder, requireRowsKept, writeFiles } from '../../../../src/services/reproduction/save.ts'
import { importCheckpoint } from '../../../../src/services/runs/checkpoints.ts'
import { DEMONSTRATION_VOLUME } from '../../../../src/services/studies/demonstration.ts'
import { importSyntheticKnee } from '../../../../src/services/studies/synthetic-knee.ts'
import { addStudy } from '../../../studies.ts'
import { noiseVolume } from '../../../volumes.ts'
import { writeUnet } from '../../engine/files/noise-file.ts'

let folder: string
let out: string
let services: Services

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-folders-'))
  out = join(folder, 'out')
  mkdirSync(out)
  services = openServices({ profile: join(folder, 'profile') })
})

afterEach(() => {
  services.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const REPORT = ReproductionReport.parse(
  JSON.parse(readFileSync(new URL('../../../../docs/study.json', import.meta.url), 'utf8')),
)
/** One figure is enough, because drawing takes time. */
const DRAWN = { report: REPORT, figures: reportFigures(REPORT, null).slice(-1) }

const at = (name: string) => join(out, name)
const read = (name: string) => readFileSync(at(name), 'utf8')
const contents = () => readdirSync(out).map(name => [name, read(name)])

/** Writes the files as earlier versions did, without the record of written files. */
function writeAsBefore(): void {
  writeFileSync(at('index.html'), reportPage(REPORT, DRAWN.figures))
  writeFileSync(at('study.json'), `${JSON.stringify(REPORT)}\n`)
  writeFileSync(at('study.md'), reportMarkdown(REPORT, commandOf(REPORT.request, REPORT.study)))
  for (const { name, svg } of DRAWN.figures) writeFileSync(at(`${name}.svg`), svg)
}

/** Changes a file as a user would an hour later. */
function edit(name: string, text: string): void {
  writeFileSync(at(name), text)
  const later = statSync(at('study.json')).mtimeMs / 1000 + 3600
  utimesSync(at(name), later, later)
}

async function expectRefused(work: () => Promise<unknown>, words: RegExp): Promise<void> {
  const before = contents()
  await expect(work()).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringMatching(words) })
  expect(contents()).toEqual(before)
}

describe('a report’s folder', () => {
  it('is written again if no file in it was changed', async () => {
    expect(await openFolder(services.profile, out)).toBeNull()
    expect((await writeFiles(services.profile, DRAWN, out)).replaced).toEqual([])
    expect(await openFolder(services.profile, out)).toEqual(REPORT)
    const { page, replaced } = await writeFiles(services.profile, DRAWN, out)
    expect(page).toBe(at('index.html'))
    expect(replaced).toEqual(expect.arrayContaining(['index.html', 'study.json', 'study.md'].map(at)))
  })

  it('keeps a page that the user edited, at the start and at the end of a command', async () => {
    await openFolder(services.profile, out)
    await writeFiles(services.profile, DRAWN, out)
    writeFileSync(at('index.html'), `${read('index.html')}<!-- my note -->`)
    for (const overwrite of [false, true]) {
      await expectRefused(
        () => openFolder(services.profile, out, overwrite),
        /index\.html, which Self-MRI did not write, or/,
      )
      await expectRefused(() => writeFiles(services.profile, DRAWN, out, overwrite), /index\.html/)
    }
  })

  it('of an earlier version is continued', async () => {
    writeAsBefore()
    expect(await openFolder(services.profile, out)).toEqual(REPORT)
    await writeFiles(services.profile, DRAWN, out)
    expect(await openFolder(services.profile, out)).toEqual(REPORT)
  })

  it('of an earlier version keeps files that a user changed or added', async () => {
    writeAsBefore()
    edit('index.html', `${read('index.html')}<!-- my note -->`)
    await expectRefused(() => openFolder(services.profile, out), /index\.html/)
    writeAsBefore()
    writeFileSync(at('index.html'), '<h1>My own page</h1>')
    await expectRefused(() => openFolder(services.profile, out), /index\.html/)
    writeAsBefore()
    rmSync(at('study.md'))
    writeFileSync(join(folder, 'mine.md'), read('index.html'))
    symlinkSync(join(folder, 'mine.md'), at('study.md'))
    await expectRefused(() => openFolder(services.profile, out, true), /study\.md, which is a link/)
  })

  it('takes a report that was copied into it from another machine', async () => {
    await openFolder(services.profile, out)
    await writeFiles(services.profile, DRAWN, out)
    const other = { ...REPORT, device: 'another machine' }
    edit('study.json', JSON.stringify(other))
    expect(await openFolder(services.profile, out)).toEqual(other)
    await writeFiles(services.profile, DRAWN, out)
  })

  it('is refused if study.json or a page belongs to a user', async () => {
    writeFileSync(at('study.json'), '{"my": "study"}')
    for (const overwrite of [false, true])
      await expectRefused(
        () => openFolder(services.profile, out, overwrite),
        /study\.json, which Self-MRI did not write/,
      )
    rmSync(at('study.json'))
    writeFileSync(at('index.html'), reportPage(REPORT, DRAWN.figures))
    await expectRefused(() => openFolder(services.profile, out), /index\.html/)
  })

  it('is refused if rows would be lost', () => {
    const refused = { code: 'FILE_EXISTS', message: expect.stringContaining('--overwrite') }
    const lose = (now: ReproductionReport) => () => requireRowsKept(out, REPORT, now)
    expect(lose(REPORT)).not.toThrow()
    expect(lose({ ...REPORT, rows: [...REPORT.rows, { ...REPORT.rows[0], key: 'new' }] })).not.toThrow()
    expect(lose({ ...REPORT, study: 'the same files by another name' })).not.toThrow()
    expect(lose({ ...REPORT, rows: REPORT.rows.slice(1) })).toThrow(expect.objectContaining(refused))
    expect(lose({ ...REPORT, request: { ...REPORT.request, scale: 'full' } })).toThrow(expect.objectContaining(refused))
    const folds = REPORT.folds.map(fold => ({ ...fold, test: ['other.h5'] }))
    expect(lose({ ...REPORT, folds })).toThrow(expect.objectContaining(refused))
  })

  it('is refused for a demonstration', async () => {
    await openFolder(services.profile, out)
    await writeFiles(services.profile, DRAWN, out)
    await expectRefused(
      () => openDemoFolder(services.profile, out),
      /index\.html, which is an earlier result.*--overwrite/,
    )
  })
})

it('a demonstration does not begin if its page or figure would replace a user’s file', async () => {
  writeFileSync(at('comparison.png'), 'mine')
  for (const overwrite of [false, true])
    await expectRefused(
      () => openDemoFolder(services.profile, out, overwrite),
      /comparison\.png, which Self-MRI did not write/,
    )
})

it('a demonstration of an earlier version is written again, unless a user changed it', async () => {
  const demo = () => openDemoFolder(services.profile, out)
  writeFileSync(at('comparison.png'), 'figure')
  writeFileSync(at('index.html'), `<p>${RESEARCH_ONLY}</p>`)
  await expect(demo()).resolves.toBeUndefined()
  writeFileSync(at('index.html'), `<p>${RESEARCH_ONLY}</p><!-- mine -->`)
  await expectRefused(demo, /index\.html, which Self-MRI did not write, or/)
  for (const page of ['<p>mine</p>', `<p>${RESEARCH_ONLY}</p>`]) {
    rmSync(out, { recursive: true })
    mkdirSync(out)
    writeFileSync(at('comparison.png'), 'figure')
    writeFileSync(at('index.html'), page)
    if (page !== '<p>mine</p>') utimesSync(at('index.html'), Date.now() / 1000 + 3600, Date.now() / 1000 + 3600)
    await expectRefused(demo, /comparison\.png.*index\.html/)
  }
})

it('synthetic knees replace neither a user’s scan nor a file of a study', async () => {
  const name = 'synthetic_knee_0_000_CORPD_FBK.h5'
  mkdirSync(at('test'))
  writeFileSync(at(`test/${name}`), 'mine')
  const spec = { directory: out, seed: 0, patients: { train: 0, val: 0, test: 1 }, slices: 1 }
  const draw = (overwrite: boolean) =>
    importSyntheticKnee(services, { ...spec, overwrite }, { slices: { kind: 'all' } })
  for (const overwrite of [false, true])
    await expect(draw(overwrite)).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining(name) })
  const { info } = noiseVolume('a')
  addStudy(services.profile, 's', [[{ ...info, path: at(`test/${name}`) }, 'test']])
  await expect(draw(true)).rejects.toThrow(/a file of the study “s”/)
  expect(read(`test/${name}`)).toBe('mine')
  expect([readdirSync(out), readdirSync(at('test'))]).toEqual([['test'], [name]])
})

it('a run does not begin in a folder with files that no run of the profile wrote', async () => {
  const study = addStudy(services.profile, 's', [[noiseVolume('a').info, 'test']])
  const checkpoint = join(folder, 'unet.safetensors')
  await writeUnet(checkpoint, 1)
  const next = join(folder, 'profile/runs/1')
  mkdirSync(next, { recursive: true })
  writeFileSync(join(next, 'last.safetensors'), 'mine')
  const refused = { code: 'FILE_EXISTS', message: expect.stringContaining(next) }
  expect(() => importCheckpoint(services.profile, study.id, checkpoint)).toThrow(expect.objectContaining(refused))
  expect(readFileSync(join(next, 'last.safetensors'), 'utf8')).toBe('mine')
  expect(services.profile.db.prepare('SELECT COUNT(*) FROM runs').pluck().get()).toBe(0)
  rmSync(next, { recursive: true })
  expect(importCheckpoint(services.profile, study.id, checkpoint)).toBe('1')
})

describe('files that no result replaces', () => {
  it('are files of a study, under every name and path', async () => {
    writeFileSync(at('raw.h5'), 'raw')
    symlinkSync(out, join(folder, 'way'))
    symlinkSync(at('raw.h5'), at('soft.h5'))
    linkSync(at('raw.h5'), at('hard.h5'))
    writeFileSync(at('other.h5'), 'raw')
    const { info } = noiseVolume('raw')
    addStudy(services.profile, 'Knee', [[{ ...info, path: join(folder, 'way/raw.h5') }, 'train']])
    const kept = keptFiles(services.profile)
    for (const path of [at('raw.h5'), at('soft.h5'), at('hard.h5'), join(folder, 'way/hard.h5')])
      expect(await kept(path), path).toBe('which is a file of the study “Knee”')
    expect(await kept(at('other.h5'))).toBeNull()
    expect(await kept(at('new.h5'))).toBeNull()
  })

  it('are files of a study in the profile or in the program, whose paths the database stores as relative', async () => {
    const uploaded = join(services.profile.directory, 'uploads/batch/knee.h5')
    mkdirSync(dirname(uploaded), { recursive: true })
    writeFileSync(uploaded, '')
    const { info } = noiseVolume('raw')
    const study = addStudy(
      services.profile,
      'Knee',
      [uploaded, DEMONSTRATION_VOLUME].map(
        path => [{ ...info, path: storedFile(services.profile, path) }, 'train'] as const,
      ),
    )
    expect(study.volumes.map(({ path }) => path).toSorted()).toEqual([uploaded, DEMONSTRATION_VOLUME].toSorted())
    for (const { path } of study.volumes)
      expect(await keptFiles(services.profile)(path)).toBe('which is a file of the study “Knee”')
  })

  it('are files of a hidden study, missing files of a study, and inputs of the command', async () => {
    const { info } = noiseVolume('raw')
    const { id } = addStudy(services.profile, 'Knee', [[{ ...info, path: at('away.h5') }, 'train']])
    services.profile.db.prepare("UPDATE studies SET hidden_at = 'now' WHERE id = ?").run(id)
    symlinkSync(out, join(folder, 'way'))
    expect(await keptFiles(services.profile)(join(folder, 'way/away.h5'))).toBe('which is a file of the study “Knee”')
    writeFileSync(at('input.h5'), '')
    expect(await keptFiles(services.profile, [at('input.h5')])(at('input.h5'))).toBe(
      'which is an input of this command',
    )
  })
})
