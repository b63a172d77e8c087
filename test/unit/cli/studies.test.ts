import { describe, expect, it } from 'vitest'
import { describeStudy } from '../../../src/cli/commands/studies.ts'
import { coilsInWords, faultInWords } from '../../../src/contract/volumes.ts'
import { studyOf } from '../../studies.ts'
import { noiseVolume } from '../../volumes.ts'

const studyOfCoils = (...coils: number[]) =>
  studyOf(coils.map((number, id) => ({ ...noiseVolume(`file${id}`).info, id, role: 'train', coils: number })))

describe('a study as text', () => {
  it('says the coils of the study and of each volume', () => {
    const text = describeStudy(studyOfCoils(20, 4, 16))
    expect(text).toContain('Study 1: A study (3 train, 0 val, 0 test; 4 to 20 coils; roles by folders)')
    for (const [file, coils] of [
      ['file0.h5', 20],
      ['file1.h5', 4],
    ])
      expect(text).toMatch(new RegExp(`│ ${file} \\(synthetic\\) │ train │ 2 +│ ${coils} +│ 40 × 36 │`))
    expect(describeStudy(studyOfCoils())).toContain('Study 1: A study (0 train, 0 val, 0 test; roles by folders)')
  })

  it('has words for numbers of coils, and for the coils of a fault', () => {
    const words = (...coils: number[]) => coilsInWords(coils.map(number => ({ coils: number })))
    expect([words(1, 1), words(15), words(1, 8)]).toEqual(['1 coil', '15 coils', '1 to 8 coils'])
    const fault = { slice: 1, dataset: 'kspace', fault: 'not finite' } as const
    expect(faultInWords(fault)).toBe('slice 2 (kspace: not finite)')
    expect(faultInWords({ ...fault, coils: [0, 6] })).toBe('slice 2 (kspace: not finite in coils 1, 7)')
  })
})
