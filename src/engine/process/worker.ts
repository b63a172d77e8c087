/** Entry of an engine process: a plain Node process that answers calls over a pipe until its parent closes the pipe. */
import { once } from 'node:events'
import { Socket } from 'node:net'
import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { throwIfCancelled } from '../../contract/errors.ts'
import { inWords, loadedCompute } from '../tensorflow/tensorflow.ts'
import { openChannel } from './channel.ts'
import type { Context } from './each-volume.ts'
import { failureOf } from './failure.ts'
import { handlers } from './handlers.ts'
import { type CallName, CHANNEL, type FromEngine, type ToEngine } from './protocol.ts'

/** The shortest interval between `step` events. All other events are always sent. */
const STEP_INTERVAL_MS = 100

/**
 * Urgent calls, because the user waits for their results. Longer calls let urgent calls finish first. Urgent calls
 * never pause.
 */
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
  /** `released` resolves when the call is no longer held. `null`: the call is not held. */
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
 * Lets messages arrive, then waits until urgent calls are answered completely. The last wait is always `setImmediate`,
 * because Node then reads the pipe before the next `setImmediate`.
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

/** Whether an event is a `step` event, of which only the latest matters. */
const isStep = (event: unknown) => (event as { type?: string }).type === 'step'

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
    await channel.send({ type: 'error', id, ...failureOf(inWords(error)) })
  } finally {
    running.delete(id)
  }
}

pipe.on('close', () => {
  loadedCompute()?.close()
  process.exit(0)
})
