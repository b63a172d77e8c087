import { describe, expect, it } from 'vitest'
import { surveySlices } from '../../../../src/core/data/measured.ts'
import { kspaceOf, radial, roundTrip, sampled } from '../../../kspace.ts'

const scan = { rows: 64, columns: 48, seed: 1, noise: 0.02 }
const survey = surveySlices({ coils: 1, rows: scan.rows, columns: scan.columns })

function found(kspace: Float32Array): Uint8Array {
  survey.look(kspace, 0)
  return survey.grid()
}

describe('the pattern that is found in k-space', () => {
  it.each<[string, (row: number, column: number) => boolean]>([
    ['rows', row => row % 3 !== 1],
    ['columns', (_, column) => column % 4 !== 2],
    ['spokes', radial(scan, 12)],
  ])('is the one it was measured with: %s', (_, measured) => {
    const expected = Uint8Array.from({ length: scan.rows * scan.columns }, (_, i) =>
      Number(measured(Math.floor(i / scan.columns), i % scan.columns)),
    )
    const kspace = sampled(kspaceOf(scan), scan.columns, measured)
    expect(found(kspace)).toEqual(expected)
    expect(found(roundTrip(kspace, scan))).toEqual(expected)
  })

  it('is everything of full k-space, and nothing of zeros', () => {
    expect(found(kspaceOf(scan)).every(value => value === 1)).toBe(true)
    expect(found(new Float32Array(2 * scan.rows * scan.columns)).some(value => value === 1)).toBe(false)
  })
})
