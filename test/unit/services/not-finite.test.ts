/** A network whose numbers outgrow float32, and names as users give them: what is written and scored, and what is said instead. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ExportFormat, stemOf } from '../../../src/contract/exports.ts'
import { EXTENSIONS } from '../../../src/core/data/formats/index.ts'
import { networkOf } from '../../../src/core/models/index.ts'
import { initialParameters, toTorch } from '../../../src/core/training/parameters.ts'
import { writeCheckpoint } from '../../../src/engine/files.ts'
import { writeFastMri } from '../../../src/engine/hdf5-write.ts'
import { openVolume } from '../../../src/engine/volumes.ts'
import { importCheckpoint } from '../../../src/services/checkpoints.ts'
import { openServices, type Services } from '../../../src/services/context.ts'
import { type EvaluationRequest, evaluate } from '../../../src/services/evaluations.ts'
import { type ReconstructionRequest, reconstruct, saveReconstruction } from '../../../src/services/save.ts'
import { addStudy } from '../../studies.ts'
import { noiseVolume } from '../../volumes.ts'
import { writeNoise } from '../engine/noise-file.ts'

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const

let folder: string
let services: Services
let scan: string
let volume: number
let study: number
/** Finite weights, of which no image is. */
let overflowing: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-not-finite-'))
  services = openServices({ profile: join(folder, 'profile') })
  scan = await writeNoise(folder, 'a', { slices: 3 })
  const opened = await openVolume(scan, '')
  const made = addStudy(services, 's', [[opened.info, 'test']])
  opened.dispose()
  study = made.id
  volume = made.volumes[0].id
  const specs = networkOf('unet').parameters({ channels: 2, pools: 2 })
  const weights = initialParameters(specs, 1).map(value => value * 1e37)
  const path = join(folder, 'large.safetensors')
  await writeCheckpoint(path, { tensors: toTorch(weights, specs), metadata: {} })
  overflowing = importCheckpoint(services, study, path)
})

afterAll(async () => {
  await services.close()
  rmSync(folder, { recursive: true, force: true })
})

const reconstructed = (request: Partial<ReconstructionRequest> & Pick<ReconstructionRequest, 'directory'>) =>
  reconstruct(services, {
    ...{ paths: [scan], run: 'zero-filled', epoch: null, mask, seed: null, slice: null, format: 'npy' },
    ...request,
  })

const scored = (paths: string[], run: string, slices: EvaluationRequest['settings']['slices'] = { kind: 'all' }) =>
  evaluate(services, { paths, run, settings: { mask, maskDraws: null, slices, reference: 'ground truth' } })

describe('an image that is not finite', () => {
  it.each(ExportFormat.options)('is not written, and its slice is named: %s', async format => {
    const directory = join(folder, `none ${format}`)
    for (const [slice, named] of [
      [null, 1],
      [2, 3],
    ] as const) {
      const [result, ...more] = await reconstructed({ directory, run: overflowing, format, slice })
      expect(more).toEqual([])
      expect(result).toEqual({
        path: scan,
        reason: expect.stringMatching(
          new RegExp(
            `network’s image of slice ${named} \\(counted from 1\\), got (NaN|-?Infinity), in .*a\\.h5\\. .* Choose another run`,
          ),
        ),
      })
    }
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([])
  })

  it('is not saved from the window', async () => {
    const path = join(folder, 'saved.npy')
    const request = {
      volume,
      source: `run:${overflowing}` as const,
      mask,
      seed: null,
      slice: 1,
      format: 'npy' as const,
    }
    await expect(saveReconstruction(services, { ...request, path })).rejects.toThrow(/slice 2 \(counted from 1\)/)
    expect(existsSync(path)).toBe(false)
  })

  it('has no score: the volume is listed with its reason', async () => {
    const { volumes, mean, skipped } = await scored([scan], overflowing)
    expect([volumes, mean]).toEqual([[], null])
    expect(skipped).toEqual([{ path: scan, reason: expect.stringContaining('slice 1 (counted from 1)') }])
  })
})

/** The noise volume with another ground truth. */
async function writeTruth(name: string, truth: (slice: number, pixels: number) => Float32Array): Promise<string> {
  const { info, readKspace } = noiseVolume(name)
  const images = Array.from({ length: info.slices }, (_, slice) => truth(slice, info.rows * info.columns))
  const path = join(folder, `${name}.h5`)
  await writeFastMri(path, {
    ...{ matrix: [info.rows, info.columns], imageSize: [info.rows, info.columns], header: '' },
    kspace: images.map((_, slice) => readKspace(slice)),
    ...{ reconstruction: images, noiseFree: images },
    attributes: { acquisition: 'CORPD_FBK', max: 1, norm: 1, patient_id: name, generator: 'test' },
  })
  return path
}

describe('a score that is not finite', () => {
  it('is never printed: a ground truth of zeros, slices without foreground', async () => {
    const empty = await writeTruth('empty', (_, pixels) => new Float32Array(pixels))
    const faint = await writeTruth('faint', (slice, pixels) => new Float32Array(pixels).fill(slice === 0 ? 1e-9 : 1))
    const first = await scored([empty, faint, scan], 'zero-filled', { kind: 'range', from: 0, to: 0 })
    expect(first.volumes.map(({ file }) => file)).toEqual(['a.h5'])
    expect(first.skipped.map(({ path, reason }) => [path, reason])).toEqual([
      [empty, expect.stringMatching(/NMSE (Infinity|NaN).*zero in all selected slices. Select other slices/)],
      [faint, expect.stringMatching(/SSIM of the foreground NaN.*reaches 0.1 of the volume maximum, 1. Select/)],
    ])
    const all = await scored([faint], 'zero-filled')
    expect(all.skipped).toEqual([])
    expect(Object.values(all.mean!.foreground).every(Number.isFinite)).toBe(true)
  })
})

describe('names', () => {
  it('lose only endings of data files', () => {
    for (const ending of EXTENSIONS) expect(stemOf(`knee.a${ending}`)).toBe('knee.a')
    expect(['KNEE.H5', 'scan_1.5', 'v2.0.1', '.h5', '.hidden.h5', 'a.h5.h5', 'trailing.', 'con'].map(stemOf)).toEqual([
      ...['KNEE', 'scan_1.5', 'v2.0.1', '.h5', '.hidden', 'a.h5', 'trailing.', 'con'],
    ])
  })

  it('with dots are told apart, and two that would be one are refused by name', async () => {
    const inputs = join(folder, 'dots')
    mkdirSync(inputs)
    const paths = ['scan_1.0', 'scan_1.5', 'same.h5', 'same.hdf5'].map(name => join(inputs, name))
    for (const path of paths) copyFileSync(scan, path)
    const directory = join(folder, 'dots out')
    const results = await reconstructed({ paths, directory })
    expect(readdirSync(directory).sort()).toEqual(['same.npy', 'scan_1.0.npy', 'scan_1.5.npy'])
    expect(results.filter(result => 'reason' in result)).toEqual([
      { path: paths[3], reason: expect.stringContaining(join(directory, 'same.npy')) },
    ])
  })

  it.each(ExportFormat.options)(
    'as long as the disk permits are written, longer ones refused in words: %s',
    async format => {
      const inputs = join(folder, `long ${format}`)
      mkdirSync(inputs)
      const ending = { hdf5: '.h5', npy: '.npy', nifti: '.nii.gz', dicom: '' }[format]
      const longest = 'ü'.repeat(100).padEnd(255 - 100 - ending.length, 'x') // 255 bytes with the ending
      copyFileSync(scan, join(inputs, longest))
      const directory = join(folder, `long ${format} out`)
      expect(await reconstructed({ paths: [join(inputs, longest)], directory, format })).toEqual([
        { path: join(inputs, longest), output: join(directory, `${longest}${ending}`) },
      ])
      const [sliced] = await reconstructed({ paths: [join(inputs, longest)], directory, format, slice: 0 })
      expect(sliced).toMatchObject({
        reason: expect.stringMatching(/name of at most 255 bytes, got 26\d bytes: .*rename the scan/),
      })
      expect(readdirSync(directory)).toEqual([`${longest}${ending}`])
    },
  )

  it('of scans do not limit where the window saves, and are refused only where they are part of the name', async () => {
    const path = join(folder, `${'x'.repeat(250)}.h5`)
    copyFileSync(scan, path)
    const opened = await openVolume(path, '')
    const [{ id }] = addStudy(services, 'long', [[opened.info, 'test']]).volumes
    opened.dispose()
    const request = { volume: id, source: 'truth' as const, mask, seed: null, slice: null, format: 'nifti' as const }
    const wanted = join(folder, 'short.nii.gz')
    expect(await saveReconstruction(services, { ...request, path: wanted })).toEqual({
      path: wanted,
      name: 'short.nii.gz',
    })
    await expect(saveReconstruction(services, request)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('got 263 bytes'),
    })
  })
})
