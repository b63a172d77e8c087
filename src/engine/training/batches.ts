/**
 * Prepares a training's batches in separate threads, because a native step blocks its thread. See
 * docs/decisions/0011-batches-are-arrays.md.
 */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { VolumeInfo } from '../../contract/volumes.ts'
import type { PlainBatch } from '../../core/models/parts.ts'
import type { TrainingTask } from '../../core/training/task.ts'
import { threadsHere } from '../devices/threads.ts'
import { errorOf, type Failure } from '../process/failure.ts'
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
  | { readonly call: number; readonly batch: PlainBatch }
  | { readonly call: number; readonly failure: Failure }

const ENTRY = fileURLToPath(new URL('./batch-thread.ts', import.meta.url))

/** A thread ends after this time without a training, because it holds memory and open files. */
const IDLE_MS = 60_000

const isPretext = ({ config }: TaskRequest) => config.kind === 'pretrain'

/**
 * The number of batch threads. A GPU's step is shorter than the preparation of its batch, so several threads prepare
 * batches. A CPU's step uses all cores: one thread speeds up pretexts of small slices, and slows down supervised
 * training, whose batch takes only a few per cent of its step.
 */
function threadsBeside(request: TaskRequest, gpu: boolean): number {
  if (gpu) return Math.max(1, Math.min(8, Math.floor(threadsHere() / 2)))
  return isPrepared(request) ? 1 : 0
}

/**
 * Samples of a slice's k-space above which no thread prepares batches beside a CPU's steps. Such a thread works all the
 * time, and every operation of a step waits for it. SimCLR steps of 8 slices of 15 × 640 × 372 samples took 1.08 s
 * beside a thread, and 0.43 s without one (two cores).
 */
const LARGE_SLICE = 1e6

const isLarge = ({ coils, rows, columns }: VolumeInfo) => coils * rows * columns > LARGE_SLICE

/** Whether a thread prepares batches on every device. */
const isPrepared = (request: TaskRequest) => isPretext(request) && !request.train.some(isLarge)

interface Thread {
  open(training: number, request: TaskRequest): void
  prepare(training: number, epoch: number, index: number): Promise<PlainBatch>
  close(training: number): void
  end(): void
}

function startThread(onEnd: () => void): Thread {
  const worker = new Worker(ENTRY)
  worker.unref()
  const pending = new Map<number, PromiseWithResolvers<PlainBatch>>()
  let calls = 0
  const send = (message: ToThread) => worker.postMessage(message)
  worker.on('message', (message: FromThread) => {
    const call = pending.get(message.call)!
    pending.delete(message.call)
    if ('batch' in message) call.resolve(message.batch)
    else call.reject(errorOf(message.failure))
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
      const call = Promise.withResolvers<PlainBatch>()
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

/** Returns `count` threads, and starts missing threads. Threads are reused, because a start takes half a second. */
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
  threads.clear() // at once, because an ending thread accepts no more work
}

function endWhenIdle(): void {
  if (active > 0) return
  idle = setTimeout(endAll, IDLE_MS)
  idle.unref()
}

/** Starts a thread while TensorFlow is loading, if the training has a thread on every device. */
export function expectBatches(request: TaskRequest): void {
  if (!isPrepared(request)) return
  atLeast(1)
  endWhenIdle()
}

export interface Batches {
  /** The task. Its next batches are prepared ahead if that is faster. */
  readonly task: TrainingTask
  dispose(): void
}

/** `request` is the request that `task` was made from. */
export function prepareAhead(task: TrainingTask, request: TaskRequest, gpu: boolean): Batches {
  const count = threadsBeside(request, gpu)
  if (count === 0) return { task, dispose: () => {} }
  const those = atLeast(count)
  const training = ++trainings
  active++
  for (const thread of those) thread.open(training, request)
  const perEpoch = task.batchesPerEpoch
  const end = request.config.recipe.epochs * perEpoch
  /** By the batch's place in the whole training. */
  const asked = new Map<number, Promise<PlainBatch>>()

  function ask(place: number): Promise<PlainBatch> {
    const before = asked.get(place)
    if (before) return before
    const batch = those[place % count].prepare(training, Math.floor(place / perEpoch), place % perEpoch)
    batch.catch(() => {}) // the caller that takes the batch handles the error
    asked.set(place, batch)
    return batch
  }

  return {
    task: {
      ...task,
      prepare(epoch, index) {
        const place = epoch * perEpoch + index
        const batch = ask(place)
        asked.delete(place)
        for (let next = place + 1; next <= place + count + 1 && next < end; next++) ask(next)
        return batch
      },
    },
    dispose() {
      for (const thread of those) thread.close(training)
      active--
      endWhenIdle()
    },
  }
}
