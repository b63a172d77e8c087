/** A training's batches, prepared by threads of their own while a step runs: a step holds the thread that asked for it until it ends. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { AppError } from '../contract/errors.ts'
import type { Plain } from '../core/training/stack.ts'
import type { TrainingTask } from '../core/training/train.ts'
import type { TaskRequest } from './tasks.ts'

export type ToThread =
  | { readonly do: 'open'; readonly training: number; readonly request: TaskRequest }
  | {
      readonly do: 'prepare'
      readonly training: number
      readonly call: number
      readonly epoch: number
      readonly index: number
    }
  | { readonly do: 'close'; readonly training: number }

export type FromThread =
  | { readonly call: number; readonly batch: readonly Plain[] }
  | {
      readonly call: number
      readonly failure: { readonly code: AppError['code'] | null; readonly message: string; readonly stack?: string }
    }

const ENTRY = fileURLToPath(new URL('./batch-thread.ts', import.meta.url))

/** A thread holds its modules and the files it has open; it goes when nobody has trained for so long. */
const IDLE_MS = 60_000

/** A GPU's step takes less time than its batch: several are then prepared at once. On a CPU the step has all cores. */
const threadsBeside = (gpu: boolean) => (gpu ? Math.max(1, Math.min(8, Math.floor(availableParallelism() / 2))) : 1)

interface Thread {
  open(training: number, request: TaskRequest): void
  prepare(training: number, epoch: number, index: number): Promise<readonly Plain[]>
  close(training: number): void
  end(): void
}

function startThread(onEnd: () => void): Thread {
  const worker = new Worker(ENTRY)
  worker.unref()
  const pending = new Map<number, PromiseWithResolvers<readonly Plain[]>>()
  let calls = 0
  const send = (message: ToThread) => worker.postMessage(message)
  worker.on('message', (message: FromThread) => {
    const call = pending.get(message.call)!
    pending.delete(message.call)
    if ('batch' in message) return call.resolve(message.batch)
    const { code, message: text, stack } = message.failure
    const error = code ? new AppError(code, text) : new Error(text)
    if (stack) error.stack = stack
    call.reject(error)
  })
  const end = (error: Error) => {
    onEnd()
    for (const call of pending.values()) call.reject(error)
    pending.clear()
  }
  worker.on('error', end)
  worker.on('exit', () => end(new Error('The thread that prepares batches ended')))
  return {
    open: (training, request) => send({ do: 'open', training, request }),
    prepare(training, epoch, index) {
      const call = Promise.withResolvers<readonly Plain[]>()
      pending.set(++calls, call)
      send({ do: 'prepare', training, call: calls, epoch, index })
      return call.promise
    },
    close: training => send({ do: 'close', training }),
    end: () => void worker.terminate(),
  }
}

const threads = new Set<Thread>()
let trainings = 0
let active = 0
let idle: ReturnType<typeof setTimeout> | undefined

/** As many threads as there are to be, begun where they are not there yet: starting one takes half a second. */
function atLeast(count: number): readonly Thread[] {
  clearTimeout(idle)
  while (threads.size < count) {
    const thread = startThread(() => threads.delete(thread))
    threads.add(thread)
  }
  return [...threads].slice(0, count)
}

function endAll(): void {
  for (const thread of threads) thread.end()
  threads.clear() // at once: one that is ending takes no more work
}

function endWhenIdle(): void {
  if (active > 0) return
  idle = setTimeout(endAll, IDLE_MS)
  idle.unref()
}

/** Begins what a training will want, while TensorFlow is still loading. */
export function expectBatches(): void {
  atLeast(1)
  endWhenIdle()
}

export interface Batches {
  /** The same task, of whose batches a few are always being prepared. */
  readonly task: TrainingTask
  dispose(): void
}

/** `request` is what the task is of, `epochs` how many there will be. */
export function prepareAhead(task: TrainingTask, request: TaskRequest, epochs: number, gpu: boolean): Batches {
  const those = atLeast(threadsBeside(gpu))
  const training = ++trainings
  active++
  for (const thread of those) thread.open(training, request)
  const asked = new Map<string, Promise<readonly Plain[]>>()
  let turn = 0

  function ask(epoch: number, index: number): Promise<readonly Plain[]> {
    const key = `${epoch} ${index}`
    const before = asked.get(key)
    if (before) return before
    const batch = those[turn++ % those.length].prepare(training, epoch, index)
    batch.catch(() => {}) // whoever wants it hears it
    asked.set(key, batch)
    return batch
  }

  return {
    task: {
      ...task,
      async prepare(epoch, index) {
        const batch = ask(epoch, index)
        asked.delete(`${epoch} ${index}`)
        for (let ahead = 1; ahead <= those.length + 1; ahead++) {
          const place = epoch * task.batchesPerEpoch + index + ahead
          if (place < epochs * task.batchesPerEpoch)
            ask(Math.floor(place / task.batchesPerEpoch), place % task.batchesPerEpoch)
        }
        return [...(await batch)]
      },
    },
    dispose() {
      for (const thread of those) thread.close(training)
      active--
      endWhenIdle()
    },
  }
}
