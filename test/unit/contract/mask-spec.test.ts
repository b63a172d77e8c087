import { describe, expect, it } from 'vitest'
import { DrawnMask, MaskSpec } from '../../../src/contract/evaluation.ts'
import { framePath } from '../../../src/contract/images.ts'
import {
  accelerationInWords,
  maskInWords,
  seededMaskInWords,
  trainingMaskInWords,
} from '../../../src/presentation/protocol.ts'

const file = { path: '/data/masks/radial.npy', sha256: 'ab'.repeat(32) }

describe('a mask spec', () => {
  it('of an older program is read as it is, and written as it was', () => {
    const stored = '{"kind":"random","acceleration":4,"centerFraction":0.08}'
    expect(JSON.stringify(MaskSpec.parse(JSON.parse(stored)))).toBe(stored)
    expect(JSON.stringify(MaskSpec.parse({}))).toBe(stored)
    expect(framePath(1, 2, 'zero-filled', MaskSpec.parse({}))).toBe(
      '/frames/1/2/zero-filled?kind=random&acceleration=4&center=0.08',
    )
  })

  it('has a file for the kind file, and for no other', () => {
    expect(MaskSpec.safeParse({ kind: 'file', file }).success).toBe(true)
    expect(MaskSpec.safeParse({ kind: 'file' }).success).toBe(false)
    expect(MaskSpec.safeParse({ kind: 'random', file }).success).toBe(false)
    expect(MaskSpec.safeParse({ kind: 'file', file: { ...file, sha256: 'ab' } }).success).toBe(false)
    for (const path of ['radial.npy', '../radial.npy', 'C:radial.npy', ''])
      expect(MaskSpec.safeParse({ kind: 'file', file: { ...file, path } }).success, path).toBe(false)
    for (const path of ['C:\\masks\\radial.npy', '\\\\host\\masks\\radial.npy'])
      expect(MaskSpec.safeParse({ kind: 'file', file: { ...file, path } }).success, path).toBe(true)
    expect(DrawnMask.safeParse({ kind: 'file' }).success).toBe(false)
  })

  it('of a file has the default acceleration, because the file has its own', () => {
    const alternatives = [{ acceleration: 8, centerFraction: 0.04 }]
    expect(MaskSpec.parse({ kind: 'file', acceleration: 8, centerFraction: 0.1, alternatives, file })).toEqual({
      kind: 'file',
      acceleration: 4,
      centerFraction: 0.1,
      file,
    })
  })

  it('of a file names its centre fraction in a pre-training, which keeps that centre', () => {
    const mask = MaskSpec.parse({ kind: 'file', centerFraction: 0.1, file })
    expect(trainingMaskInWords(mask, 'pretrain')).toBe(`${maskInWords(mask)}, centre fraction 0.1`)
    expect(trainingMaskInWords(mask, 'train')).toBe(maskInWords(mask))
    expect(trainingMaskInWords(MaskSpec.parse({}), 'pretrain')).toBe(maskInWords(MaskSpec.parse({})))
  })

  it('says in words what a score depends on', () => {
    expect(maskInWords(MaskSpec.parse({}))).toBe('random columns, 4×, centre fraction 0.08')
    const pairs = { kind: 'equispaced_fraction', alternatives: [{ acceleration: 8, centerFraction: 0.04 }] }
    expect(maskInWords(MaskSpec.parse(pairs))).toBe(
      'equispaced fraction columns, 4× with centre fraction 0.08 or 8× with centre fraction 0.04',
    )
    expect(maskInWords(MaskSpec.parse({ kind: 'poisson_disc', acceleration: 6 }))).toBe(
      'Poisson-disc points, 6×, centre fraction 0.08',
    )
    expect(seededMaskInWords(MaskSpec.parse({ kind: 'file', file }), 'seeded')).toBe(
      'mask file radial.npy (SHA-256 abababababab)',
    )
  })

  it('is part of an image’s path', () => {
    const alternatives = [
      { acceleration: 8, centerFraction: 0.04 },
      { acceleration: 6, centerFraction: 0.05 },
    ]
    expect(framePath(1, 2, 'truth', MaskSpec.parse({ alternatives }))).toContain('&pairs=8/0.04,6/0.05')
    expect(framePath(1, 2, 'truth', MaskSpec.parse({ kind: 'file', file }))).toContain(
      `&file=%2Fdata%2Fmasks%2Fradial.npy&sha256=${file.sha256}`,
    )
  })

  it('has an acceleration, and another over the columns that could be measured', () => {
    expect(accelerationInWords({ acceleration: 4.846 })).toBe('4.85×')
    expect(accelerationInWords({ acceleration: 4.846, measurableAcceleration: 4.2 })).toBe(
      '4.85× (4.20× of the measurable columns)',
    )
  })
})
