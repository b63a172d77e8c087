import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeFolder, requireFolder } from '../../../../src/engine/files/folders.ts'
import { asAnybody } from '../../../anybody.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'self-mri-folders-'))
  chmodSync(root, 0o755)
})
afterEach(() => {
  chmodSync(root, 0o755)
  rmSync(root, { recursive: true, force: true })
})

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'FILE_UNREADABLE', message: expect.stringMatching(message) })

describe('a folder', () => {
  it('is made with its parent folders, and an existing folder stays', () => {
    const path = join(root, 'a/b/c')
    expect(makeFolder(path)).toEqual([join(root, 'a'), join(root, 'a/b'), path])
    expect(makeFolder(path)).toEqual([])
    expect(existsSync(path)).toBe(true)
  })

  it('is not made by the check whether it can be made', () => {
    requireFolder(join(root, 'a/b'))
    expect(readdirSync(root)).toEqual([])
  })

  it('is refused with a message if a file or a broken link is in the way', () => {
    writeFileSync(join(root, 'file'), '')
    symlinkSync(join(root, 'nowhere'), join(root, 'link'))
    expect(() => makeFolder(join(root, 'file'))).toThrow(refusal(/Expected a folder, got a file: .*file\. Choose/))
    expect(() => makeFolder(join(root, 'file/a/b'))).toThrow(refusal(/Expected a folder, got a file: .*file\. Choose/))
    expect(() => makeFolder(join(root, 'link'))).toThrow(refusal(/a link that leads nowhere is in the way\. Choose/))
    expect(() => makeFolder(join(root, 'a'.repeat(300)))).toThrow(refusal(/its name is too long/))
    expect(readdirSync(root).sort()).toEqual(['file', 'link'])
  })

  it('is refused with a message if writing is not allowed, and new parent folders are removed', () => {
    chmodSync(root, 0o555)
    asAnybody(() => {
      expect(() => makeFolder(join(root, 'a'))).toThrow(refusal(/permission denied\. Choose another folder/))
    })
    chmodSync(root, 0o755)
    expect(() => makeFolder(join(root, 'a', 'b'.repeat(300)))).toThrow(refusal(/too long/))
    expect(readdirSync(root)).toEqual([])
  })

  // Node's own recursive mkdir does not return for such paths.
  it.runIf(process.platform === 'linux')('is refused with a message if the system allows no folders there', () => {
    for (const path of ['/proc/x', '/proc/x/y/z', '/proc/self/x'])
      expect(() => makeFolder(path)).toThrow(refusal(/the system allows no folders there\. Choose another folder/))
  })
})
