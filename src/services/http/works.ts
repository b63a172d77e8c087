/** Long tasks of the window. The window and its bottom line show their progress. */
import type { Progress } from '../../engine/process/protocol.ts'
import { formatDone } from '../../presentation/numbers.ts'
import type { ReadOptions } from '../studies/contents/reader.ts'
import { endable } from './endable.ts'
import type { Activity, EngineWatch } from './engine-state.ts'
import { followWork, type WorkEvent } from './work.ts'

type OnProgress = (progress: Progress) => void

interface WorkOptions {
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export interface Works {
  /** A long task. `words` name the task in the bottom line. `unit` is the unit of its progress. */
  work<Result>(
    words: string,
    outer: AbortSignal | undefined,
    begin: (options: WorkOptions) => Promise<Result>,
    unit?: string,
  ): AsyncIteratorObject<WorkEvent<Result>, void>
  /** A call that may have to read files first. The bottom line then shows the progress of reading. */
  reading<Result>(signal: AbortSignal | undefined, begin: (options: ReadOptions) => Promise<Result>): Promise<Result>
}

export const makeWorks = (engines: EngineWatch): Works => ({
  work: (words, outer, begin, unit = '') =>
    endable(signal => {
      const activity = engines.begin(words)
      const run = (onProgress: OnProgress, aborted: AbortSignal) =>
        begin({
          onProgress(progress) {
            activity.update(progress.total > 0 ? `${words}: ${formatDone(progress, unit)}` : words)
            onProgress(progress)
          },
          signal: aborted,
        }).finally(activity.end)
      return followWork(run, signal)
    }, outer),
  async reading(signal, begin) {
    let activity: Activity | null = null
    const onProgress: OnProgress = progress => {
      activity ??= engines.begin('reading files')
      activity.update(`reading files: ${formatDone(progress, 'MB')}`)
    }
    try {
      return await begin({ onProgress, signal })
    } finally {
      ;(activity as Activity | null)?.end()
    }
  },
})
