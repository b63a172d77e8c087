/** Opens the file that a format reads. */
import fs from 'node:fs'
import { basename, resolve } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import type { FileSource } from '../../core/data/source.ts'
import { fileError } from './file-errors.ts'
import { openHdf5 } from './hdf5.ts'
import { isHdf5 } from './hdf5-superblock.ts'

/** Throws for every fault that is visible without knowing the format. */
export async function openSource(path: string): Promise<FileSource> {
  const absolute = resolve(path)
  const { bytes, hdf5 } = look(absolute)
  const file = hdf5 ? await openHdf5(absolute) : null
  return {
    path: absolute,
    name: basename(absolute),
    bytes,
    hdf5: () => file,
    dispose: () => file?.dispose(),
  }
}

function look(path: string): { readonly bytes: number; readonly hdf5: boolean } {
  try {
    const stat = fs.statSync(path)
    if (stat.isDirectory()) throw new AppError('FILE_UNREADABLE', `Expected a file, got a folder: ${path}`)
    if (!stat.isFile()) throw new AppError('FILE_UNREADABLE', `Expected a regular file, got a device or pipe: ${path}`)
    if (stat.size === 0)
      throw new AppError(
        'FILE_UNREADABLE',
        `Expected a file with data, got an empty file (0 bytes): ${path}. Copy it again.`,
      )
    return { bytes: stat.size, hdf5: isHdf5(path, stat.size) }
  } catch (error) {
    throw fileError(error, path)
  }
}
