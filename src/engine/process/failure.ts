/** An error as a plain object, for a process or thread boundary, because a copied error would lose its class. */
import { AppError, type ErrorCode } from '../../contract/errors.ts'

export interface Failure {
  readonly code: ErrorCode | null
  readonly message: string
  readonly stack?: string
}

export function failureOf(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  return { code: error instanceof AppError ? error.code : null, message, stack }
}

export function errorOf({ code, message, stack }: Failure): Error {
  const error = code ? new AppError(code, message) : new Error(message)
  if (stack) error.stack = stack
  return error
}
