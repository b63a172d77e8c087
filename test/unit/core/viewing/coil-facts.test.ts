/** What a pane says of the coil maps of a classical image. */
import { describe, expect, it } from 'vitest'
import { classicalOf } from '../../../../src/core/classical.ts'
import { type CoilFacts, coilCautions, coilNote } from '../../../../src/core/viewing/coil-facts.ts'

const classical = classicalOf({ classical: 'cg-sense', config: {} })
const area = { top: 0, left: 0, rows: 24, columns: 10 }
const SMALLER = 'ESPIRiT uses 4 × 4 kernels, because the centre has 24 × 10 samples.'
const DEAD = 'Coil 2 has no signal, and its map is 0.'

const facts = (changes: Partial<CoilFacts> = {}, remarks: readonly string[] = []): CoilFacts => ({
  compact: {
    ...{ method: 'espirit', coils: 8, area, kernel: 6, remarks },
    ...{ principal: new Float32Array(), data: new Float32Array() },
  },
  ...{ coils: 8, used: 8, energyKept: null, fit: { failing: new Float32Array(), share: 0 } },
  ...changes,
})

describe('the note', () => {
  it('names the maps’ method, the calibration area, and whether the maps explain the data', () => {
    expect(coilNote(classical, facts())).toBe(
      'Coil maps: ESPIRiT, 6 × 6 kernels, calibration area 24 × 10. ' +
        'One set of maps explains the data in the whole object.',
    )
  })

  it('names compression with the energy kept', () => {
    expect(coilNote(classical, facts({ used: 4, energyKept: 0.98765 }))).toContain(
      '8 coils, compressed to 4 virtual coils with 98.77 % of the energy.',
    )
  })
})

describe('the cautions', () => {
  it('are dead coils and other maps than wanted, but not smaller kernels', () => {
    expect(coilCautions(facts())).toEqual([])
    const smaller = facts({}, [SMALLER, DEAD])
    expect(coilCautions({ ...smaller, compact: { ...smaller.compact, kernel: 4 } })).toEqual([DEAD])
    expect(coilCautions(facts({}, [DEAD]))).toEqual([DEAD])
  })

  it('are pixels that the maps do not explain, if there are more than 1 %', () => {
    const failing = (share: number) => coilCautions(facts({ fit: { failing: new Float32Array(), share } }))
    expect(failing(0.009)).toEqual([])
    expect(failing(0.02)).toEqual([expect.stringMatching(/^In 2 % of the object, one set of maps does not/)])
  })
})
