/** Entry of an engine process: a plain Node child that answers calls over a pipe until its parent goes away. */
import { once } from 'node:events'
import { Socket } from 'node:net'
import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { throwIfCancelled } from '../../contract/errors.ts'
import { loadedCompute } from '../tensorflow/tensorflow.ts'
import { openChannel } from './channel.ts'
import { failureOf } from './failure.ts'
import { type Context, handlers } from './handlers.ts'
import { type CallName, CHANNEL, type FromEngine, type ToEngine } from './protocol.ts'

/** Progress of a tight loop is sent at most this often; other events always. */
const STEP_INTERVAL_MS = 100

/** What somebody looks at and waits for: longer works let these go first, and so none of these pauses. */
const FIRST: ReadonlySet<CallName> = new Set([
  'frame',
  'metrics',
  'overMasks',
  'thumbnail',
  'features',
  'views',
  'status',
])

interface Running {
  readonly controller: AbortController
  /** Resolves when the call is no longer held; `null`: it is not. */
  held: { readonly released: Promise<void>; release(): void } | null
}

const running = new Map<number, Running>()
const first = new Set<Promise<void>>()

const pipe = new Socket({ fd: CHANNEL, readable: true, writable: true })
const channel = openChannel<FromEngine, ToEngine>(pipe, message => {
  if (message.type === 'cancel') running.get(message.id)?.controller.abort()
  else if (message.type === 'hold') hold(message.id, message.held)
  else begin(message.id, message.name, message.params)
})

function hold(id: number, held: boolean): void {
  const call = running.get(id)
  if (!call) return
  call.held?.release()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  call.held = held ? { released, release } : null
}

function begin(id: number, name: CallName, params: unknown): void {
  const answered = answer(id, name, params)
  if (!FIRST.has(name)) return
  first.add(answered)
  void answered.finally(() => first.delete(answered))
}

/**
 * Lets messages in, then waits until what goes first is answered to its last byte. It always ends in an immediate: only from there
 * does the next one come after the pipe has been read.
 */
async function pause(call: Running): Promise<void> {
  const { signal } = call.controller
  await setImmediate()
  while (first.size > 0 || (call.held && !signal.aborted)) {
    await Promise.all(first)
    if (call.held) await Promise.race([call.held.released, once(signal, 'abort')])
    await setImmediate()
  }
  throwIfCancelled(signal)
}

/** Whether an event is one of many alike, of which the latest is as good as all. */
const isStep = (event: unknown) => (event as { type?: string }).type === 'step'

const exhausted = (message: string) =>
  `The memory of the device did not suffice. A smaller batch takes less. TensorFlow says: ${message.slice(0, 300)}`

async function answer(id: number, name: CallName, params: unknown): Promise<void> {
  const call: Running = { controller: new AbortController(), held: null }
  running.set(id, call)
  let sentAt = 0
  const context: Context<unknown> = {
    signal: call.controller.signal,
    pause: () => pause(call),
    emit(event) {
      if (isStep(event) && performance.now() - sentAt < STEP_INTERVAL_MS) return
      sentAt = performance.now()
      void channel.send({ type: 'event', id, event })
    },
  }
  try {
    const handler = handlers[name] as (params: unknown, context: Context<unknown>) => Promise<unknown>
    await channel.send({ type: 'result', id, result: await handler(params, context) })
  } catch (error) {
    const failure = failureOf(error)
    const code = failure.code ?? (loadedCompute()?.isExhausted(error) ? 'OUT_OF_MEMORY' : null)
    const message = code === 'OUT_OF_MEMORY' ? exhausted(failure.message) : failure.message
    await channel.send({ type: 'error', id, ...failure, code, message })
  } finally {
    running.delete(id)
  }
}

pipe.on('close', () => {
  loadedCompute()?.close()
  process.exit(0)
})
