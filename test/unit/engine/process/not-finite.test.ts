/** Networks whose numbers overflow float32, and unusual file names: files, scores and messages. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ExportFormat, stemOf } from '../../../../src/contract/exports.ts'
import type { SliceSelection } from '../../../../src/contract/volumes.ts'
import { EXTENSIONS } from '../../../../src/core/data/formats/index.ts'
import { zeroFilled } from '../../../../src/core/imaging.ts'
import { networkOf } from '../../../../src/core/models/index.ts'
import { initialParameters, toTorch } from '../../../../src/core/models/parameters.ts'
import { makeZeroFilling } from '../../../../src/core/mri/fft.ts'
import { fullPattern } from '../../../../src/core/mri/pattern.ts'
import { writeFastMri } from '../../../../src/engine/files/hdf5-write.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { writeCheckpoint } from '../../../../src/engine/files/whole-files.ts'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { ModelReference, ReconstructRequest } from '../../../../src/engine/process/protocol.ts'
import { compute, useEngine } from '../../../engine.ts'
import { noiseVolume } from '../../../volumes.ts'
import { writeNoise } from '../files/noise-file.ts'

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const context = { signal: new AbortController().signal, emit() {}, pause: async () => {} }

let folder: string
let scan: string
/** A network with finite weights whose images are not finite. */
let overflowing: ModelReference

beforeAll(async () => {
  await useEngine()
  folder = mkdtempSync(join(tmpdir(), 'self-mri-not-finite-'))
  scan = await writeNoise(folder, 'a', { slices: 3 })
  const networkConfig = { channels: 2, pools: 2 }
  const specs = networkOf('unet').parameters(networkConfig)
  const weights = initialParameters(specs, 1).map(value => value * 1e37)
  const checkpoint = join(folder, 'large.safetensors')
  await writeCheckpoint(checkpoint, { tensors: toTorch(weights, specs), metadata: {} })
  overflowing = { network: 'unet', networkConfig, checkpoint }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const reconstructed = ({
  paths = [scan],
  ...request
}: { paths?: string[] } & Partial<ReconstructRequest> & Pick<ReconstructRequest, 'directory'>) =>
  handlers.reconstruct(
    {
      ...{ files: paths.map(path => ({ path })), salt: '', source: 'network', reconstructor: null, mask, seed: null },
      ...{ slice: null, format: 'npy', run: 'zero-filled', checkpoint: null, units: 'signal' },
      ...request,
    },
    context,
  )

const scored = (paths: string[], model: ModelReference | null, slices: SliceSelection = { kind: 'all' }) =>
  handlers.evaluate(
    {
      ...{ files: paths.map(path => ({ path })), salt: '', reconstructor: model },
      settings: { mask, maskDraws: null, slices, reference: 'ground truth' },
    },
    context,
  )

const visible = (directory: string) =>
  readdirSync(directory)
    .filter(name => !name.startsWith('.'))
    .sort()

describe('an image that is not finite', () => {
  it.each(ExportFormat.options)('is not written, and its slice is named: %s', async format => {
    const directory = join(folder, `none ${format}`)
    for (const [slice, named] of [
      [null, 1],
      [2, 3],
    ] as const) {
      const [result, ...more] = await reconstructed({ directory, reconstructor: overflowing, format, slice })
      expect(more).toEqual([])
      expect(result).toEqual({
        path: scan,
        reason: expect.stringMatching(
          new RegExp(`network’s image of slice ${named}, got (NaN|-?Infinity), in .*a\\.h5\\. .* Choose another run`),
        ),
      })
    }
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([])
  })

  it('has no score, and its volume is listed with the reason', async () => {
    const { volumes, skipped } = await scored([scan], overflowing)
    expect(volumes).toEqual([])
    expect(skipped).toEqual([{ path: scan, reason: expect.stringContaining('slice 1') }])
  })
})

/** Writes the noise volume with another ground truth. */
async function writeTruth(
  name: string,
  truth: (slice: number, pixels: number) => Float32Array,
  file = `${name}.h5`,
  slices = 2,
): Promise<string> {
  const { info, readKspace } = noiseVolume(name, { slices })
  const images = Array.from({ length: info.slices }, (_, slice) => truth(slice, info.rows * info.columns))
  const path = join(folder, file)
  await writeFastMri(path, {
    ...{ matrix: [info.rows, info.columns], imageSize: [info.rows, info.columns], header: '' },
    kspace: images.map((_, slice) => readKspace(slice)),
    ...{ reconstruction: images, noiseFree: images },
    attributes: { acquisition: 'CORPD_FBK', max: 1, norm: 1, patient_id: name, generator: 'test' },
  })
  return path
}

describe('a slice of k-space that is not finite', () => {
  it('is refused by an export that names all such slices, and the remedy works', async () => {
    const { info, readKspace } = noiseVolume('spoilt', { slices: 3 })
    const kspace = Array.from({ length: 3 }, (_, slice) => readKspace(slice))
    kspace[1][5] = Number.NaN
    const images = kspace.map(() => new Float32Array(info.rows * info.columns).fill(1))
    const path = join(folder, 'spoilt.h5')
    await writeFastMri(path, {
      ...{ matrix: [info.rows, info.columns], imageSize: [info.rows, info.columns], header: '' },
      ...{ kspace, reconstruction: images, noiseFree: images },
      attributes: { acquisition: 'CORPD_FBK', max: 1, norm: 1, patient_id: 'spoilt', generator: 'test' },
    })
    const directory = join(folder, 'spoilt out')
    const [whole] = await reconstructed({ paths: [path], directory })
    expect(whole).toMatchObject({
      path,
      reason: expect.stringMatching(/got slice 2 \(kspace: not finite\), in .*spoilt\.h5\. .*one by one \(--slice\)/),
    })
    for (const slice of [0, 2])
      expect(await reconstructed({ paths: [path], directory, slice })).toMatchObject([{ output: expect.anything() }])
    expect(visible(directory)).toHaveLength(2)
    const [truth] = await reconstructed({ paths: [path], directory, source: 'truth' })
    expect(truth).toMatchObject({ output: expect.anything() }) // The ground truth is finite.
  })
})

describe('a score that is not finite', () => {
  it('is never printed for slices without foreground', async () => {
    const faint = await writeTruth('faint', (slice, pixels) => new Float32Array(pixels).fill(slice === 0 ? 1e-9 : 1))
    const first = await scored([faint, scan], null, { kind: 'range', from: 0, to: 0 })
    expect(first.volumes.map(({ file }) => file)).toEqual(['a.h5'])
    expect(first.skipped).toEqual([
      {
        path: faint,
        reason: expect.stringMatching(/SSIM of the foreground NaN.*reaches 0.1 of the volume maximum, 1. Select/),
      },
    ])
    const all = await scored([faint], null)
    expect(all.skipped).toEqual([])
    expect(Object.values(all.volumes[0].foreground).every(Number.isFinite)).toBe(true)
  })

  it('is never printed for a reconstruction that equals the ground truth', async () => {
    const volume = await openVolume(scan, '')
    const images = [0, 1, 2].map(slice =>
      zeroFilled(volume, slice, fullPattern(volume.info.rows, volume.info.columns), makeZeroFilling(compute().fourier)),
    )
    volume.dispose()
    const path = await writeTruth('a', slice => images[slice], 'same.h5', 3)
    const { volumes, skipped } = await handlers.evaluate(
      {
        ...{ files: [{ path }], salt: '', reconstructor: null },
        settings: {
          ...{ maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' },
          mask: { kind: 'equispaced', acceleration: 1, centerFraction: 1 },
        },
      },
      context,
    )
    expect(volumes).toEqual([])
    expect(skipped).toEqual([
      { path, reason: expect.stringMatching(/PSNR Infinity.*equals the ground truth. Score with a mask that leaves/) },
    ])
  })
})

describe('names', () => {
  it('lose only the endings of data files', () => {
    for (const ending of EXTENSIONS) expect(stemOf(`knee.a${ending}`)).toBe('knee.a')
    expect(['KNEE.H5', 'scan_1.5', 'v2.0.1', '.h5', '.hidden.h5', 'a.h5.h5', 'trailing.', 'con'].map(stemOf)).toEqual([
      ...['KNEE', 'scan_1.5', 'v2.0.1', '.h5', '.hidden', 'a.h5', 'trailing.', 'con'],
    ])
  })

  it('with dots are kept apart, and two inputs with one output name are refused by name', async () => {
    const inputs = join(folder, 'dots')
    mkdirSync(inputs)
    const paths = ['scan_1.0', 'scan_1.5', 'same.h5', 'same.hdf5'].map(name => join(inputs, name))
    for (const path of paths) copyFileSync(scan, path)
    const directory = join(folder, 'dots out')
    const results = await reconstructed({ paths, directory })
    expect(visible(directory)).toEqual(['same.npy', 'scan_1.0.npy', 'scan_1.5.npy'])
    expect(results.filter(result => 'reason' in result)).toEqual([
      { path: paths[3], reason: expect.stringContaining(join(directory, 'same.npy')) },
    ])
  })

  it.each(ExportFormat.options)(
    'of the largest length are written, and longer names are refused with a message: %s',
    async format => {
      const inputs = join(folder, `long ${format}`)
      mkdirSync(inputs)
      const ending = { hdf5: '.h5', npy: '.npy', nifti: '.nii.gz', dicom: '' }[format]
      const longest = 'ü'.repeat(100).padEnd(255 - 100 - ending.length, 'x') // 255 bytes with the ending
      copyFileSync(scan, join(inputs, longest))
      const directory = join(folder, `long ${format} out`)
      expect(await reconstructed({ paths: [join(inputs, longest)], directory, format })).toEqual([
        { path: join(inputs, longest), output: join(directory, `${longest}${ending}`), empty: [], remarks: [] },
      ])
      const [sliced] = await reconstructed({ paths: [join(inputs, longest)], directory, format, slice: 0 })
      expect(sliced).toMatchObject({
        reason: expect.stringMatching(/name of at most 255 bytes, got 26\d bytes: .*rename the scan/),
      })
      expect(visible(directory)).toEqual([`${longest}${ending}`])
    },
  )
})
