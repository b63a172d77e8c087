import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, describe, expect, it } from 'vitest'
import { MaskSpec } from '../../../../src/contract/evaluation.ts'
import { withStored } from '../../../../src/engine/files/masks.ts'
import { maskFileAt } from '../../../../src/services/profile/mask-files.ts'
import { npy } from '../../../npy.ts'

const folder = mkdtempSync(join(tmpdir(), 'self-mri-masks-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, values: readonly number[]): string {
  const path = join(folder, name)
  writeFileSync(path, npy("'|u1'", `(${values.length},)`, Uint8Array.from(values)))
  return path
}

const specOf = (path: string) => MaskSpec.parse({ kind: 'file', file: maskFileAt(path) })

describe('a mask file', () => {
  it('is named by its path and the SHA-256 of its bytes, and read with both', () => {
    const path = write('a.npy', [1, 0, 1, 1])
    const spec = specOf(path)
    expect(spec.file).toEqual({ path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') })
    expect(withStored(spec).stored).toEqual({ path, shape: [1, 1, 4], measured: Uint8Array.of(1, 0, 1, 1) })
    const drawn = MaskSpec.parse({})
    expect(withStored(drawn)).toBe(drawn)
  })

  it('that was changed or removed is refused, with the remedy', () => {
    const path = write('b.npy', [1, 1, 0])
    const spec = specOf(path)
    write('b.npy', [1, 1, 1])
    const found = createHash('sha256').update(readFileSync(path)).digest('hex')
    expect(() => withStored(spec)).toThrow(
      expect.objectContaining({ code: 'DATA_CHANGED', message: expect.stringContaining('Put the old file back') }),
    )
    expect(() => withStored(spec)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(found) }))
    rmSync(path)
    expect(() => withStored(spec)).toThrow(
      expect.objectContaining({
        code: 'FILE_UNREADABLE',
        message:
          `Cannot open ${path}: there is no such file. It may have been moved or renamed. ` +
          'Put the mask file back, or choose another mask file.',
      }),
    )
  })

  it('without a mask is refused before anything is scored or trained', () => {
    expect(() => maskFileAt(join(folder, 'none.npy'))).toThrow(
      expect.objectContaining({ code: 'FILE_UNREADABLE', message: expect.stringContaining('none.npy') }),
    )
    expect(() => maskFileAt(write('zero.npy', [0, 0]))).toThrow('got only zeros')
  })

  it('is a regular file of at most 1 GB', () => {
    const long = join(folder, 'long.npy')
    writeFileSync(long, '')
    truncateSync(long, 2e9)
    expect(() => maskFileAt(long)).toThrow('at most 1 GB, got 2.0 GB')
    expect(() => maskFileAt(folder)).toThrow('got a folder')
    if (process.platform !== 'win32') expect(() => maskFileAt('/dev/zero')).toThrow('got a device or pipe')
  })
})
