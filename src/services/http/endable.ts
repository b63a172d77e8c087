/** Streams that a reader can end at any time. */

/**
 * Yields what `generate` yields. `return` and the outer signal abort the generator's signal at once.
 * A bare generator runs `return` only after its pending `next` has settled, which may never happen.
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
