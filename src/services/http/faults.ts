/** Errors for clients. An `AppError` keeps its code and message. Any other error becomes `INTERNAL` without details. */
import { ORPCError } from '@orpc/server'
import { AppError, type ErrorCode } from '../../contract/errors.ts'
import { databaseError } from '../profile/db/errors.ts'

/** HTTP status of each code. Programs should read the code, because several codes share a status. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  FILE_UNREADABLE: 422,
  UNSUPPORTED_FORMAT: 422,
  SHAPE_MISMATCH: 422,
  INVALID_ARGUMENT: 400,
  STATE_CONFLICT: 409,
  ENGINE_UNAVAILABLE: 503,
  ENGINE_DIED: 503,
  JOB_CONTINUES: 409,
  JOB_ENDED: 503,
  JOB_REFUSED: 503,
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

/** Describes an error. The details of an internal error are printed on standard error. */
export function describeFault(thrown: unknown): Fault {
  const error = databaseError(thrown)
  if (error instanceof AppError) return { code: error.code, message: error.message, status: STATUS[error.code] }
  console.error(error)
  return {
    code: 'INTERNAL',
    message: 'This is a fault of the program, not yours. The log on standard error has the details.',
    status: 500,
  }
}

/** Whether oRPC refused an input that violates the contract. */
const isBadInput = (
  error: unknown,
): error is ORPCError<string, { issues: { path?: PropertyKey[]; message: string }[] }> =>
  error instanceof ORPCError && error.code === 'BAD_REQUEST' && Array.isArray(error.data?.issues)

/** An error for the client of a procedure. oRPC's error for an unknown procedure stays unchanged. */
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

/** Wraps every procedure. Converts its errors, and the errors of the stream that it returns, with `toRpcError`. */
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
