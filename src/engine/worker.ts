/** Entry of an engine process: a plain Node child that answers calls over a pipe until its parent goes away. */
import { Socket } from 'node:net'
import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { AppError, throwIfCancelled } from '../contract/errors.ts'
import { openChannel } from './channel.ts'
import { type Context, handlers } from './handlers.ts'
import { type CallName, CHANNEL, type FromEngine, type ToEngine } from './protocol.ts'

/** Progress of a tight loop is sent at most this often; other events always. */
const STEP_INTERVAL_MS = 100

/** What somebody looks at and waits for: longer works let these go first. */
const FIRST: ReadonlySet<CallName> = new Set(['frame', 'thumbnail', 'status'])

const running = new Map<number, AbortController>()
const first = new Set<Promise<void>>()

const pipe = new Socket({ fd: CHANNEL, readable: true, writable: true })
const channel = openChannel<FromEngine, ToEngine>(pipe, message => {
  if (message.type === 'cancel') running.get(message.id)?.abort()
  else begin(message.id, message.name, message.params)
})

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
async function pause(signal: AbortSignal): Promise<void> {
  await setImmediate()
  while (first.size > 0) {
    await Promise.all(first)
    await setImmediate()
  }
  throwIfCancelled(signal)
}

/** Whether an event is one of many alike, of which the latest is as good as all. */
const isStep = (event: unknown) => (event as { type?: string }).type === 'step'

/** A native library's exhausted memory reads 'OOM' or RESOURCE_EXHAUSTED. */
function codeOf(error: unknown): AppError['code'] | null {
  if (error instanceof AppError) return error.code
  return /OOM|RESOURCE_EXHAUSTED|out of memory/i.test(String(error)) ? 'OUT_OF_MEMORY' : null
}

async function answer(id: number, name: CallName, params: unknown): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  let sentAt = 0
  const context: Context<unknown> = {
    signal: controller.signal,
    pause: () => pause(controller.signal),
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
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    await channel.send({ type: 'error', id, code: codeOf(error), message, stack })
  } finally {
    running.delete(id)
  }
}

// Ctrl+C reaches the whole group of processes; the parent says what is to be cancelled.
process.on('SIGINT', () => {})
pipe.on('close', () => process.exit(0))
