/** Entry of an engine process: a plain Node child that answers calls over IPC until its parent goes away. */
import process from 'node:process'
import { AppError } from '../contract/errors.ts'
import { type Context, handlers } from './handlers.ts'
import type { CallName, FromEngine, ToEngine } from './protocol.ts'

/** Progress of a tight loop is sent at most this often; other events always. */
const STEP_INTERVAL_MS = 100

const running = new Map<number, AbortController>()

const send = (message: FromEngine) => process.send?.(message)

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
    emit(event) {
      if (isStep(event) && performance.now() - sentAt < STEP_INTERVAL_MS) return
      sentAt = performance.now()
      send({ type: 'event', id, event })
    },
  }
  try {
    const handler = handlers[name] as (params: unknown, context: Context<unknown>) => Promise<unknown>
    send({ type: 'result', id, result: await handler(params, context) })
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    send({ type: 'error', id, code: codeOf(error), message, stack })
  } finally {
    running.delete(id)
  }
}

process.on('message', (message: ToEngine) => {
  if (message.type === 'cancel') running.get(message.id)?.abort()
  else void answer(message.id, message.name, message.params)
})

// Ctrl+C reaches the whole group of processes; the parent says what is to be cancelled.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))
