/** What an HDF5 file's first bytes say: whether the file is whole, closed, and HDF5 at all. */
import fs from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import { fileError } from './file-errors.ts'
import { quoted } from './hdf5-filters.ts'
import { findSuperblock } from './hdf5-header.ts'

/** The file's size. Throws for every fault that can be seen without the HDF5 library. */
export function requireReadable(path: string): number {
  let bytes: number
  let stored: Superblock | null
  try {
    const stat = fs.statSync(path)
    if (stat.isDirectory()) throw new AppError('FILE_UNREADABLE', `Expected a file, got a folder: ${path}`)
    if (!stat.isFile()) throw new AppError('FILE_UNREADABLE', `Expected a regular file, got a device or pipe: ${path}`)
    bytes = stat.size
    stored = readSuperblock(path)
  } catch (error) {
    throw fileError(error, path)
  }
  if (bytes === 0) {
    throw new AppError('FILE_UNREADABLE', `Expected an HDF5 file, got an empty one (0 bytes): ${path}. Copy it again.`)
  }
  if (stored === null) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected an HDF5 file, got a file of another kind: ${path}. Choose a fastMRI file (.h5).`,
    )
  }
  if (stored.isOpenForWriting) {
    throw new AppError(
      'FILE_UNREADABLE',
      `The file is marked as open for writing, in ${path}. Close the program that writes it. If no program does, its writer ended before it closed the file: clear the mark with h5clear -s ${quoted(path)}, and check that the data are whole.`,
    )
  }
  if (stored.end > bytes) {
    const message = `The file is truncated: ${bytes} of ${stored.end} bytes are there, in ${path}.`
    throw new AppError('FILE_UNREADABLE', `${message} Copy or download it again.`)
  }
  return bytes
}

interface Superblock {
  /** Where the file should end; `0` if the superblock is of a kind that is not known here. */
  readonly end: number
  /** Set while a program writes the file, and left where that program ended before it closed the file. HDF5 does not open such a file. */
  readonly isOpenForWriting: boolean
}

/** What an HDF5 file's superblock says (HDF5 File Format Specification, II.A); `null` if the file has no HDF5 signature. */
function readSuperblock(path: string): Superblock | null {
  const descriptor = fs.openSync(path, 'r')
  try {
    const start = findSuperblock(descriptor)
    if (start === null) return null
    const block = Buffer.alloc(64)
    fs.readSync(descriptor, block, 0, block.length, start)
    return { end: endOfFile(block), isOpenForWriting: isOpenForWriting(block) }
  } finally {
    fs.closeSync(descriptor)
  }
}

/** From version 3 on, byte 11 holds the consistency flags: 1 for write access, 4 for single writer, multiple readers (SWMR). */
const isOpenForWriting = (superblock: Buffer): boolean => superblock[8] === 3 && (superblock[11] & 0b101) !== 0

function endOfFile(superblock: Buffer): number {
  const version = superblock[8]
  if (version > 3) return 0
  // Where the size of an address stands, and the first address; the end of the file is the third.
  const [sizeAt, firstAt] = version < 2 ? [13, 24 + 4 * version] : [9, 12]
  return superblock[sizeAt] === 8 ? Number(superblock.readBigUInt64LE(firstAt + 16)) : 0
}
