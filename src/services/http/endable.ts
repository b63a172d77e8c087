/** Streams that their reader can end at any time. */

/**
 * What `generate` yields. Ending it (`return`, or the outer signal) aborts the generator's signal at once: a bare generator would hear of a
 * `return` only when its pending `next` is answered, which of a silent stream may be never.
 */
export function endable<T>(
  generate: (signal: AbortSignal) => AsyncGenerator<T, void>,
  outer?: AbortSignal,
): AsyncIteratorObject<T, void> {
  const ended = new AbortController()
  const generator = generate(outer ? AbortSignal.any([outer, ended.signal]) : ended.signal)
  return {
    next: () => generator.next(),
    async return() {
      ended.abort()
      await generator.return()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
