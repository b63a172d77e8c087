import { AppError } from '../../contract/errors.ts'

/** Whether a native library ran out of memory. The library's message tells: 'OOM' or RESOURCE_EXHAUSTED. */
export const isExhausted = (error: unknown): boolean => /OOM|RESOURCE_EXHAUSTED|out of memory/i.test(String(error))

/** TensorFlow's lack of memory as an error for users. */
export function outOfMemory(error: unknown): AppError {
  const message = error instanceof Error ? error.message : String(error)
  const words = `The device ran out of memory. Use a smaller batch. TensorFlow says: ${message.slice(0, 300)}`
  return new AppError('OUT_OF_MEMORY', words, error)
}
