/** The parent's side of an engine process. */
import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import { engineEnvironment, engineNode, type InstalledEngine } from '../install/environment.ts'
import { openChannel } from './channel.ts'
import { errorOf } from './failure.ts'
import { type CallName, type Calls, CHANNEL, type FromEngine, type ToEngine } from './protocol.ts'

export interface CallOptions<Event> {
  /**
   * If `onEvent` returns a promise, the call waits at its next pause until the promise settles. A rejection fails the
   * call.
   */
  readonly onEvent?: (event: Event) => void | Promise<void>
  readonly signal?: AbortSignal
}

export interface Engine {
  /** Process id. `undefined` if the process could not start. */
  readonly pid: number | undefined
  /** Whether the process has ended, or was told to end. Every further call then fails. */
  readonly dead: boolean
  call<Name extends CallName>(
    name: Name,
    params: Calls[Name]['params'],
    options?: CallOptions<Calls[Name]['event']>,
  ): Promise<Calls[Name]['result']>
  dispose(): void
}

interface Pending {
  readonly onEvent?: (event: never) => void | Promise<void>
  /** The last promise of `onEvent`, until it settles. */
  held: Promise<void> | null
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

/** Lines without use for the user, which native libraries print at every log level. */
const NOISE = new RegExp(
  [
    'oneDNN custom operations are on',
    'rebuild TensorFlow with the appropriate compiler flags',
    'TF_ENABLE_ONEDNN_OPTS',
    'cpu_feature_guard',
    'All log messages before absl',
  ].join('|'),
)

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
const FIRST = new URL('./outlive-signals.ts', import.meta.url).href

export interface EngineOptions {
  /** Above 0 (up to 19) the process has a lower priority. Ignored if the system does not permit it. */
  readonly niceness?: number
  /** Whether XLA compiles graphs. */
  readonly xla?: boolean
  /** Folder of the copies of mask files. */
  readonly masks?: string
  /** `LocalDevice.visible` of the device that computes. */
  readonly device?: string | null
  /** The threads that compute. `null`: the share of the slot, of the cores of this machine or of the Slurm job. */
  readonly threads?: number | null
  /** The number of engine processes that compute at once on this machine, and share its cores and memory. */
  readonly slots?: number
}

function spawnEngine(installed: InstalledEngine | null, { masks, ...options }: EngineOptions) {
  const { node, flags } = engineNode()
  return spawn(node, [...flags, '--import', FIRST, WORKER], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(installed && engineEnvironment(installed, options)),
      SELF_MRI_BINDING: installed?.binding,
      SELF_MRI_MASKS: masks,
    },
  })
}

/** Prints the engine's output. Returns a function that gives the last line so far. */
function passOn(streams: readonly Readable[]): () => string {
  let last = ''
  for (const stream of streams) {
    createInterface({ input: stream }).on('line', line => {
      if (NOISE.test(line)) return
      last = line
      process.stderr.write(`engine: ${line}\n`)
    })
  }
  return () => last
}

function lowerPriority(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness)
  } catch {
    // The system does not permit a lower priority, so the priority stays.
  }
}

function deathOf(code: number | null, signal: NodeJS.Signals | null, lastWords: string): AppError {
  const how = signal
    ? `by ${signal}${signal === 'SIGKILL' ? ' (the system does so when memory runs out)' : ''}`
    : `with exit code ${code}`
  const message = `The engine process ended ${how}${lastWords && `. Its last line was: ${lastWords}`}`
  return new AppError('ENGINE_DIED', message, undefined, signal ? { signal } : {})
}

/**
 * Starts an engine process. With `installed` null the process reads and writes files, but computes nothing. If the
 * process ends, all pending calls fail with `ENGINE_DIED`, which names the exit code or signal.
 */
export function startEngine(installed: InstalledEngine | null, options: EngineOptions = {}): Engine {
  const child = spawnEngine(installed, options)
  const lastWords = passOn([child.stdout!, child.stderr!])
  const pending = new Map<number, Pending>()
  let lastId = 0
  let death: AppError | null = null

  function die(error: AppError): void {
    death ??= error
    for (const { reject } of pending.values()) reject(death)
    pending.clear()
  }
  child.on('error', cause =>
    die(new AppError('ENGINE_DIED', `The engine process could not start: ${cause.message}`, cause)),
  )
  child.on('close', (code, signal) => die(deathOf(code, signal, lastWords())))
  const pipe = child.stdio[CHANNEL] as Duplex
  const channel = openChannel<ToEngine, FromEngine>(pipe, message => {
    const call = pending.get(message.id)
    if (!call) return
    if (message.type === 'event') return hear(call, message.id, message.event)
    pending.delete(message.id)
    if (message.type === 'result') return call.resolve(message.result as never)
    call.reject(errorOf(message))
  })
  const send = (message: ToEngine) => void channel.send(message)

  /**
   * Passes an event to the caller. If the caller fails on the event, the call is cancelled and fails with that error.
   */
  function hear(call: Pending, id: number, event: unknown): void {
    const fail = (error: unknown) => {
      pending.delete(id)
      send({ type: 'cancel', id })
      call.reject(error)
    }
    const settle = (promise: Promise<void>) => {
      if (call.held !== promise) return
      call.held = null
      send({ type: 'hold', id, held: false })
    }
    try {
      const promise = call.onEvent?.(event as never)
      if (!promise) return
      if (!call.held) send({ type: 'hold', id, held: true })
      call.held = promise
      promise.then(() => settle(promise), fail)
    } catch (error) {
      fail(error)
    }
  }

  if (options.niceness && child.pid !== undefined) lowerPriority(child.pid, options.niceness)

  return {
    pid: child.pid,
    get dead() {
      return death !== null
    },
    call(name, params, { onEvent, signal } = {}) {
      throwIfCancelled(signal)
      if (death) return Promise.reject(death)
      const id = ++lastId
      const cancel = () => send({ type: 'cancel', id })
      signal?.addEventListener('abort', cancel, { once: true })
      const answer = new Promise<never>((resolve, reject) => {
        pending.set(id, { onEvent: onEvent as Pending['onEvent'], held: null, resolve, reject })
        send({ type: 'call', id, name, params })
      })
      return answer.finally(() => signal?.removeEventListener('abort', cancel))
    },
    dispose() {
      death ??= new AppError('ENGINE_DIED', 'The engine process was closed')
      pipe.destroy()
    },
  }
}
