/** Makes folders. Node's recursive `mkdir` does not return for folders that the system refuses, such as in /proc. */
import { accessSync, constants, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { AppError } from '../../contract/errors.ts'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOENT: 'the system allows no folders there',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a link that leads nowhere is in the way',
  ELOOP: 'a link points back to itself',
  ENAMETOOLONG: 'its name is too long',
}

function folderError(cause: unknown, path: string): unknown {
  const code = String((cause as NodeJS.ErrnoException).code ?? '')
  if (cause instanceof AppError || code === '') return cause
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AppError('DISK_FULL', `The disk is full: cannot make the folder ${path}. Free some space.`, cause)
  const reason = REASONS[code] ?? code
  return new AppError(
    'FILE_UNREADABLE',
    `Cannot write into the folder ${path}: ${reason}. Choose another folder.`,
    cause,
  )
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/**
 * Makes a folder and its missing parent folders. Returns the folders that were made, the outermost first. Throws an
 * `AppError` if files cannot be written into the folder, and removes the made folders.
 */
export function makeFolder(path: string): string[] {
  const folder = resolve(path)
  const made: string[] = []
  try {
    const missing: string[] = []
    let there = folder
    while (!statSync(there, { throwIfNoEntry: false }) && dirname(there) !== there) {
      missing.push(there)
      there = dirname(there)
    }
    if (!isFolder(there))
      throw new AppError('FILE_UNREADABLE', `Expected a folder, got a file: ${there}. Choose another folder.`)
    for (const each of missing.reverse()) {
      try {
        mkdirSync(each)
        made.push(each)
      } catch (error) {
        if (!isFolder(each)) throw error // else another program made the folder first
      }
    }
    accessSync(folder, constants.W_OK)
    return made
  } catch (cause) {
    remove(made)
    throw folderError(cause, folder)
  }
}

function remove(made: readonly string[]): void {
  for (const each of made.toReversed()) rmdirSync(each)
}

/** Checks before long work that a folder can be made. Throws like `makeFolder`, and leaves no new folder behind. */
export const requireFolder = (path: string): void => remove(makeFolder(path))
