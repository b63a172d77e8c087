/** A native library's exhausted memory, known by what it says: 'OOM' or RESOURCE_EXHAUSTED. */
export const isExhausted = (error: unknown): boolean => /OOM|RESOURCE_EXHAUSTED|out of memory/i.test(String(error))
