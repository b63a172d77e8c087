/** Checks by a file's first bytes whether the file is HDF5, complete, and not open for writing. */
import fs from 'node:fs'
import { AppError } from '../../contract/errors.ts'
import { quoted } from './hdf5-filters.ts'
import { findSuperblock } from './hdf5-header.ts'

/** Whether a file of `bytes` bytes is HDF5. Throws if the file is not complete, or marked as open for writing. */
export function isHdf5(path: string, bytes: number): boolean {
  const stored = readSuperblock(path)
  if (stored === null) return false
  if (stored.isOpenForWriting) {
    throw new AppError(
      'FILE_UNREADABLE',
      `The file is marked as open for writing, in ${path}. Close the program that writes the file. ` +
        'If no program writes the file, its writer ended before closing the file. ' +
        `Clear the mark with h5clear -s ${quoted(path)}, and check that the data are complete.`,
    )
  }
  if (stored.end > bytes) {
    const message = `The file is truncated: ${bytes} of ${stored.end} bytes are there, in ${path}.`
    throw new AppError('FILE_UNREADABLE', `${message} Copy or download it again.`)
  }
  return true
}

interface Superblock {
  /** Where the file should end. `0` if the version of the superblock is unknown. */
  readonly end: number
  /**
   * HDF5 refuses to open a file with this mark. The mark remains if the writing program ends before closing the file.
   */
  readonly isOpenForWriting: boolean
}

/** Reads the superblock (HDF5 File Format Specification, II.A). Returns `null` if the file has no HDF5 signature. */
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

/**
 * In version 3, byte 11 holds the consistency flags: 1 for write access, 4 for single writer, multiple readers (SWMR).
 */
const isOpenForWriting = (superblock: Buffer): boolean => superblock[8] === 3 && (superblock[11] & 0b101) !== 0

function endOfFile(superblock: Buffer): number {
  const version = superblock[8]
  if (version > 3) return 0
  // Offsets of the size of an address, and of the first address. The third address is the end of the file.
  const [sizeAt, firstAt] = version < 2 ? [13, 24 + 4 * version] : [9, 12]
  return superblock[sizeAt] === 8 ? Number(superblock.readBigUInt64LE(firstAt + 16)) : 0
}
