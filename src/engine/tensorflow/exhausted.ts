/** Whether a native library ran out of memory. The library's message tells: 'OOM' or RESOURCE_EXHAUSTED. */
export const isExhausted = (error: unknown): boolean => /OOM|RESOURCE_EXHAUSTED|out of memory/i.test(String(error))
