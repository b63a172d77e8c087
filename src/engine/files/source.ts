/** Opens the file that a format reads. */
import fs from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import type { Hdf5File } from '../../core/data/hdf5.ts'
import type { FileSource } from '../../core/data/source.ts'
import { fileError } from './file-errors.ts'
import { openWith } from './hdf5.ts'
import { type Hdf5Module, loadHdf5 } from './hdf5-library.ts'
import { isHdf5 } from './hdf5-superblock.ts'

/** Throws for every fault that is visible without knowing the format. */
export async function openSource(path: string): Promise<FileSource> {
  const absolute = resolve(path)
  const { bytes, hdf5 } = look(absolute)
  const library = hdf5 ? await loadHdf5() : null
  return sourceOf(absolute, bytes, library)
}

/** @param library To open the file and its siblings as HDF5. `null`: this file is another kind of file. */
function sourceOf(path: string, bytes: number, library: Hdf5Module | null): FileSource {
  const file: Hdf5File | null = library && openWith(library, path)
  let descriptor: number | null = null
  const siblings = new Map<string, FileSource | null>()
  return {
    path,
    name: basename(path),
    bytes,
    hdf5: () => file,
    read(from, length) {
      try {
        descriptor ??= fs.openSync(path, 'r')
        // Without zeroing, because all bytes are read into it.
        const { buffer } = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, bytes - from)))
        const found = new Uint8Array(buffer)
        return found.subarray(0, fs.readSync(descriptor, found, 0, found.length, from))
      } catch (error) {
        throw fileError(error, path)
      }
    },
    sibling(ending) {
      if (!siblings.has(ending)) siblings.set(ending, siblingOf(path, ending, library))
      return siblings.get(ending)!
    },
    dispose() {
      file?.dispose()
      if (descriptor !== null) fs.closeSync(descriptor)
      descriptor = null
      for (const sibling of siblings.values()) sibling?.dispose()
    },
  }
}

function siblingOf(path: string, ending: string, library: Hdf5Module | null): FileSource | null {
  const beside = join(dirname(path), basename(path, extname(path)) + ending)
  if (!fs.statSync(beside, { throwIfNoEntry: false })) return null
  const { bytes, hdf5 } = look(beside)
  return sourceOf(beside, bytes, hdf5 ? library : null)
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
