/** Errors a user can meet. Anything else thrown is a bug and stays a plain `Error`. */

export const ERROR_CODES = [
  'FILE_UNREADABLE',
  'UNSUPPORTED_FORMAT',
  'SHAPE_MISMATCH',
  'INVALID_ARGUMENT',
  'ENGINE_UNAVAILABLE',
  'ENGINE_DIED',
  'OUT_OF_MEMORY',
  'DISK_FULL',
  'NOT_FINITE',
  'STUDY_NOT_FOUND',
  'RUN_NOT_FOUND',
  'CHECKPOINT_DAMAGED',
  'PATIENT_LEAK',
  'DATA_CHANGED',
  'FILE_EXISTS',
  'AMBIGUOUS',
  'DATABASE',
  'DATABASE_BUSY',
  'DEVICE_BUSY',
  'CANCELLED',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** An error with a code, a sentence that names the file and the remedy, and what caused it. */
export class AppError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
  }
}

/** Turns `ENGINE_DIED` into `CANCELLED`, for work that was asked to stop: a signal to the process group can end the engine first. */
export const asCancelled = (error: unknown): unknown =>
  error instanceof AppError && error.code === 'ENGINE_DIED' ? new AppError('CANCELLED', 'Cancelled', error) : error

/** Throws `CANCELLED` once the signal is aborted; loops call it between steps. */
export function throwIfCancelled(signal: { readonly aborted: boolean } | undefined): void {
  if (signal?.aborted) throw new AppError('CANCELLED', 'Cancelled')
}
