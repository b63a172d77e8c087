/** Long tasks as streams: progress, then the result. Ending the stream cancels the task. */
import type { Progress } from '../../engine/process/protocol.ts'

export type WorkEvent<Result> =
  | ({ readonly type: 'progress' } & Progress)
  | { readonly type: 'done'; readonly result: Result }

/** Yields new progress, then `done`. Skips progress that is outdated. Throws the error of the task. */
export async function* followWork<Result>(
  begin: (onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): AsyncGenerator<WorkEvent<Result>, void> {
  let latest: Progress | null = null
  let settled = false
  let wake = () => {}
  const result = begin(progress => {
    latest = progress
    wake()
  }, signal)
  const settle = () => {
    settled = true
    wake()
  }
  result.then(settle, settle)
  while (true) {
    const progress: Progress | null = latest
    latest = null
    if (progress) yield { type: 'progress', ...(progress as Progress) }
    else if (settled) break
    else
      await new Promise<void>(resolve => {
        wake = resolve
      })
  }
  yield { type: 'done', result: await result }
}
