/** Long works that the user waits for. The status line shows their progress, time left and a cancel button. */
import { create } from 'zustand'
import type { WorkProgress } from './client.ts'
import { tellError } from './notify.tsx'

export interface Work {
  readonly id: number
  readonly title: string
  /** Names what it is of, for whoever shows its progress elsewhere. */
  readonly key: string | null
  /** What its progress counts; `''`: things. */
  readonly unit: string
  readonly progress: WorkProgress | null
  readonly startedAt: number
  readonly cancel: () => void
  readonly cancelling: boolean
}

export const useWorks = create<{ readonly works: readonly Work[] }>(() => ({ works: [] }))

let lastId = 0

const change = (id: number, changes: Partial<Work>) =>
  useWorks.setState(({ works }) => ({ works: works.map(work => (work.id === id ? { ...work, ...changes } : work)) }))

/** Runs a work to its end; `null` where it failed (the user is told) or was cancelled. */
export async function follow<Result>(
  title: string,
  start: (signal: AbortSignal) => (onProgress: (progress: WorkProgress) => void) => Promise<Result>,
  unit = '',
  key: string | null = null,
): Promise<Result | null> {
  const id = ++lastId
  const controller = new AbortController()
  const cancel = () => {
    change(id, { cancelling: true })
    controller.abort()
  }
  const work: Work = { id, title, key, unit, progress: null, startedAt: Date.now(), cancel, cancelling: false }
  useWorks.setState(({ works }) => ({ works: [...works, work] }))
  try {
    return await start(controller.signal)(progress => change(id, { progress }))
  } catch (error) {
    if (!controller.signal.aborted) tellError(error, `${title} failed`)
    return null
  } finally {
    useWorks.setState(({ works }) => ({ works: works.filter(each => each.id !== id) }))
  }
}

/** Seconds left at the pace so far; `null` until there is one. */
export function workSecondsLeft({ progress, startedAt }: Work, now: number): number | null {
  if (!progress || progress.done === 0 || progress.total === 0) return null
  return ((now - startedAt) / 1000 / progress.done) * (progress.total - progress.done)
}
