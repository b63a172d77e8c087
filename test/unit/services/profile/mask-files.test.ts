import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import { withStored } from '../../../../src/engine/files/masks.ts'
import { openServices } from '../../../../src/services/open.ts'
import { checkProfile } from '../../../../src/services/profile/check.ts'
import { keepMask, keepMaskFile, maskFileAt } from '../../../../src/services/profile/mask-files.ts'
import { insertRun } from '../../../../src/services/runs/store.ts'
import { npy } from '../../../npy.ts'
import { addRun, TRAINING } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'

vi.mock('node:fs', async original => {
  const fs = await original<typeof import('node:fs')>()
  return { ...fs, readFileSync: vi.fn(fs.readFileSync) }
})

let directory: string
let path: string
let bytes: Uint8Array
/** Each test has another mask, because a process remembers masks by hash. */
let masks = 0

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'self-mri-mask-files-'))
  path = join(directory, 'users.npy')
  bytes = npy("'|u1'", '(8,)', Uint8Array.of(1, 0, 1, 1, 0, 0, 0, ++masks))
  writeFileSync(path, bytes)
})
afterEach(() => {
  delete process.env.SELF_MRI_MASKS
  rmSync(directory, { recursive: true, force: true })
})

const specOf = (file: MaskSpec['file']) => MaskSpec.parse({ kind: 'file', file })
const copies = () => readdirSync(join(directory, 'masks'))
const copyOf = ({ sha256 }: { readonly sha256: string }) => join(directory, 'masks', `${sha256}.npy`)

describe('a copy of a mask file', () => {
  it('is kept once under the hash of its bytes, and read when the user’s file is gone or has other contents', () => {
    const file = keepMaskFile({ directory }, path)
    expect(file).toEqual(maskFileAt(path))
    const { stored } = keepMask({ directory }, specOf(file))
    expect(copies()).toEqual([`${file.sha256}.npy`])
    expect(readFileSync(copyOf(file))).toEqual(Buffer.from(bytes))
    writeFileSync(path, 'other contents')
    expect(() => withStored(specOf(file))).toThrow(expect.objectContaining({ code: 'DATA_CHANGED' }))
    process.env.SELF_MRI_MASKS = join(directory, 'masks')
    rmSync(path)
    expect(withStored(specOf(file)).stored).toEqual(stored)
    expect(keepMask({ directory }, specOf(file)).stored).toEqual(stored)
  })

  it('is made of the file that a run names, if the file has the named contents', () => {
    const file = maskFileAt(path)
    keepMask({ directory }, specOf(file))
    expect(copies()).toEqual([`${file.sha256}.npy`])
    expect(() => keepMask({ directory }, specOf({ path, sha256: '0'.repeat(64) }))).toThrow('got other contents')
    expect(copies()).toEqual([`${file.sha256}.npy`])
  })

  it('is read once when a run names the file', () => {
    const file = keepMaskFile({ directory }, path)
    vi.mocked(readFileSync).mockClear()
    keepMask({ directory }, specOf(file))
    expect(vi.mocked(readFileSync).mock.calls.map(([read]) => read)).toEqual([copyOf(file)])
  })

  it('is written again if it is damaged', () => {
    const file = keepMaskFile({ directory }, path)
    writeFileSync(copyOf(file), 'damaged')
    process.env.SELF_MRI_MASKS = join(directory, 'masks')
    expect(withStored(specOf(file)).stored).toBeDefined()
    keepMask({ directory }, specOf(file))
    expect(readFileSync(copyOf(file))).toEqual(Buffer.from(bytes))
  })

  it('is not kept if it cannot be written, and the message names the copy', () => {
    mkdirSync(copyOf(maskFileAt(path)), { recursive: true })
    expect(() => keepMaskFile({ directory }, path)).toThrow(`${maskFileAt(path).sha256}.npy`)
    expect(copies()).toEqual([`${maskFileAt(path).sha256}.npy`])
  })
})

it('the check of a profile names missing and damaged copies, unless the user’s file is intact', async () => {
  const services = openServices({ profile: directory })
  try {
    const { profile } = services
    const study = addStudy(profile, 'Knee', []).id
    addRun(profile, study)
    const mask = specOf(keepMaskFile(profile, path))
    const config = { ...TRAINING, mask }
    const used = { train: [], val: [] }
    const run = insertRun(profile, { study, config, parent: null, status: 'queued', used })
    profile.db
      .prepare("INSERT INTO evaluations (id, result, created_at) VALUES (5, ?, '')")
      .run(JSON.stringify({ protocol: { mask } }))
    profile.db
      .prepare(
        'INSERT INTO classical_settings (id, method, name, config, tuning, created_at) ' +
          "VALUES (3, 'sense', 'a', '{}', ?, '')",
      )
      .run(JSON.stringify({ protocol: { mask } }))
    const isIntact = async () =>
      expect(await checkProfile(profile)).toMatchObject({ checked: { 'mask file': 3 }, faults: [] })
    await isIntact()
    rmSync(path)
    await isIntact()
    const copy = { kind: 'mask file', path: copyOf(mask.file!) }
    const owners = [`run ${run}`, 'evaluation 5', 'settings sense:3']
    const faults = (fault: string) => owners.map(of => ({ ...copy, of, fault }))
    writeFileSync(copy.path, 'damaged')
    expect((await checkProfile(profile)).faults).toEqual(faults('damaged'))
    rmSync(copy.path)
    expect((await checkProfile(profile)).faults).toEqual(faults('missing'))
    writeFileSync(path, 'other contents')
    expect((await checkProfile(profile)).faults).toEqual(faults('missing'))
    writeFileSync(path, bytes)
    await isIntact()
  } finally {
    services.dispose()
  }
})
