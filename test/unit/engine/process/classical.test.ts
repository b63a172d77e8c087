/**
 * CG-SENSE of a synthetic knee with several coils, through the engine's calls: equal to a solution in double precision,
 * better than zero-filling, and kept between calls.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import type { VolumeContent } from '../../../../src/contract/volumes.ts'
import { croppedTruth } from '../../../../src/core/data/truth.ts'
import type { Volume } from '../../../../src/core/data/volume.ts'
import { calibrateMaps, expandMaps } from '../../../../src/core/mri/coils/maps.ts'
import { drawPattern, fileNameKey } from '../../../../src/core/mri/draw.ts'
import { fft2Centred, ifft2Centred } from '../../../../src/core/mri/fft-double.ts'
import { scoreVolume } from '../../../../src/core/mri/metrics.ts'
import { multiply } from '../../../../src/core/mri/pattern.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { synthesizeKnees } from '../../../../src/engine/files/synthesize.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { sha256 } from '../../../../src/engine/files/whole-files.ts'
import { plain } from '../../../../src/engine/native/arithmetic.ts'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { FrameRequest, Progress, ReconstructorReference } from '../../../../src/engine/process/protocol.ts'
import { frame } from '../../../../src/engine/viewing/frames.ts'
import { useEngine } from '../../../engine.ts'
import { npy } from '../../../npy.ts'
import { writeCoils } from '../files/noise-file.ts'

const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
const settings = { mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
const COILS = 4
const LAMBDA = 0.02

const folder = mkdtempSync(join(tmpdir(), 'self-mri-cg-sense-'))
let volume: Volume
let content: VolumeContent

/** A volume without fat suppression, with one slice. */
beforeAll(async () => {
  await useEngine()
  const patients = { train: 1, val: 0, test: 0 }
  const spec = { directory: folder, seed: 5, patients, slices: 1, voxel: 2, coils: COILS } as const
  const files = await synthesizeKnees(
    spec,
    () => {},
    async () => {},
  )
  volume = await openVolume(files.find(path => path.endsWith('CORPD_FBK.h5'))!, '')
  content = volume.info.content!
})
afterAll(() => {
  volume.dispose()
  rmSync(folder, { recursive: true, force: true })
})

async function evaluated(reconstructor: ReconstructorReference | null) {
  const events: Progress[] = []
  const { volumes, skipped } = await handlers.evaluate(
    { files: [{ path: volume.info.path, content }], salt: '', reconstructor, settings },
    { signal: new AbortController().signal, pause: async () => {}, emit: event => void events.push(event) },
  )
  expect(skipped).toEqual([])
  return { score: volumes[0], events }
}

const cgSense = (iterations: number): ReconstructorReference => ({
  classical: 'cg-sense',
  config: { iterations, lambda: LAMBDA },
})

/** Σ conj(S_c) F⁻¹ M F S_c x in double precision. */
function normal(x: Float64Array, maps: Float32Array, mask: Uint8Array, [rows, columns]: readonly [number, number]) {
  const sum = new Float64Array(x.length)
  for (let coil = 0; coil < COILS; coil++) {
    const map = maps.subarray(coil * x.length, (coil + 1) * x.length)
    const seen = new Float64Array(x.length)
    for (let i = 0; i < x.length; i += 2) {
      seen[i] = map[i] * x[i] - map[i + 1] * x[i + 1]
      seen[i + 1] = map[i] * x[i + 1] + map[i + 1] * x[i]
    }
    const measured = fft2Centred(seen, rows, columns).map((value, i) => value * mask[(i >> 1) % columns])
    addCombined(sum, ifft2Centred(measured, rows, columns), map)
  }
  return sum
}

function addCombined(sum: Float64Array, image: Float64Array, map: Float32Array): void {
  for (let i = 0; i < sum.length; i += 2) {
    sum[i] += map[i] * image[i] + map[i + 1] * image[i + 1]
    sum[i + 1] += map[i] * image[i + 1] - map[i + 1] * image[i]
  }
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)

/** The solution of (AᴴA + λ) x = Aᴴ y with the program's maps, as its magnitude [rows, columns]. */
function solution(): Float64Array {
  const { rows, columns, file } = volume.info
  const pattern = drawPattern(mask, [rows, columns], RandomState.fromKey(fileNameKey(file)))
  const kspace = multiply(pattern, volume.readKspace(0))
  const size = { coils: COILS, rows, columns }
  const { maps } = expandMaps(calibrateMaps(kspace, size, 'a test'), [rows, columns], plain, {
    crop: 0,
    phase: 'principal coil',
  })
  const numbers = 2 * rows * columns
  const right = new Float64Array(numbers)
  for (let at = 0; at < kspace.length; at += numbers)
    addCombined(
      right,
      ifft2Centred(Float64Array.from(kspace.subarray(at, at + numbers)), rows, columns),
      maps.subarray(at, at + numbers),
    )
  const x = new Float64Array(numbers)
  const [residual, direction] = [right.slice(), right.slice()]
  for (let energy = dot(right, right), first = energy; energy > 1e-14 * first; ) {
    const product = normal(direction, maps, pattern.measured, [rows, columns])
    for (let i = 0; i < numbers; i++) product[i] += LAMBDA * direction[i] // the maps have norm 1
    const step = energy / dot(direction, product)
    for (let i = 0; i < numbers; i++) {
      x[i] += step * direction[i]
      residual[i] -= step * product[i]
    }
    const next = dot(residual, residual)
    for (let i = 0; i < numbers; i++) direction[i] = residual[i] + (next / energy) * direction[i]
    energy = next
  }
  return Float64Array.from({ length: numbers / 2 }, (_, i) => Math.hypot(x[2 * i], x[2 * i + 1]))
}

it('has the scores of the solution in double precision, to 1e-4', async () => {
  const { rows, columns } = volume.info
  const truth = croppedTruth(volume, 0)!
  const side = Math.sqrt(truth.length)
  const [top, left] = [Math.floor((rows - side) / 2), Math.floor((columns - side) / 2)]
  const whole = solution()
  const prediction = Float32Array.from(
    truth,
    (_, i) => whole[(top + Math.floor(i / side)) * columns + left + (i % side)],
  )
  const maximum = Math.max(...truth)
  const expected = scoreVolume({ prediction, target: truth, shape: [1, side, side], maximum })
  const squares = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0)
  const nmse = squares(prediction.map((value, i) => value - truth[i])) / squares(truth)
  const { score } = await evaluated(cgSense(80))
  expect(Math.abs(score.nmse / nmse - 1)).toBeLessThan(1e-4)
  expect(Math.abs(score.ssim - expected.ssim)).toBeLessThan(1e-4)
  expect(Math.abs(score.foreground.nmse / expected.foreground.nmse - 1)).toBeLessThan(1e-4)
})

it('has less error in the foreground than zero-filling', async () => {
  const [zeroFilled, classical] = [await evaluated(null), await evaluated(cgSense(30))]
  expect(classical.score.foreground.nmse).toBeLessThan(0.75 * zeroFilled.score.foreground.nmse)
})

it('is kept, and a second score is equal without iterations', async () => {
  const first = await evaluated(cgSense(7))
  const images = join(process.env.SELF_MRI_KEPT!, 'images')
  const kept = readdirSync(images)
  const again = await evaluated(cgSense(7))
  expect(again.score).toEqual(first.score)
  expect(readdirSync(images)).toEqual(kept)
  // No event within the slice.
  expect(again.events.map(({ done }) => done).filter(done => !Number.isInteger(done))).toEqual([])
  expect(first.events.at(-1)).toMatchObject({ done: 1, total: 1 })
})

it('is shown without iterations after a score, and scored without iterations after it was shown', async () => {
  const shown = async (iterations: number) => {
    const events: Progress[] = []
    const request: FrameRequest = {
      ...{ path: volume.info.path, content, salt: '', slice: 0, mask, seed: null },
      source: 'network',
      reconstructor: cgSense(iterations),
      scored: true,
      show: 'image',
      ...{ layer: '', channel: 0, cascade: null, coil: null },
    }
    await frame(request, new AbortController().signal, event => void events.push(event))
    return events.map(({ done, total }) => `${done} of ${total}`)
  }
  await evaluated(cgSense(4))
  expect(await shown(4)).toEqual([])
  const begun = await shown(3) // events within 50 ms of each other are left out
  expect([begun[0], begun[1], begun.at(-1)]).toEqual(['0 of 3', '1 of 3', '3 of 3'])
  const images = join(process.env.SELF_MRI_KEPT!, 'images')
  const kept = readdirSync(images)
  await evaluated(cgSense(3))
  expect(readdirSync(images)).toEqual(kept)
})

it('skips a file whose maps fail, with the remedy, and scores the others', async () => {
  const size = { slices: 2, rows: 32, columns: 24 }
  const several = await writeCoils(folder, 'several', { ...size, coils: 3 })
  const one = await writeCoils(folder, 'one', { ...size, coils: 1 })
  const path = join(folder, 'outer.npy')
  writeFileSync(
    path,
    npy(
      "'|u1'",
      '(24,)',
      Uint8Array.from({ length: 24 }, (_, column) => Number(column < 8)),
    ),
  )
  const file = { path, sha256: sha256(readFileSync(path)) }
  const outer = { ...settings, mask: MaskSpec.parse({ kind: 'file', file }) }
  const { volumes, skipped } = await handlers.evaluate(
    { files: [{ path: several }, { path: one }], salt: '', reconstructor: cgSense(3), settings: outer },
    { signal: new AbortController().signal, pause: async () => {}, emit: () => {} },
  )
  expect(volumes.map(score => score.file)).toEqual(['one.h5'])
  expect(skipped).toEqual([
    { path: several, reason: expect.stringMatching(/centre.*slice 1 of .*several\.h5.*Choose a mask with a centre/) },
  ])
})
