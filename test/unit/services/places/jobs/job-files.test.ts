import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  callFolder,
  callKey,
  decode,
  encode,
  makePrivateFolder,
  readJobFile,
  scoreFile,
  writeWhole,
} from '../../../../../src/services/places/jobs/job-files.ts'

const root = mkdtempSync(join(tmpdir(), 'job-files-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('encode', () => {
  it('keeps typed arrays and numbers that are not finite', () => {
    const part = new Float32Array([9, 1.5, Number.NaN, -0]).subarray(1)
    const value = {
      images: [part, new Uint8Array([1, 2, 3])],
      psnr: Number.POSITIVE_INFINITY,
      loss: Number.NaN,
      plain: [0.1, null, 'a', true],
    }
    const back = decode(encode(value)) as typeof value
    expect(back).toEqual(value)
    expect(Object.is(back.images[0][2], -0)).toBe(true)
    expect(back.images[0]).toBeInstanceOf(Float32Array)
  })
})

const settings = { maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' } as const
const scoring = (checkpoint: string) => ({
  files: [{ path: '/data/brain_07.h5' }],
  salt: 's',
  reconstructor: { network: 'unet', networkConfig: { pools: 2, channels: 4 }, checkpoint },
  settings: { ...settings, mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 } } as never,
})

describe('callKey', () => {
  it('is equal for equal calls, whatever the order of their keys', () => {
    expect(callKey('evaluate', { a: 1, b: { c: 2, d: [3, 4] } })).toBe(
      callKey('evaluate', { b: { d: [3, 4], c: 2 }, a: 1, absent: undefined }),
    )
  })

  it('differs for another value, another order of a list and another call', () => {
    const keys = [
      callKey('evaluate', { a: [1, 2] }),
      callKey('evaluate', { a: [2, 1] }),
      callKey('compare', { a: [1, 2] }),
      callKey('evaluate', { a: [1, Number.NaN] }),
      callKey('evaluate', { a: [1, null] }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('is equal before and after a way through a file', () => {
    const params = { ...scoring('/runs/3/best-0007.safetensors'), x: 0.1 + 0.2, y: Number.NEGATIVE_INFINITY }
    expect(callKey('evaluate', decode(encode(params)) as object)).toBe(callKey('evaluate', params))
  })
})

it('a score is found in the folder of its training after the runs were moved', () => {
  const before = scoreFile('/runs/3/job', scoring('/runs/3/best-0007.safetensors'))
  const after = scoreFile('/runs/3/job', scoring('/elsewhere/3/best-0007.safetensors'))
  expect(after).toBe(before)
  expect(scoreFile('/runs/3/job', scoring('/runs/3/best-0008.safetensors'))).not.toBe(before)
})

it('equal calls have one folder, which only its user can read', () => {
  const folder = callFolder(root, 'evaluate', scoring('/runs/3/best-0007.safetensors'))
  expect(callFolder(root, 'evaluate', scoring('/runs/3/best-0007.safetensors'))).toBe(folder)
  makePrivateFolder(folder)
  makePrivateFolder(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

describe('readJobFile', () => {
  const schema = z.object({ id: z.string() })
  const path = join(root, 'job.json')

  it('reads what was written, with the mode of a private file', () => {
    writeWhole(path, { id: '17' })
    expect(readJobFile(path, schema)).toEqual({ id: '17' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('says null for a missing file, and names a file with other contents', () => {
    expect(readJobFile(join(root, 'none', 'job.json'), schema)).toBeNull()
    for (const text of ['', '{"id":', '{"id":17}']) {
      writeFileSync(path, text)
      expect(() => readJobFile(path, schema)).toThrow(`in ${path}`)
    }
  })
})
