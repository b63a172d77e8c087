/** The command line as scripts call it: child processes, a new profile, one JSON document on standard output. */
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EngineHealth } from '../../src/contract/engine.ts'
import type { Evaluation } from '../../src/contract/evaluation.ts'
import type { RunDetail, RunRow } from '../../src/contract/runs.ts'
import { decodeCheckpoint } from '../../src/core/training/checkpoint.ts'
import { openHdf5 } from '../../src/engine/files/hdf5.ts'
import { writeFastMri } from '../../src/engine/files/hdf5-write.ts'
import { sha256 } from '../../src/engine/files/whole-files.ts'
import { openServices } from '../../src/services/open.ts'
import type { Study } from '../../src/services/studies/studies.ts'
import { kspaceOf } from '../kspace.ts'
import { addRun } from '../runs.ts'
import { addStudy } from '../studies.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const demonstration = join(root, 'resources/demonstration')
const knee = join(root, 'test/fixtures/kspace/larson_brain_sag_t1_640x372.h5')
const reference: Record<string, Record<string, number>> = JSON.parse(
  readFileSync(join(root, 'test/fixtures/zero-filled.json'), 'utf8'),
)

vi.setConfig({ testTimeout: 240_000 })

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-cli-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Finished {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function start(args: readonly string[], profile = 'profile') {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: folder, SELF_MRI_PROFILE: join(folder, profile) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const finished = new Promise<Finished>(resolve => {
    let out = ''
    let err = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    child.stderr.on('data', chunk => {
      err += chunk
    })
    child.on('close', status => resolve({ status, out, err }))
  })
  return { child, finished }
}

const run = (...args: string[]) => start(args).finished

async function json<T>(...args: string[]): Promise<T> {
  const { status, out, err } = await run(...args, '--json')
  expect(status, err).toBe(0)
  return JSON.parse(out)
}

const tiny = ['--channels', '4', '--pools', '2']

describe('an unusual input', () => {
  const scan = fileURLToPath(new URL('../fixtures/chunks/scan.h5', import.meta.url))

  it('is scored and reconstructed, with a message on each faulty slice', async () => {
    const { out } = await run('evaluate', scan)
    expect(out).toContain(
      'Omitted from scan.h5: slice 2 (kspace: incomplete), slice 4 (reconstruction_esc: incomplete).\n',
    )
    const made = await run('reconstruct', scan, '--out', join(folder, 'odd'))
    expect(made.status, made.err).toBe(0)
    expect(made.err).toContain(`${scan}: slice 2 (kspace: incomplete): missing samples count as zero.`)
  })

  it('is scored, with messages on the source of its mask and on its k-space', async () => {
    const path = join(folder, 'corner.h5')
    const shifted = kspaceOf({ rows: 32, columns: 24, noise: 0.01, seed: 5 }).map((_, i, kspace) => {
      const [row, column] = [Math.floor((i >> 1) / 24), (i >> 1) % 24]
      if (column % 3 === 1) return 0 // This column was not measured.
      return kspace[2 * (((row + 16) % 32) * 24 + ((column + 12) % 24)) + (i & 1)]
    })
    await writeFastMri(path, {
      ...{ matrix: [32, 24], kspace: [shifted], header: '' },
      ...{ imageSize: [24, 24], reconstruction: [new Float32Array(24 * 24).fill(1)] },
      noiseFree: [new Float32Array(24 * 24).fill(1)],
      attributes: { acquisition: 'CORPD_FBK', max: 1, norm: 1, patient_id: 'a', generator: 'test' },
    })
    const { out } = await run('evaluate', path)
    expect(out).toContain('corner.h5: sub-sampled in the file, so no mask is applied.\n')
    expect(out).toMatch(/corner\.h5: The centre of k-space seems to lie in the corner/)
  })

  it('is refused with a message if it is a folder without files', async () => {
    const empty = join(folder, 'no scans')
    mkdirSync(empty)
    const { status, err } = await run('reconstruct', empty, '--out', join(folder, 'none made'))
    expect(status).toBe(1)
    expect(err).toContain(`No file to reconstruct in ${empty}.`)
    expect(existsSync(join(folder, 'none made'))).toBe(false)
  })
})

describe('evaluate --run cg-sense', () => {
  it('states all settings, the limits of SSIM, and what one coil means', async () => {
    const { out, err, status } = await run('evaluate', knee, '--run', 'cg-sense', '--slices', 'middle')
    expect(status, err).toBe(0)
    const words = 'CG-SENSE (30 iterations, lambda 0.01, automatic maps, no coil compression)'
    expect(out.startsWith(`${words}\n`)).toBe(true)
    expect(out).toContain('Do not rank classical images by whole-image SSIM alone.')
    expect(out).toContain('With one coil, CG-SENSE gives the zero-filled image, divided by 1 + lambda = 1.01.')
    expect(out).toContain(`Method: ${words}, no eigenvalue crop. Mask: random columns, 4×`)
  })
})

describe('evaluate --run zero-filled', () => {
  it('equals NumPy and scikit-image on the fastMRI matrix and on narrow ones', async () => {
    const { volumes, mean, protocol } = await json<Evaluation>('evaluate', knee, demonstration)
    expect(volumes.map(volume => volume.file).sort()).toEqual(Object.keys(reference).sort())
    for (const volume of volumes) {
      const expected = reference[volume.file]
      for (const name of ['ssim', 'psnr', 'nmse', 'acceleration', 'slices'] as const) {
        expect(Math.abs(volume[name] - expected[name]), `${volume.file} ${name}`).toBeLessThan(1e-5)
      }
    }
    expect(mean!.ssim).toBeCloseTo(volumes.reduce((sum, volume) => sum + volume.ssim, 0) / volumes.length, 12)
    expect(protocol).toMatchObject({
      maskSeed: 'file name',
      mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
      foreground: { threshold: 0.1 },
    })
  })

  it('averages over seeded masks and gives their spread', async () => {
    const { volumes, protocol } = await json<Evaluation>(
      'evaluate',
      join(demonstration, 'ulf055T_7B_FSE.h5'),
      '--mask-draws',
      '3',
      '--slices',
      '1-2',
    )
    expect(protocol).toMatchObject({
      maskSeed: 'seeded draws',
      maskDraws: 3,
      slices: { kind: 'range', from: 0, to: 1 },
    })
    expect(volumes[0].slices).toBe(2)
    expect(volumes[0].sd!.ssim).toBeGreaterThan(0)
  })

  it('lists files that cannot be scored, scores the others, and fails if no file can be scored', async () => {
    const mixed = join(folder, 'mixed')
    mkdirSync(mixed)
    copyFileSync(join(demonstration, 'ulf055T_6A_FSE.h5'), join(mixed, 'good.h5'))
    copyFileSync(join(demonstration, 'ulf055T_6A_FSE.h5'), join(mixed, 'cut.h5'))
    truncateSync(join(mixed, 'cut.h5'), 300_000)
    writeFileSync(join(mixed, 'text.h5'), 'no HDF5')
    const { volumes, skipped } = await json<Evaluation>('evaluate', 'mixed') // a path relative to the caller
    expect(volumes.map(volume => volume.file)).toEqual(['good.h5'])
    expect(skipped.map(({ path }) => basename(path))).toEqual(['cut.h5', 'text.h5'])
    expect(skipped[0].reason).toMatch(/truncated/)
    const none = await run('evaluate', join(mixed, 'text.h5'))
    expect(none.status).toBe(1)
    expect(none.err).toMatch(/text\.h5/)
  })
})

describe('from a folder to a fine-tuned reconstruction', () => {
  it('imports, pre-trains, fine-tunes with its control, evaluates and reconstructs', async () => {
    const study = await json<{ name: string; volumes: { role: string; patient: string; file: string }[] }>(
      'import',
      '--demonstration',
    )
    expect(study.volumes.map(({ file, role }) => `${file.slice(8, 10)} ${role}`)).toEqual([
      '6A train',
      '6A train',
      '6B train',
      '6B train',
      '7A val',
      '7A val',
      '7B test',
      '7B test',
    ])
    for (const { patient } of study.volumes) expect(patient).toMatch(/^[0-9a-f]{64}$/)

    const pretrained = await json<RunRow>(
      'pretrain',
      ...tiny,
      '--epochs',
      '1',
      '--crop',
      '32',
      '--grid',
      '2',
      '--hidden',
      '8',
      '--slices',
      'middle',
      '--batch',
      '2',
    )
    expect(pretrained).toMatchObject({
      kind: 'pretrain',
      method: 'simclr',
      status: 'finished',
      network: 'unet',
      channels: 4,
      metrics: null,
    })
    expect(pretrained.config.pretext).toEqual({
      measurement: 'fixed',
      viewMasks: 'independent',
      keep: expect.any(Number),
      apart: true,
      reconstruction: expect.any(Number),
    })
    const [fineTuned, control] = await json<RunRow[]>(
      'finetune',
      '--from',
      pretrained.id,
      '--epochs',
      '2',
      '--slices',
      'middle',
      '--milestones',
      '1',
      '--control',
    )
    expect(fineTuned).toMatchObject({ kind: 'finetune', parent: pretrained.id, status: 'finished', channels: 4 })
    expect(control).toMatchObject({
      kind: 'train',
      parent: null,
      config: { seed: fineTuned.config.seed, recipe: fineTuned.config.recipe },
    })
    expect(control.checkpoint!.sha256).not.toBe(fineTuned.checkpoint!.sha256)

    const bytes = readFileSync(fineTuned.checkpoint!.path)
    expect(sha256(bytes)).toBe(fineTuned.checkpoint!.sha256)
    expect(decodeCheckpoint(bytes, '').tensors.get('up_conv.1.1.bias')!.shape).toEqual([1])

    const test = join(demonstration, 'ulf055T_7B_FSE.h5')
    const scored = await json<Evaluation>('evaluate', test, '--run', fineTuned.id)
    expect(scored.volumes[0].ssim).toBeGreaterThan(0)
    expect(await json<Evaluation>('evaluate', test, '--run', fineTuned.id)).toEqual(scored)

    const milestone = await run('evaluate', test, '--run', `${fineTuned.id}@1`)
    expect(milestone.out).toMatch(new RegExp(`^Run ${fineTuned.id} at epoch 1$`, 'm'))
    const none = await run('evaluate', test, '--run', `${fineTuned.id}@7`)
    expect(none).toMatchObject({ status: 2, err: expect.stringMatching(/milestone.*\b1\b/s) })

    await json('reconstruct', test, knee, '--run', fineTuned.id, '--out', 'out')
    const file = await openHdf5(join(folder, 'out/ulf055T_7B_FSE.h5'))
    expect(file.shape('reconstruction')).toEqual([4, 128, 126])
    expect(file.kind('reconstruction')).toBe('float32')
    file.dispose()

    const own = join(folder, 'own')
    mkdirSync(own)
    copyFileSync(test, join(own, 'scan.h5'))
    const refused = await run('reconstruct', join(own, 'scan.h5'), '--out', own)
    expect(refused.status).toBe(1)
    expect(refused.err).toMatch(/scan\.h5, which is an input/)
    expect(sha256(readFileSync(join(own, 'scan.h5')))).toBe(sha256(readFileSync(test)))

    const listed = await json<RunRow[]>('runs')
    expect(listed.map(({ id, status }) => [id, status])).toEqual(
      [pretrained.id, fineTuned.id, control.id].map(id => [id, 'finished']),
    )

    const leak = await run('evaluate', join(demonstration, 'ulf055T_6A_FSE.h5'), '--run', fineTuned.id, '--json')
    expect(leak.status).toBe(1)
    expect(JSON.parse(leak.out).error).toMatchObject({
      code: 'PATIENT_LEAK',
      message: expect.stringContaining('ulf055T_6A_FSE.h5'),
    })

    const external = join(folder, 'external@best.safetensors')
    copyFileSync(fineTuned.checkpoint!.path, external)
    expect(
      await json<RunRow>('finetune', '--from', 'external@best.safetensors', '--epochs', '1', '--slices', 'middle'),
    ).toMatchObject({ parent: external, channels: 4 })
  })

  it('trains the same twice', async () => {
    const args = ['train', ...tiny, '--epochs', '1', '--slices', 'middle', '--seed', '4']
    const [first, second] = [await json<RunRow>(...args), await json<RunRow>(...args)]
    expect(first.checkpoint!.sha256).not.toBe('')
    const tensors = (row: RunRow) =>
      [...decodeCheckpoint(readFileSync(row.checkpoint!.path), '').tensors.values()].map(({ data }) => data)
    expect(tensors(first)).toEqual(tensors(second))
  })

  it('cancels on Ctrl+C with exit code 130, and keeps the run and its last weights', async () => {
    const { child, finished } = start(['train', ...tiny, '--epochs', '500', '--json'])
    await new Promise<void>(resolve => child.stderr.on('data', chunk => /500 epochs/.test(String(chunk)) && resolve()))
    child.kill('SIGINT')
    const { status, out, err } = await finished
    expect(status).toBe(130)
    expect(JSON.parse(out).error.code).toBe('CANCELLED')
    expect(err).toMatch(/Cancelling/)
    const last = (await json<RunRow[]>('runs')).at(-1)!
    expect(last.status).toBe('cancelled')
    expect(existsSync(last.checkpoint!.path)).toBe(true)
    expect(readdirSync(join(folder, 'profile/runs', last.id)).filter(name => name.endsWith('.part'))).toEqual([])
  })

  it('resumes after Ctrl+C with an equal result, and fine-tunes a milestone', async () => {
    const args = ['train', ...tiny, '--epochs', '12', '--milestones', '2,12', '--warmup', '1', '--patience', '12']
    const whole = await json<RunRow>(...args)
    expect(whole.milestones).toEqual([2, 12])
    const { child, finished } = start([...args, '--json'])
    await new Promise<void>(resolve => child.stderr.on('data', chunk => /epoch 2\/12/.test(String(chunk)) && resolve()))
    child.kill('SIGINT')
    expect((await finished).status).toBe(130)
    const stopped = (await json<RunRow[]>('runs')).at(-1)!
    expect(stopped).toMatchObject({ status: 'cancelled', resumable: true })
    const rest = await json<RunRow>('runs', 'resume', stopped.id)
    expect(rest).toMatchObject({
      id: stopped.id,
      status: 'finished',
      epochs: { done: 12, planned: 12 },
      milestones: [2, 12],
    })
    const tensors = ({ checkpoint }: RunRow) =>
      [...decodeCheckpoint(readFileSync(checkpoint!.path), '').tensors.values()].map(({ data }) => data)
    expect(tensors(rest)).toEqual(tensors(whole))
    expect(rest.summary!.kernels).toEqual(whole.summary!.kernels)
    expect((await json<RunDetail>('runs', rest.id)).notes).toEqual([])

    const from = ['finetune', '--epochs', '1', '--from']
    const tuned = await json<RunRow>(...from, `${whole.id}@2`)
    expect(tuned).toMatchObject({ parent: whole.id, parentEpoch: 2 })
    const { status, err } = await start([...from, `${whole.id}@3`]).finished
    expect(status).toBe(2)
    expect(err).toMatch(/a milestone of run \d+ \(2, 12\), got epoch 3/)
  })

  it('waits for a busy device with a message, and does not wait with --no-wait', async () => {
    const first = start(['train', ...tiny, '--epochs', '500'])
    await new Promise<void>(resolve =>
      first.child.stderr.on('data', chunk => /500 epochs/.test(String(chunk)) && resolve()),
    )
    const refused = await start(['train', ...tiny, '--epochs', '1', '--no-wait']).finished
    expect([refused.status, refused.err]).toEqual([1, expect.stringMatching(/run \d+ of process \d+ trains/)])
    const second = start(['train', ...tiny, '--epochs', '1'])
    await new Promise<void>(resolve =>
      second.child.stderr.on(
        'data',
        chunk => /waiting for the device, on which run \d+ of process/.test(String(chunk)) && resolve(),
      ),
    )
    first.child.kill('SIGINT')
    await first.finished
    expect((await second.finished).status).toBe(0)
  })
})

describe('a run of another machine', () => {
  it('is resumed only if the user says that its process ended; another folder of runs is stored', async () => {
    const services = openServices({ profile: join(folder, 'moved') })
    const { id } = addStudy(services.profile, 's', [])
    addRun(services.profile, id, { status: 'running', pid: 4711, host: 'n3' })
    services.dispose()
    const resume = (...args: string[]) => start(['runs', 'resume', '1', ...args], 'moved').finished
    const shared = join(folder, 'shared')
    const refused = await resume('--runs', shared)
    expect([refused.status, refused.err]).toEqual([2, expect.stringContaining('an unfinished training')])
    expect(await resume()).toMatchObject({ status: 2, err: expect.stringContaining('which process 4711 on n3 trains') })
    // The test's run has no training data, so it is marked, and then not resumed.
    const marked = await resume('--ended-there')
    expect(marked.err).toContain('got run 1, which is interrupted')
    await resume('--runs', shared)
    const again = openServices({ profile: join(folder, 'moved') })
    expect(again.profile.runs).toBe(shared)
    again.dispose()
  })
})

describe('the synthetic knee study', () => {
  it('has fastMRI files in the roles’ folders, says synthetic, and has scores against noise-free images', async () => {
    const study = await json<Study>(
      'import',
      '--synthetic-knee',
      'knees',
      '--patients',
      '1,0,1',
      '--slices-per-volume',
      '1',
      '--seed',
      '3',
    )
    expect(study.name).toMatch(/synthetic/)
    expect(study.remarks.join()).toMatch(/Synthetic/)
    expect(study.volumes.map(volume => volume.role).sort()).toEqual(['test', 'test', 'train', 'train'])
    for (const volume of study.volumes) {
      expect(volume).toMatchObject({
        rows: 640,
        columns: 372,
        targetShape: [320, 320],
        reconSize: [320, 320],
        origin: 'synthetic',
        noiseFree: true,
      })
      expect(volume.sampling).toEqual({ kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0, edges: 'even' })
    }
    const measured = await json<Evaluation>('evaluate', '--study', study.name)
    const noiseFree = await json<Evaluation>('evaluate', '--study', study.name, '--reference', 'noise-free')
    expect(noiseFree.protocol.reference).toBe('reconstruction_noise_free')
    expect(measured.volumes.every(({ origin }) => origin === 'synthetic')).toBe(true)
    expect(noiseFree.mean!.ssim).not.toBe(measured.mean!.ssim)
  })

  it('has as many coils as its option says, and is named after them', async () => {
    const draw = (coils: string) => ['import', '--synthetic-knee', 'coils', '--coils', coils, '--seed', '4']
    for (const coils of ['0', '33', '2.5', 'two']) {
      const { status, err } = await run(...draw(coils))
      expect(status).toBe(2)
      expect(err).toMatch(/'--coils <n>' argument '.*' is invalid. Expected a/)
    }
    const study = await json<Study>(...draw('2'), '--patients', '0,0,1', '--slices-per-volume', '1')
    expect(study.name).toBe('Knee, synthetic, 2 coils (seed 4)')
    expect(study.volumes).toHaveLength(2)
    for (const volume of study.volumes) {
      expect(volume).toMatchObject({ coils: 2, rows: 640, columns: 372, origin: 'synthetic', noiseFree: true })
      expect(volume.sampling.kind).toBe('full')
    }
    const { mean } = await json<Evaluation>('evaluate', '--study', study.name, '--reference', 'noise-free')
    expect(mean!.ssim).toBeGreaterThan(0.3)
  })
})

describe('reconstruct --format', () => {
  const scan = join(demonstration, 'ulf055T_7B_FSE.h5')

  it.each([
    ['npy', '_slice-2.npy', '\x93NUMPY', ['--slice', '2']],
    ['nifti', '.nii.gz', '\x1f\x8b', ['--seed', '7']],
  ])('%s writes %s', async (format, ending, magic, more) => {
    const { volumes } = await json<{ volumes: { output: string }[] }>(
      ...['reconstruct', scan, '--format', format, ...more, '--out', 'formats'],
    )
    expect(volumes.map(({ output }) => output)).toEqual([join(folder, `formats/ulf055T_7B_FSE${ending}`)])
    expect(readFileSync(volumes[0].output).subarray(0, magic.length).toString('latin1')).toBe(magic)
  })

  it('dicom writes one file per slice, and replaces no files without --overwrite', async () => {
    const args = ['reconstruct', scan, '--run', 'truth', '--format', 'dicom', '--out', 'formats'] as const
    await json(...args)
    const written = join(folder, 'formats/ulf055T_7B_FSE')
    expect(readdirSync(written)).toEqual([1, 2, 3, 4].map(number => `slice-00${number}.dcm`))
    const before = readFileSync(join(written, 'slice-001.dcm'))
    const again = await run(...args)
    expect(again).toMatchObject({ status: 1, err: expect.stringMatching(/ulf055T_7B_FSE, which is an earlier result/) })
    expect(readFileSync(join(written, 'slice-001.dcm'))).toEqual(before)
    const { replaced } = await json<{ replaced: string[] }>(...args, '--overwrite')
    expect(replaced).toEqual([written])
    expect(readFileSync(join(written, 'slice-001.dcm'))).not.toEqual(before) // The UIDs differ.
    writeFileSync(join(written, 'notes.txt'), 'mine')
    expect((await run(...args, '--overwrite')).err).toMatch(/ulf055T_7B_FSE, whose notes\.txt/)
    expect(readdirSync(written)).toContain('notes.txt')
  })

  it('names the slices of the volume', async () => {
    const { status, err } = await run('reconstruct', scan, '--slice', '5', '--out', 'formats')
    expect(status).toBe(1)
    expect(err).toMatch(/Expected a slice from 1 to 4, got 5, in .*ulf055T_7B_FSE\.h5/)
  })
})

describe('export-kspace', () => {
  it('writes a file that gives the same scores, and replaces no file', async () => {
    const scan = join(demonstration, 'ulf055T_7B_FSE.h5')
    const { volumes } = await json<{ volumes: { output: string }[] }>('export-kspace', scan, '--out', 'k-space')
    expect(volumes.map(({ output }) => output)).toEqual([join(folder, 'k-space/ulf055T_7B_FSE.h5')])
    const [own, exported] = [await score(scan), await score(volumes[0].output)]
    expect(exported).toEqual(own)
    expect(own!.ssim).toBeGreaterThan(0.3)
    const again = await run('export-kspace', scan, '--out', 'k-space')
    expect(again).toMatchObject({
      status: 1,
      err: expect.stringMatching(/ulf055T_7B_FSE\.h5, which is an earlier result/),
    })
    const onto = await run('export-kspace', join(folder, 'k-space'), '--out', 'k-space', '--overwrite')
    expect(onto).toMatchObject({ status: 1, err: expect.stringContaining('ulf055T_7B_FSE.h5') })
  })

  const score = async (path: string) => (await json<Evaluation>('evaluate', path, '--run', 'zero-filled')).mean
})

describe('an output that exists already', () => {
  const scan = join(demonstration, 'ulf055T_7B_FSE.h5')
  let out: string
  let copies = 0

  beforeEach(() => {
    out = join(folder, `there-${++copies}`)
    mkdirSync(out)
  })

  const read = (name: string) => readFileSync(join(out, name))
  const visible = () => readdirSync(out).filter(name => !name.startsWith('.'))

  async function expectRefused(args: readonly string[], words: RegExp): Promise<void> {
    const before = readdirSync(out).map(name => [name, read(name)])
    const { status, out: answer, err } = await run(...args, '--out', out, '--json')
    expect(status, err).toBe(1)
    const { error } = JSON.parse(answer)
    expect(error).toMatchObject({ code: 'FILE_EXISTS', message: expect.stringMatching(words) })
    expect(err).toContain(error.message)
    expect(readdirSync(out).map(name => [name, read(name)])).toEqual(before)
  }

  it('stays if Self-MRI did not write it, also with --overwrite, and the call writes no file', async () => {
    copyFileSync(knee, join(out, basename(scan))) // k-space from another source
    for (const more of [[], ['--overwrite']])
      await expectRefused(
        ['reconstruct', scan, knee, ...more],
        /ulf055T_7B_FSE\.h5, which Self-MRI did not write.*Choose another folder or name, or move the file away\.$/,
      )
  })

  it('stays if it is a file of a study, under every name of the file', async () => {
    copyFileSync(scan, join(out, 'raw.h5'))
    await json('import', out, '--name', 'kept')
    const other = join(folder, 'elsewhere')
    mkdirSync(other)
    copyFileSync(scan, join(other, 'raw.h5'))
    for (const more of [[], ['--overwrite']])
      await expectRefused(
        ['reconstruct', join(other, 'raw.h5'), ...more],
        /raw\.h5, which is a file of the study “kept”/,
      )
    const hard = join(folder, 'hard')
    mkdirSync(hard)
    linkSync(join(out, 'raw.h5'), join(hard, 'raw.h5'))
    const refused = await run('reconstruct', join(other, 'raw.h5'), '--out', hard)
    expect(refused).toMatchObject({ status: 1, err: expect.stringMatching(/a file of the study “kept”/) })
  })

  it('is replaced with --overwrite if it is an earlier result, and is listed', async () => {
    const args = ['reconstruct', scan, '--run', 'truth'] as const
    await json(...args, '--out', out)
    await expectRefused(args, /which is an earlier result of Self-MRI.*--overwrite/)
    const path = join(out, basename(scan))
    const again = await json<{ replaced: string[] }>(...args, '--out', out, '--overwrite')
    expect(again.replaced).toEqual([path])
    const { status, err } = await run(...args, '--out', out, '--overwrite')
    expect([status, err]).toEqual([0, expect.stringContaining(`Replaced ${path}`)])
    writeFileSync(path, 'now it is mine')
    await expectRefused([...args, '--overwrite'], /or which was changed since/)
    expect(visible()).toEqual([basename(scan)])
  })

  it('is written for the first of two inputs with one name, and the second input is named', async () => {
    const other = join(folder, 'twin')
    mkdirSync(other)
    copyFileSync(scan, join(other, basename(scan)))
    const { volumes } = await json<{ volumes: { path: string; reason?: string }[] }>(
      ...['reconstruct', scan, join(other, basename(scan)), '--run', 'truth', '--out', out],
    )
    expect(volumes.filter(({ reason }) => reason)).toMatchObject([{ reason: expect.stringContaining(out) }])
    expect(visible()).toEqual([basename(scan)])
  })

  it.each([
    ['study', 'index.html'],
    ['study', 'study.json'],
    ['demo', 'comparison.png'],
  ])('%s does not begin where %s is somebody’s', async (command, name) => {
    writeFileSync(join(out, name), 'mine')
    await expectRefused([command], new RegExp(`${name}, which Self-MRI did not write`))
  })
})

describe('engine doctor', () => {
  it('computes a training step and names the device and the kernels', async () => {
    const health = await json<EngineHealth>('engine', 'doctor')
    expect(health).toMatchObject({ label: 'CPU', doing: null, state: null, host: hostname() })
    expect(health.tensorflow).toMatch(/^2\./)
    expect(health.kernels).toMatch(/^Self-MRI \d+ \((?:AVX2|AVX-512|NEON)(?:, [\w ]+)?\)$/)
    expect(health.notes).toEqual([])
    expect(health.stepMs).toBeGreaterThan(0)
    expect(Number.isFinite(health.loss)).toBe(true)
  })

  it('says why native kernels do not compute', async () => {
    vi.stubEnv('SELF_MRI_KERNELS', 'tensorflow')
    const health = await json<EngineHealth>('engine', 'doctor').finally(() => vi.unstubAllEnvs())
    expect(health).toMatchObject({ kernels: 'TensorFlow', way: 'graph' })
    expect(health.notes).toEqual(['No native kernels: SELF_MRI_KERNELS is tensorflow'])
  })

  it('compiles its graphs with XLA if the profile says so, and reaches nearly the same loss', async () => {
    const [exact, profile] = [await json<EngineHealth>('engine', 'doctor'), ['--profile', join(folder, 'compiled')]]
    expect(exact.compiler).toBeNull()
    expect(await json<{ xla: boolean }>(...profile, 'engine', 'xla', 'on')).toEqual({ xla: true })
    const compiled = await json<EngineHealth>(...profile, 'engine', 'doctor')
    expect(compiled).toMatchObject({ compiler: 'XLA', way: 'graph' })
    // The first three losses differ by 1e-7. In later steps the difference grows to a hundredth, because RMSprop's
    // steps for small gradients are as long as for large gradients.
    expect(Math.abs(compiled.loss / exact.loss - 1)).toBeLessThan(0.05)
    expect(await json<{ xla: boolean }>(...profile, 'engine', 'xla')).toEqual({ xla: true })
  })
})

describe('a wrong command', () => {
  it.each([
    [['evaluate', 'nowhere.h5'], 1, /nowhere\.h5/],
    [['evaluate', '--run', '999', knee], 1, /got "999"/],
    [['finetune', '--from', 'nobody@x'], 1, /got "nobody@x"/],
    [['evaluate'], 2, /Expected files or folders/],
    [['train', '--channels', '0'], 2, /--channels/],
    [['pretrain', '--temperature', '-1'], 2, /--temperature/],
    [['pretrain', '--method', 'rotnet', '--prototypes', '4'], 2, /--prototypes: RotNet on U-Net has no such setting/],
    [['pretrain', '--recipe', 'scratch/report'], 2, /--recipe: expected a recipe of a pre-training/],
    [['pretrain', '--recipe', 'scratch/original'], 2, /--recipe: expected a recipe of a pre-training/],
    [['recipes', 'show', 'simclr'], 2, /simclr\/original/],
    [['classical', 'save', 'grappa', '--name', 'A'], 2, /cg-sense, .*got grappa/],
    [['classical', 'save', 'sense', '--name', 'A', '--lambda', '1'], 2, /--lambda: SENSE combination has no such/],
    [['evaluate', '--run', 'cg-sense@7', knee], 2, /Expected a run’s number before @/],
    [['evaluate', '--run', 'cg-sense:7', knee], 2, /got cg-sense:7\. There are none yet/],
    [['tune', 'cg-sense', '--study', 'nowhere'], 1, /nowhere/],
    [['tune', 'cg-sense', '--study', 'x', '--wavelet', 'haar'], 2, /--wavelet: CG-SENSE has no such setting/],
    [['train', '--slices', '5-2'], 2, /A-B/],
    [['reconstruct', knee, '--out', 'x', '--format', 'png'], 2, /Allowed choices are hdf5, npy, nifti, dicom/],
    [['reconstruct', knee, '--out', 'x', '--slice', '0'], 2, /counted from 1/],
    [['train', '--study', 'nowhere'], 1, /nowhere/],
    [['import', 'empty'], 1, /empty/],
    [['no-such-command'], 2, /no-such-command/],
  ] as const)('%j exits %i and says what', async (args, status, message) => {
    mkdirSync(join(folder, 'empty'), { recursive: true })
    const finished = await run(...args)
    expect(finished.err).toMatch(message)
    expect(finished.status).toBe(status)
    expect(finished.out).toBe('')
  })

  it('can be looked up, because every command has a help', async () => {
    for (const command of [
      'import',
      'studies',
      'pretrain',
      'finetune',
      'train',
      'evaluate',
      'reconstruct',
      'runs',
      'recipes',
      'classical',
      'tune',
      'profile',
      'engine',
      'demo',
    ]) {
      const { status, out } = await run(command, '--help')
      expect(status).toBe(0)
      expect(out).toContain(`Usage: self-mri ${command}`)
    }
  })

  it('lists the options of a profile where they work: for jobs, and not for a job', async () => {
    expect((await run('jobs', '--help')).out).toContain('--json')
    expect((await run('job', '--help')).out).not.toContain('--profile')
  })
})
