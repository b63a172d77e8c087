/** ESPIRiT on synthetic knees, whose true maps are known. */
import { beforeAll, expect, it } from 'vitest'
import { calibrateMaps, expandMaps } from '../../../../../src/core/mri/coils/maps.ts'
import { coilMaps, synthesizeCoils } from '../../../../../src/core/mri/phantom/index.ts'
import { compute, useEngine } from '../../../../engine.ts'
import { angles, meanOf } from './angles.ts'

beforeAll(useEngine)

it.each([
  ['CORPD_FBK', 8],
  ['CORPDFS_FBK', 4],
] as const)('maps of %s with %d coils are near the true maps, complete and around a mask', (acquisition, coils) => {
  const spec = { seed: 0, patient: 1, acquisition, slice: 17, slices: 35, coils, voxel: 2 as const }
  const { kspace, noiseFree } = synthesizeCoils(spec)
  const crop = Math.sqrt(noiseFree.length)
  const rows = 2 * crop
  const columns = kspace.length / (2 * coils * rows)
  const truth = coilMaps(spec, [rows, columns])
  const [top, left] = [crop / 2, (columns - crop) / 2]
  const largest = noiseFree.reduce((most, value) => Math.max(most, value))
  const isKnee = (pixel: number) => {
    const [y, x] = [Math.floor(pixel / columns) - top, (pixel % columns) - left]
    const isInside = y >= 0 && y < crop && x >= 0 && x < crop
    return isInside && noiseFree[y * crop + x] > 0.1 * largest
  }

  for (const [centre, limit] of [
    [columns, 2e-4],
    [14, 2e-4],
    [10, 6e-4],
  ]) {
    const from = Math.floor((columns - centre + 1) / 2)
    const measured = kspace.map((value, i) => {
      const column = (i >> 1) % columns
      return (column >= from && column < from + centre) || column % 8 === 3 ? value : 0
    })
    const compact = calibrateMaps(measured, { coils, rows, columns }, 'a knee')
    const { maps, eigenvalues } = expandMaps(compact, [rows, columns], compute())
    const inKnee = <T>(list: ArrayLike<T>) => Array.from(list).filter((_, pixel) => isKnee(pixel))
    expect(inKnee(eigenvalues!).filter(value => value > 0.8).length).toBe(inKnee(eigenvalues!).length)
    expect(meanOf(Float64Array.from(inKnee(angles(maps, truth, coils))))).toBeLessThan(limit)
  }
})
