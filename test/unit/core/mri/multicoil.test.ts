/** Multi-coil k-space to the input and target of fastMRI's U-Net, against vectors of fastMRI in double precision. */
import { beforeAll, describe, expect, it } from 'vitest'
import { maskOf } from '../../../../src/core/data/patterns.ts'
import type { Volume } from '../../../../src/core/data/volume.ts'
import { zeroFilled } from '../../../../src/core/imaging.ts'
import { makeZeroFilling } from '../../../../src/core/mri/fft.ts'
import { type Fourier, makeFourier } from '../../../../src/core/mri/fourier.ts'
import { columnPattern, fullPattern } from '../../../../src/core/mri/pattern.ts'
import { centreCropReal, cropShape, normalise, rescale, type Shape } from '../../../../src/core/mri/transform.ts'
import { compute, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'
import { noiseVolume } from '../../../volumes.ts'

beforeAll(useEngine)

const vectors = golden('multicoil')

type Shapes = Readonly<Record<string, readonly [coils: number, rows: number, columns: number]>>

interface Case {
  readonly file_name: string
  readonly center_fraction: number
  readonly acceleration: number
  readonly recon_size: [number, number]
  readonly crop: [number, number]
}

const caseOf = (name: string) => vectors.params[name] as Case
const shapeOf = (name: string) => (vectors.params.cases as Shapes)[name]

/** One slice, as a file of fastMRI gives it. */
function volumeOf(name: string): Volume {
  const { file_name: file, recon_size: reconSize } = caseOf(name)
  const [coils, rows, columns] = shapeOf(name)
  const kspace = vectors.array(`${name}.kspace`).data as Float32Array
  const target = vectors.array(`${name}.target_raw`)
  const volume = noiseVolume(name, { slices: 1, coils, rows, columns })
  return {
    ...volume,
    info: { ...volume.info, file, reconSize, targetShape: [target.shape[0], target.shape[1]] },
    readKspace: () => kspace.slice(),
    withKspace: (_, use) => use(kspace),
    readTarget: () => Float32Array.from(target.data),
  }
}

const FOURIERS: readonly [string, () => Fourier][] = [
  ['the native kernels', () => compute().fourier],
  ['the definition in double precision', makeFourier],
]

describe.each(['even', 'odd', 'narrow'])('fastMRI’s multi-coil vectors, case %s', name => {
  const { crop, center_fraction: centerFraction, acceleration } = caseOf(name)
  const [coils, rows, columns] = shapeOf(name)
  const volume = volumeOf(name)
  const grid: Shape = [rows, columns]
  const mask = () => maskOf(volume, { kind: 'random', acceleration, centerFraction })(0)

  it('have the mask that is seeded by the file’s name', () => {
    expect(mask().measured).toEqual(vectors.array(`${name}.mask`).data)
  })

  describe.each(FOURIERS)('by %s', (_, fourier) => {
    it('are the coil images and their root of the sum of squares', () => {
      const images = fourier().images(volume.readKspace(0), [coils, rows, columns], 'inverse')
      expectClose(images, vectors.array(`${name}.coil_images`).data, 1e-5)
      const all = fullPattern(rows, columns)
      const rss = makeZeroFilling(fourier()).image(volume.readKspace(0), coils, all, grid)
      expectClose(rss, vectors.array(`${name}.rss`).data, 1e-5)
    })

    it('are the zero-filled image, also under one mask of several', () => {
      const expected = vectors.array(`${name}.zero_filled_rss`).data
      const zeroFilling = makeZeroFilling(fourier())
      expectClose(zeroFilling.image(volume.readKspace(0), coils, mask(), grid), expected, 1e-5)
      const underMask = zeroFilling.underMasks(volume.readKspace(0), coils, grid)
      underMask(
        columnPattern(
          mask().measured.map((_, column) => Number(column % 2 === 0)),
          rows,
        ),
      )
      expectClose(underMask(mask()), expected, 1e-5)
    })

    it('are the input and the target of the U-Net', () => {
      expect(cropShape(volume.info)).toEqual(crop)
      const zeroFilling = makeZeroFilling(fourier())
      zeroFilled(noiseVolume('before', { coils: 2, rows: 20, columns: 30 }), 0, fullPattern(20, 30), zeroFilling)
      const { image, mean, std } = normalise(zeroFilled(volume, 0, mask(), zeroFilling))
      expect(Math.abs(mean / vectors.scalar(`${name}.unet.mean`) - 1)).toBeLessThan(1e-6)
      expect(Math.abs(std / vectors.scalar(`${name}.unet.std`) - 1)).toBeLessThan(1e-6)
      const target = rescale(centreCropReal(volume.readTarget(0)!, volume.info.targetShape!, crop), mean, std)
      for (const [values, expected] of [
        [image, vectors.array(`${name}.unet.image`).data],
        [target, vectors.array(`${name}.unet.target`).data],
      ] as const) {
        expect(values).toHaveLength(expected.length)
        for (const [i, value] of values.entries()) expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(2e-5)
      }
    })
  })
})
