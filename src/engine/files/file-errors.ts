/** Turns the operating system's file errors into messages for users. */
import { AppError } from '../../contract/errors.ts'

export function diskFull(path: string, cause?: unknown): AppError {
  return new AppError('DISK_FULL', `The disk is full: cannot write ${path}. Free some space.`, cause)
}

/** Turns an operating system error into an `AppError`. Returns all other errors unchanged. */
export function fileError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof AppError || code === '') return error
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(path, error)
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file. It may have been moved or renamed',
    EACCES: 'permission denied. Change the permissions of the file or of its folder',
    EPERM: 'permission denied. Change the permissions of the file or of its folder',
    EROFS: 'the disk is read-only',
    ENAMETOOLONG: 'its name or path is too long for this disk. Choose a shorter one',
    ELOOP: 'its link points back to itself',
  }
  return new AppError('FILE_UNREADABLE', `Cannot open ${path}: ${reasons[code] ?? code}.`, error)
}
