import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/contract/errors.ts'
import { type SliceFault, selectSlices, type VolumeContent } from '../../../src/contract/volumes.ts'
import { listSlices, shownSlice, usableSlices } from '../../../src/core/data/slices.ts'
import { truthMaximum } from '../../../src/core/data/truth.ts'
import type { Volume } from '../../../src/core/data/volume.ts'
import { type EvaluationSettings, evaluateVolume, unscorable } from '../../../src/core/evaluate.ts'
import { keptPattern } from '../../../src/core/mri/draw.ts'
import { makeZeroFilling } from '../../../src/core/mri/fft.ts'
import { scoreVolume } from '../../../src/core/mri/metrics.ts'
import { fullPattern } from '../../../src/core/mri/pattern.ts'
import { storedMask } from '../../../src/core/mri/stored-mask.ts'
import { compute } from '../../engine.ts'
import { noiseVolume, sourceOf } from '../../volumes.ts'

const pause = async () => {}
const SETTINGS: EvaluationSettings = {
  mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
  maskDraws: null,
  slices: { kind: 'all' },
  reference: 'ground truth',
}
const SLICES = 5

const contentWith = (content: Partial<VolumeContent>): VolumeContent => ({
  identity: 'a',
  scan: 'a',
  version: { bytes: 0, modified: '0', changed: '0', inode: '0' },
  sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0 },
  faults: [],
  remarks: [],
  ...content,
})

/**
 * A volume that throws if a faulty slice is read. Only the volume's maximum may read faulty slices, because it is the
 * maximum of all stored numbers.
 */
function volumeWith(faults: readonly SliceFault[]): Volume {
  const volume = noiseVolume('knee', { slices: SLICES })
  const refusing = (datasets: string, read: (index: number) => Float32Array) => (index: number, asStored?: boolean) => {
    if (!asStored && faults.some(({ slice, dataset }) => slice === index && dataset.startsWith(datasets)))
      throw new Error('read')
    return read(index)
  }
  const readKspace = refusing('kspace', volume.readKspace)
  const readTruth = refusing('reconstruction_r', index => volume.readTarget(index)!)
  return {
    ...volume,
    info: { ...volume.info, noiseFree: true, content: contentWith({ faults: [...faults] }) },
    readKspace,
    withKspace: (index, use) => use(readKspace(index)),
    readTarget: readTruth,
    readNoiseFree: refusing('reconstruction_noise_free', index => volume.readTarget(index)!),
  }
}

const noKspace: SliceFault = { slice: 1, dataset: 'kspace', fault: 'all zero' }
const noTruth: SliceFault = { slice: 4, dataset: 'reconstruction_rss', fault: 'not finite' }
const noNoiseFree: SliceFault = { slice: 2, dataset: 'reconstruction_noise_free', fault: 'all zero' }
const FAULTS = [noKspace, noTruth, noNoiseFree]

/** The score of these slices alone, in a volume without faults. */
async function scoreOf(slices: readonly number[]) {
  const volume = noiseVolume('knee', { slices: SLICES })
  const order = [...slices, ...[0, 1, 2, 3, 4].filter(slice => !slices.includes(slice))]
  const sorted: Volume = {
    ...volume,
    info: { ...volume.info, noiseFree: true },
    withKspace: (index, use) => volume.withKspace(order[index], use),
    readTarget: index => volume.readTarget(order[index]),
    readNoiseFree: index => volume.readTarget(order[index]),
  }
  const selected = { kind: 'range', from: 0, to: slices.length - 1 } as const
  return evaluateVolume(sorted, null, { ...SETTINGS, slices: selected }, compute(), pause)
}

describe('slices with a fault', () => {
  it.each([
    ['ground truth', [0, 2, 3], [noKspace, noTruth]],
    ['noise-free', [0, 3, 4], [noKspace, noNoiseFree]],
  ] as const)(
    'are left out of the score against the %s, but not of its data range, and named',
    async (reference, used, leftOut) => {
      const volume = volumeWith(FAULTS)
      expect(unscorable(volume, { ...SETTINGS, reference })).toBeNull()
      const score = await evaluateVolume(volume, null, { ...SETTINGS, reference }, compute(), pause)
      expect(score).toEqual({ ...(await scoreOf(used)), leftOut })
    },
  )

  it('that are not selected are not named', async () => {
    const settings = { ...SETTINGS, slices: { kind: 'range', from: 2, to: 3 } } as const
    const score = await evaluateVolume(volumeWith([noTruth]), null, settings, compute(), pause)
    expect(score.leftOut).toBeUndefined()
    expect(score.slices).toBe(2)
  })

  it('count in the data range with their finite numbers, as in numpy.nanmax', async () => {
    const volume = volumeWith([noKspace, noTruth])
    const truths = [0, 1, 2, 3, 4].map(index => volume.readTarget(index, true)!)
    truths[4].set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** -10])
    truths[1][0] = 2 ** -11 // larger than all scored values
    const spoilt: Volume = { ...volume, readTarget: index => truths[index] }
    expect(await truthMaximum(spoilt, pause)).toBe(2 ** -10)
    truths[4][3] = 0
    expect(await truthMaximum(spoilt, pause)).toBe(2 ** -11)
    const score = await evaluateVolume(spoilt, null, SETTINGS, compute(), pause)
    const mask = keptPattern(SETTINGS.mask, [40, 36], 'knee.h5')
    const images = [0, 2, 3].flatMap(index =>
      Array.from(makeZeroFilling(compute().fourier).image(volume.readKspace(index), 1, mask, [40, 36])),
    )
    const right = scoreVolume({
      prediction: Float32Array.from(images),
      target: Float32Array.from([0, 2, 3].flatMap(index => Array.from(truths[index]))),
      shape: [3, 40, 36],
      maximum: 2 ** -11,
    })
    expect(score).toMatchObject({ ssim: right.ssim, psnr: right.psnr, nmse: right.nmse })
  })

  it('do not count in the data range if their numbers exceed float32', async () => {
    const volume = volumeWith([noTruth])
    const refused = new AppError('NOT_FINITE', 'beyond float32')
    const beyond: Volume = {
      ...volume,
      readTarget: index => {
        if (index === 4) throw refused
        return volume.readTarget(index)
      },
    }
    const others = [0, 1, 2, 3].flatMap(index => Array.from(volume.readTarget(index)!))
    expect(await truthMaximum(beyond, pause)).toBe(Math.max(...others))
  })

  it('are listed beside the score, with the remarks on the data', async () => {
    const volume = noiseVolume('knee', { slices: SLICES })
    const odd = { ...volume, info: { ...volume.info, content: contentWith({ remarks: ['The centre is elsewhere.'] }) } }
    expect((await evaluateVolume(odd, null, SETTINGS, compute(), pause)).remarks).toEqual(['The centre is elsewhere.'])
    expect(await evaluateVolume(volume, null, SETTINGS, compute(), pause)).not.toHaveProperty('remarks')
  })

  it('prevent a score if no other slices are selected', () => {
    const settings = { ...SETTINGS, slices: { kind: 'range', from: 1, to: 1 } } as const
    expect(unscorable(volumeWith(FAULTS), settings)).toBe(
      'None of its selected slices can be scored: slice 2 (kspace: all zero).',
    )
  })

  it('are left out of trainings, but a pretext takes slices whose ground truth alone is faulty', () => {
    const volume = volumeWith(FAULTS)
    const indices = (reference: 'ground truth' | null) =>
      listSlices([sourceOf(volume)], { kind: 'all' }, reference).map(({ index }) => index)
    expect(indices('ground truth')).toEqual([0, 2, 3])
    expect(indices(null)).toEqual([0, 2, 3, 4])
  })

  it('are replaced by the nearest whole slice when a volume is shown', () => {
    const shown = (...slices: number[]) => shownSlice(volumeWith(slices.map(slice => ({ ...noKspace, slice }))).info)
    expect(shown()).toBe(2)
    expect(shown(2)).toBe(1)
    expect(shown(1, 2)).toBe(3)
    expect(shown(0, 1, 2, 3, 4)).toBe(2)
    expect(shownSlice(volumeWith([{ ...noTruth, slice: 2 }]).info)).toBe(1)
  })

  it('are unknown before the content was read', () => {
    const { info } = noiseVolume('knee', { slices: SLICES })
    expect(usableSlices(info, { kind: 'all' }, 'ground truth')).toEqual(selectSlices({ kind: 'all' }, SLICES))
  })
})

describe('an irregular volume', () => {
  it('is scored without a further mask, with the acceleration of its samples', async () => {
    const sampling = { kind: 'irregular', pattern: 'points', acceleration: 3.5 } as const
    const volume = noiseVolume('knee', { mask: fullPattern(40, 36) })
    const irregular = { ...volume, info: { ...volume.info, sampling } }
    const score = await evaluateVolume(irregular, null, { ...SETTINGS, maskDraws: 3 }, compute(), pause)
    const unsearched = { ...irregular, mask: () => expect.unreachable('The pattern of a slice was searched') }
    await evaluateVolume(unsearched, null, { ...SETTINGS, maskDraws: null }, compute(), pause)
    const truth = [0, 1].flatMap(index => Array.from(volume.readTarget(index)!))
    const images = [0, 1].flatMap(index =>
      Array.from(makeZeroFilling(compute().fourier).image(volume.readKspace(index), 1, fullPattern(40, 36), [40, 36])),
    )
    const right = scoreVolume({
      prediction: Float32Array.from(images),
      target: Float32Array.from(truth),
      shape: [2, 40, 36],
      maximum: Math.max(...truth),
    })
    expect(score).toMatchObject({
      sampling: 'sub-sampled in the file',
      acceleration: 3.5,
      ssim: right.ssim,
      psnr: right.psnr,
      nmse: right.nmse,
    })
    expect(score.draws).toBeUndefined()
  })
})

describe('a mask file', () => {
  const values = Array.from({ length: 40 * 36 }, (_, i) => Number(i % 5 < 2 || i % 36 === 18))
  const stored = storedMask('/m.npy', { shape: [40, 36], at: i => values[i] })
  const file = { path: '/m.npy', sha256: '0'.repeat(64) }
  const mask = { kind: 'file', acceleration: 4, centerFraction: 0.08, file, stored } as const

  it('is the one mask of a volume, however many draws are asked for', async () => {
    const volume = noiseVolume('knee')
    const score = await evaluateVolume(volume, null, { ...SETTINGS, mask, maskDraws: 3 }, compute(), pause)
    expect(score.acceleration).toBeCloseTo(values.length / values.reduce((sum, value) => sum + value, 0), 12)
    expect(score.draws).toBeUndefined()
    const masked = {
      ...volume,
      withKspace: <T>(index: number, use: (kspace: Float32Array) => T) =>
        use(volume.readKspace(index).map((value, i) => value * values[i >> 1])),
    }
    const full = { kind: 'equispaced', acceleration: 1, centerFraction: 0.08 } as const
    const same = await evaluateVolume(masked, null, { ...SETTINGS, mask: full, maskDraws: null }, compute(), pause)
    expect(score.ssim).toBeCloseTo(same.ssim, 9)
    expect(score.nmse).toBeCloseTo(same.nmse, 9)
  })

  it('of another pattern for each slice has the acceleration over all slices, in padded volumes too', async () => {
    const whole = noiseVolume('knee')
    const volume = { ...whole, info: { ...whole.info, padding: [6, 33] as [number, number] } }
    const at = (i: number) => Number(i % 36 === 18 || i % 36 === 5 || (i < 36 && i % 2))
    const perSlice = { ...mask, stored: storedMask('/m.npy', { shape: [2, 1, 36], at }) }
    const score = await evaluateVolume(volume, null, { ...SETTINGS, mask: perSlice, maskDraws: null }, compute(), pause)
    const measured = (from: number, to: number) =>
      Array.from({ length: 72 }, (_, i) => (i % 36 >= from && i % 36 < to ? at(i) : 0)).reduce((a, b) => a + b)
    expect(score.acceleration).toBeCloseTo(72 / measured(0, 36), 12)
    expect(score.measurableAcceleration).toBeCloseTo(54 / measured(6, 33), 12)
  })

  it('of another size is refused with both files', async () => {
    const other = { ...mask, stored: storedMask('/m.npy', { shape: [20], at: () => 1 }) }
    await expect(
      evaluateVolume(noiseVolume('knee'), null, { ...SETTINGS, mask: other }, compute(), pause),
    ).rejects.toThrow(/for \/knee.h5, got 1 × 1 × 20, in \/m.npy/)
  })
})

it('a volume with padding has both accelerations, and one without has one', async () => {
  const volume = noiseVolume('knee')
  const padded = { ...volume, info: { ...volume.info, padding: [6, 33] as [number, number] } }
  const settings = { ...SETTINGS, maskDraws: null }
  const score = await evaluateVolume(padded, null, settings, compute(), pause)
  const { measured } = keptPattern(SETTINGS.mask, [40, 36], 'knee.h5')
  const inside = measured.subarray(6, 33).reduce((sum, value) => sum + value, 0)
  expect(score.measurableAcceleration).toBe(27 / inside)
  const whole = await evaluateVolume(volume, null, settings, compute(), pause)
  expect(whole.acceleration).toBe(score.acceleration)
  expect(whole).not.toHaveProperty('measurableAcceleration')
})
