/** Errors of SQLite as errors for the user. */
import { AppError } from '../../../contract/errors.ts'

const codeOf = (error: unknown) => String((error as { readonly code?: unknown } | null)?.code ?? '')

/** Whether another program holds the database. */
export const isBusy = (error: unknown): boolean => /^(?:SQLITE_BUSY|SQLITE_LOCKED|DATABASE_BUSY)/.test(codeOf(error))

/** Whether a row with this key exists already, because another program wrote it first. */
export const isTaken = (error: unknown): boolean => /^SQLITE_CONSTRAINT_(?:UNIQUE|PRIMARYKEY)$/.test(codeOf(error))

/**
 * Converts an error of SQLite to an `AppError` with a remedy. Returns any other error unchanged.
 * @param path the database's file or folder, if known
 */
export function databaseError(error: unknown, path?: string): unknown {
  const code = codeOf(error)
  if (!(error instanceof Error) || !code.startsWith('SQLITE_')) return error
  const file = path ? `: ${path}` : ''
  if (isBusy(error)) {
    return new AppError(
      'DATABASE_BUSY',
      `Another program holds the database of the profile${file}. Try again when that program has ended.`,
      error,
    )
  }
  if (isTaken(error)) {
    return new AppError(
      'DATABASE',
      `Another program wrote the same row at the same moment (${error.message}). Try again.`,
      error,
    )
  }
  if (code === 'SQLITE_FULL')
    return new AppError(
      'DISK_FULL',
      `The disk is full: cannot write the profile’s database${file}. Free some space.`,
      error,
    )
  if (code.startsWith('SQLITE_READONLY')) {
    return new AppError(
      'DATABASE',
      `Expected a writable database, got a read-only database (${error.message})${file}. ` +
        'Change the permissions of the profile’s folder, or name another folder with --profile DIR.',
      error,
    )
  }
  if (/^SQLITE_(?:CANTOPEN|IOERR|CORRUPT|NOTADB|PERM|AUTH|PROTOCOL)/.test(code)) {
    return new AppError(
      'DATABASE',
      `Expected a database that can be opened, got: ${error.message}${file}. ` +
        'Choose another profile with --profile DIR.',
      error,
    )
  }
  return error
}
