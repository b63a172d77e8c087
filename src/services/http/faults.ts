/** Errors on their way out of the process: a user's with its code and its words, a fault of the program without its insides. */
import { ORPCError } from '@orpc/server'
import { AppError, type ErrorCode } from '../../contract/errors.ts'
import { databaseError } from '../profile/db/errors.ts'

/** HTTP statuses; the code says what it is, the status only what kind of thing. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  FILE_UNREADABLE: 422,
  UNSUPPORTED_FORMAT: 422,
  SHAPE_MISMATCH: 422,
  INVALID_ARGUMENT: 400,
  STATE_CONFLICT: 409,
  ENGINE_UNAVAILABLE: 503,
  ENGINE_DIED: 503,
  OUT_OF_MEMORY: 503,
  DISK_FULL: 507,
  NOT_FINITE: 422,
  STUDY_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  CHECKPOINT_DAMAGED: 422,
  PATIENT_LEAK: 409,
  DATA_CHANGED: 409,
  FILE_EXISTS: 409,
  AMBIGUOUS: 409,
  DATABASE: 500,
  DATABASE_BUSY: 503,
  DEVICE_BUSY: 409,
  CANCELLED: 499,
}

export interface Fault {
  readonly code: string
  readonly message: string
  readonly status: number
}

/** The details of a fault of the program go to standard error. */
export function describeFault(thrown: unknown): Fault {
  const error = databaseError(thrown)
  if (error instanceof AppError) return { code: error.code, message: error.message, status: STATUS[error.code] }
  console.error(error)
  return {
    code: 'INTERNAL',
    message: 'This is a fault of the program, not yours. Its log on standard error says more.',
    status: 500,
  }
}

/** oRPC's own word for input that does not fit the contract. */
const isBadInput = (
  error: unknown,
): error is ORPCError<string, { issues: { path?: PropertyKey[]; message: string }[] }> =>
  error instanceof ORPCError && error.code === 'BAD_REQUEST' && Array.isArray(error.data?.issues)

/** An error for the client of a procedure. A procedure that is not there keeps oRPC's own. */
export function toRpcError(error: unknown): ORPCError<string, unknown> {
  if (isBadInput(error)) {
    const faults = error.data.issues.map(({ path = [], message }) => `${path.map(String).join('.')}: ${message}`)
    return new ORPCError('INVALID_ARGUMENT', { message: faults.join('; '), status: STATUS.INVALID_ARGUMENT })
  }
  if (error instanceof ORPCError && error.status < 500) return error
  const { code, message, status } = describeFault(error)
  return new ORPCError(code, { message, status, cause: error })
}

const isStream = (output: unknown): output is AsyncIteratorObject<unknown> =>
  typeof output === 'object' && output !== null && Symbol.asyncIterator in output

/** Around every procedure: its errors, and those of the stream that it may answer with, leave as `toRpcError` makes them. */
export async function withRpcErrors({ next }: { readonly next: () => Promise<unknown> }): Promise<unknown> {
  const fail = (error: unknown): never => {
    throw toRpcError(error)
  }
  const output = await next().catch(fail)
  if (!isStream(output)) return output
  return {
    next: () => output.next().catch(fail),
    return: async (value?: unknown) => (await output.return?.(value)) ?? { done: true, value },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
