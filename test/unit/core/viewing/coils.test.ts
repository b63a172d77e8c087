/** What a pane shows of a volume with several coils: all coils combined, or one of them. */
import { beforeAll, describe, expect, it } from 'vitest'
import { hasCoils, SHOWS } from '../../../../src/contract/images.ts'
import { type Tiles, tileAt } from '../../../../src/contract/tiles.ts'
import { classicalOf } from '../../../../src/core/classical.ts'
import type { Volume } from '../../../../src/core/data/volume.ts'
import { calibrateMaps, expandMaps } from '../../../../src/core/mri/coils/maps.ts'
import { keptPattern } from '../../../../src/core/mri/draw.ts'
import { columnPattern, multiply } from '../../../../src/core/mri/pattern.ts'
import { centreCropReal } from '../../../../src/core/mri/transform.ts'
import { imageOfDraw } from '../../../../src/core/viewing/over-masks.ts'
import { metricsOf, pictureOf } from '../../../../src/core/viewing/shows.ts'
import type { Subject } from '../../../../src/core/viewing/subject.ts'
import { shapeOfTiles } from '../../../../src/core/viewing/tiles.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { rootOverCoils } from '../../../kspace.ts'
import { subjectOf } from '../../../subject.ts'
import { noiseVolume } from '../../../volumes.ts'

beforeAll(useEngine)

const mask = { kind: 'random', acceleration: 3, centerFraction: 0.1 } as const
const [coils, rows, columns] = [3, 48, 36]
const samples = rows * columns
const crop = [32, 32] as const
const columnsMeasured = keptPattern(mask, [rows, columns], 'brain.h5').measured
const all = new Uint8Array(columns).fill(1)

const noise = noiseVolume('brain', { coils, rows, columns })

/** Root of the sum of squares over all coils, cropped. */
const rssOf = (index: number, measured: Uint8Array) =>
  centreCropReal(
    Float32Array.from(rootOverCoils(noise.readKspace(index), [coils, rows, columns], measured)),
    [rows, columns],
    crop,
  )

const volume: Volume = {
  ...noise,
  info: { ...noise.info, targetShape: [32, 32] },
  readTarget: index => rssOf(index, all),
}

/** The volume as a scanner with this one coil would have measured it. */
function withOneCoil(coil: number): Volume {
  const kspaceOf = (index: number) => noise.readKspace(index).slice(2 * coil * samples, 2 * (coil + 1) * samples)
  return {
    ...volume,
    info: { ...volume.info, coils: 1 },
    readKspace: kspaceOf,
    withKspace: (index, use) => use(kspaceOf(index)),
  }
}

const subject = (changes: Partial<Subject> = {}) => subjectOf(volume, mask, changes)

const refused = (message: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })

function tileOf(grid: Float32Array, tiles: Tiles, coil: number): Float32Array {
  const [, across] = shapeOfTiles(tiles)
  return grid.filter((_, i) => tileAt(tiles, Math.floor(i / across), i % across)?.coil === coil)
}

describe('all coils', () => {
  it('are combined to the root of the sum of squares in the image, and scored', async () => {
    const { image, note } = await pictureOf('image', subject())
    expectClose(image, rssOf(1, columnsMeasured), 1e-5)
    expect(note).toBeUndefined()
    expect((await metricsOf(subject()))!.ssim).toBeGreaterThan(0)
  })

  it('are combined in k-space, and the note says so', async () => {
    for (const source of ['network', 'truth'] as const) {
      const { image, shape, note } = await pictureOf('k-space', subject({ source }))
      expect([image.length, shape]).toEqual([samples, [rows, columns]])
      expect(note).toContain('root of the sum of squares over 3 coils')
      const kspace = volume.readKspace(1)
      for (const [i, value] of image.entries()) {
        if (source === 'network' && !columnsMeasured[i % columns]) expect(value).toBeNaN()
        else {
          const parts = [0, 1, 2].flatMap(c => [...kspace.subarray(2 * (c * samples + i), 2 * (c * samples + i) + 2)])
          expect(10 ** value / Math.hypot(...parts)).toBeCloseTo(1, 4)
        }
      }
    }
  })

  it('have no common phase, so the first coil is shown, and the note says so', async () => {
    const [combined, first] = [await pictureOf('phase', subject()), await pictureOf('phase', subject({ coil: 0 }))]
    expect(combined.image).toEqual(first.image)
    expect(combined.note).toContain('Phase of coil 1 of 3')
  })

  it('have a residual of 0 for the zero-filled image, and a floor for the ground truth', async () => {
    const [ofInput, ofTruth] = [
      await pictureOf('residual', subject()),
      await pictureOf('residual', subject({ source: 'truth' })),
    ]
    expect(ofInput.residual!.value).toBeLessThan(1e-6)
    expect(ofTruth.residual!.value).toBe(ofTruth.residual!.floor)
    expect(ofTruth.residual!.value).toBeGreaterThan(1e-3)
    expect(ofTruth.shape).toEqual([rows, columns])
    expect(ofTruth.note).toContain('over 3 coils')
    const whole = await pictureOf('residual', subject({ source: 'truth', mask: { ...mask, acceleration: 1 } }))
    expect(whole.residual!.value).toBeLessThan(1e-6)
  })
})

describe('one coil', () => {
  it.each(['image', 'k-space', 'phase'] as const)('is shown as a volume of this coil alone: %s', async show => {
    for (const coil of [0, 2]) {
      const sources = show === 'image' ? (['network'] as const) : (['network', 'truth'] as const)
      for (const source of sources) {
        const picture = await pictureOf(show, subject({ coil, source }))
        const alone = await pictureOf(show, subject({ source, volume: withOneCoil(coil) }))
        expect(picture.image).toEqual(alone.image)
        expect(picture.note).toContain(`coil ${coil + 1} of 3`)
        expect(picture.mask).toEqual(alone.mask)
      }
    }
  })

  it('has no metrics', async () => {
    expect(await metricsOf(subject({ coil: 1 }))).toBeNull()
  })

  it('is refused for what combines all coils, and if the volume has no such coil', async () => {
    for (const show of SHOWS)
      for (const source of ['truth', 'network'] as const) {
        if (hasCoils(source === 'truth' ? 'truth' : 'zero-filled', show)) continue
        const asked = subject({ coil: 1, source })
        const picture = show === 'mean' || show === 'spread' ? imageOfDraw(asked) : pictureOf(show, asked)
        await expect(picture, `${show} of ${source}`).rejects.toThrow(refused('got '))
      }
    await expect(pictureOf('image', subject({ coil: 3 }))).rejects.toThrow(refused('from 1 to 3, got 4'))
  })
})

describe('all coils side by side', () => {
  it('are the images of the coils, each in its tile', async () => {
    for (const source of ['network', 'truth'] as const) {
      const { image, tiles, units, pixelSize } = await pictureOf('coils', subject({ source }))
      expect([units, pixelSize, tiles]).toEqual(['signal', undefined, expect.objectContaining({ count: coils })])
      const measured = source === 'truth' ? all : columnsMeasured
      for (let coil = 0; coil < coils; coil++) {
        const kspace = volume.readKspace(1).subarray(2 * coil * samples, 2 * (coil + 1) * samples)
        const alone = Float32Array.from(rootOverCoils(kspace, [1, rows, columns], measured))
        expectClose(tileOf(image, tiles!, coil), centreCropReal(alone, [rows, columns], crop), 1e-5)
      }
    }
  })

  it('show which coil has NaN', async () => {
    const kspace = volume.readKspace(1)
    kspace[2 * samples] = Number.NaN
    const broken = { ...volume, withKspace: (_: number, use: (x: Float32Array) => never) => use(kspace) }
    const { image, tiles } = await pictureOf('coils', subject({ volume: broken as Volume, source: 'truth' }))
    const finite = Array.from({ length: coils }, (_, coil) => tileOf(image, tiles!, coil).every(Number.isFinite))
    expect(finite).toEqual([true, false, true])
  })
})

describe('coil maps', () => {
  const made = (source: 'truth' | 'network') => {
    const measured = source === 'truth' ? all : columnsMeasured
    const kspace = multiply(columnPattern(measured, rows), volume.readKspace(1))
    const compact = calibrateMaps(kspace, { coils, rows, columns }, 'a test')
    return { compact, ...expandMaps(compact, [rows, columns], compute()) }
  }

  it('are magnitude and phase of the measured k-space’s maps: of all coils, or of one', async () => {
    for (const source of ['network', 'truth'] as const) {
      const { maps, compact } = made(source)
      expect(compact.method).toBe(source === 'truth' ? 'espirit' : 'walsh')
      const { image, second, tiles, note } = await pictureOf('maps', subject({ source }))
      expect(second!.kind).toBe('phase')
      expect(note).toContain(source === 'truth' ? 'ESPIRiT, 6 × 6 kernels' : 'Walsh')
      for (let coil = 0; coil < coils; coil++) {
        const one = await pictureOf('maps', subject({ source, coil }))
        expect(one.note).toContain(`of coil ${coil + 1} of 3`)
        expect(tileOf(image, tiles!, coil)).toEqual(one.image)
        expect(tileOf(second!.values, tiles!, coil)).toEqual(one.second!.values)
        const part = (of: 0 | 1) =>
          centreCropReal(
            maps.subarray(2 * coil * samples, 2 * (coil + 1) * samples).filter((_, i) => i % 2 === of),
            [rows, columns],
            crop,
          )
        expectClose(
          one.image.map((value, i) => value * Math.cos(one.second!.values[i])),
          part(0),
          1e-5,
        )
        expectClose(
          one.image.map((value, i) => value * Math.sin(one.second!.values[i])),
          part(1),
          1e-5,
        )
      }
    }
  })

  it('have an eigenvalue and marks by ESPIRiT, and otherwise say their method and why', async () => {
    const { image, second, units, note, cautions } = await pictureOf('eigenvalues', subject({ source: 'truth' }))
    const { eigenvalues } = made('truth')
    expect([second!.kind, units]).toEqual(['mark', 'share'])
    expectClose(image, centreCropReal(eigenvalues!, [rows, columns], crop), 1e-6)
    expect(second!.values.some(value => value === 1)).toBe(true) // noise is no object with smooth coils
    expect(note).toMatch(/^In [\d.]+ % of the object, one set of maps does not explain the data/)
    expect(cautions).toEqual([expect.stringContaining('one set of maps does not explain the data')])
    await expect(pictureOf('eigenvalues', subject())).rejects.toThrow(refused('The maps are Walsh’s'))
    const named = /got maps of another method, for slice \d+ of .+\. Walsh/
    await expect(pictureOf('eigenvalues', subject())).rejects.toThrow(named)
    expect((await pictureOf('maps', subject())).cautions).toEqual([expect.stringContaining('The maps are Walsh’s')])
  })

  it('are refused for an image that combines all coils, one coil, and a slice without data', async () => {
    const classical = classicalOf({ classical: 'cg-sense', config: {} })
    const empty = {
      ...volume,
      withKspace: (_: number, use: (x: Float32Array) => never) => use(new Float32Array(2 * coils * samples)),
    }
    for (const show of ['coils', 'maps', 'eigenvalues'] as const) {
      await expect(pictureOf(show, subject({ reconstructor: classical }))).rejects.toThrow(refused('got cg-sense'))
      await expect(pictureOf(show, subject({ volume: withOneCoil(0) }))).rejects.toThrow(refused('got one coil'))
      if (show !== 'coils')
        await expect(pictureOf(show, subject({ volume: empty as Volume }))).rejects.toThrow(refused('got none'))
    }
  })
})

describe('a volume of one coil', () => {
  it('is shown with the notes that it always had', async () => {
    const single = { volume: withOneCoil(0) }
    expect((await pictureOf('k-space', subject(single))).note).toBe(
      'log₁₀ of the measured magnitude, at least a millionth of its largest; ' +
        'columns that were not measured have no value.',
    )
    expect((await pictureOf('phase', subject(single))).note).toBeUndefined()
    expect((await pictureOf('residual', subject(single))).note).toContain('the zero-filled image’s')
  })
})
