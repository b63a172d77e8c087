/**
 * Reads mask files. A run names its mask file by path and hash. Its mask has the contents with this hash, and no other.
 * The program keeps copies of mask files, named by their hashes. A copy is read instead of the user's file.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { AppError, reasonOf } from '../../contract/errors.ts'
import type { MaskFile, MaskSpec } from '../../contract/evaluation.ts'
import { readNpy } from '../../core/data/npy.ts'
import type { Masking } from '../../core/mri/draw.ts'
import { type StoredMask, storedMask } from '../../core/mri/stored-mask.ts'
import { fileError } from './file-errors.ts'
import { makeFolder } from './folders.ts'

const MASKS_KEPT = 4

const MOST_BYTES = 1e9

function bytesOf(path: string): Buffer {
  const refuse = (fault: string, cause?: unknown) =>
    new AppError('FILE_UNREADABLE', `${fault} Put the mask file back, or choose another mask file.`, cause)
  try {
    const stat = statSync(path)
    // A read of a device or pipe could wait for ever, and block the process.
    if (!stat.isFile())
      throw refuse(`Expected a mask file, got a ${stat.isDirectory() ? 'folder' : 'device or pipe'}: ${path}.`)
    if (stat.size > MOST_BYTES)
      throw refuse(`Expected a mask file of at most 1 GB, got ${(stat.size / 1e9).toFixed(1)} GB: ${path}.`)
    return readFileSync(path)
  } catch (cause) {
    throw cause instanceof AppError ? cause : refuse(reasonOf(fileError(cause, path)), cause)
  }
}

/** Path of the copy of a mask file. */
export const copyOfMask = (folder: string, sha256: string): string => join(folder, `${sha256}.npy`)

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The contents of a mask file. */
export interface MaskContents {
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly mask: StoredMask
}

const contents = (bytes: Uint8Array, path: string, sha256 = sha256Of(bytes)): MaskContents => ({
  bytes,
  sha256,
  mask: storedMask(path, readNpy(bytes, path)),
})

/** The contents of a user's mask file (.npy). Every message names the file and the remedy. */
export const readMaskFile = (path: string): MaskContents => contents(bytesOf(path), path)

/** The bytes of the copy of a mask file. `null`: there is no copy, or it is damaged. */
function readCopy({ sha256 }: MaskFile, folder: string): Uint8Array | null {
  try {
    const bytes = readFileSync(copyOfMask(folder, sha256))
    return sha256Of(bytes) === sha256 ? bytes : null
  } catch {
    return null
  }
}

/** Writes the copy of a mask file, unless an intact copy exists. */
export function keepMaskCopy(file: MaskFile, contents: MaskContents, folder: string): void {
  if (!readCopy(file, folder)) writeCopy(contents, folder)
}

function writeCopy({ bytes, sha256 }: MaskContents, folder: string): void {
  const path = copyOfMask(folder, sha256)
  const part = `${path}.${randomUUID()}.part`
  try {
    makeFolder(folder)
    writeFileSync(part, bytes)
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw fileError(error, path)
  }
}

/**
 * The contents with the hash of `file`: of the copy in `folder`, else of the user's file. Throws `DATA_CHANGED` if
 * there is no copy and the user's file was changed.
 */
function readNamedMask(file: MaskFile, folder: string | undefined): MaskContents {
  const { path, sha256 } = file
  const copy = folder ? readCopy(file, folder) : null
  return copy ? contents(copy, path, sha256) : readOriginal(file)
}

/** As `readNamedMask`, and writes the copy if there is none. */
export function keepNamedMask(file: MaskFile, folder: string): MaskContents {
  const { path, sha256 } = file
  const copy = readCopy(file, folder)
  if (copy) return contents(copy, path, sha256)
  const original = readOriginal(file)
  writeCopy(original, folder)
  return original
}

function readOriginal({ path, sha256 }: MaskFile): MaskContents {
  const bytes = bytesOf(path)
  // The message omits the found hash, because a request could name any file.
  if (sha256Of(bytes) !== sha256)
    throw new AppError(
      'DATA_CHANGED',
      `Expected the mask file with the SHA-256 ${sha256}, got other contents, in ${path}. ` +
        'Put the old file back, or choose the mask file again.',
    )
  return contents(bytes, path, sha256)
}

/** The last masks, by hash. A mask whose contents are known is not read again. */
const kept = new Map<string, StoredMask>()

/**
 * The spec with the contents of its mask file, if it has one. Throws `DATA_CHANGED` if the file was changed.
 * The client of an engine's process names the folder of copies in SELF_MRI_MASKS.
 */
export function withStored(mask: MaskSpec): Masking {
  const { file } = mask
  if (!file) return mask
  const stored = kept.get(file.sha256) ?? readNamedMask(file, process.env.SELF_MRI_MASKS).mask
  kept.delete(file.sha256)
  kept.set(file.sha256, stored)
  if (kept.size > MASKS_KEPT) kept.delete(kept.keys().next().value!)
  return { ...mask, stored }
}
