/** What every command does around its work: open the profile, hear Ctrl+C, turn errors into messages and exit codes. */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { AppError, throwIfCancelled } from '../contract/errors.ts'
import { openServices, type ServiceOptions, type Services } from '../services/context.ts'
import { databaseError, isBusy } from '../services/db/errors.ts'
import { type Bar, printJson, progressBar, say } from './terminal.ts'

const EXIT = { failure: 1, usage: 2, cancelled: 130 } as const

export interface Session {
  readonly services: Services
  readonly signal: AbortSignal
  /** Whether one JSON document is wanted on standard output. */
  readonly json: boolean
}

/** Shows the engine's installation, which may happen on the way. */
function installProgress() {
  let bar: Bar | null = null
  let lastLabel = ''
  return ({ label, fraction }: { label: string; fraction: number | null }) => {
    bar ??= progressBar('Setting up the engine')
    if (fraction !== null && process.stderr.isTTY) bar.update(Math.round(fraction * 100), 100, label)
    else if (label !== lastLabel) say(`Setting up the engine: ${label}`)
    lastLabel = label
    if (fraction === null || fraction >= 1) {
      bar.stop()
      bar = null
    }
  }
}

function report(thrown: unknown, json: boolean): number {
  const error = databaseError(thrown)
  if (error instanceof AppError) {
    if (json) printJson({ error: { code: error.code, message: error.message } })
    say(error.code === 'CANCELLED' ? 'Cancelled.' : error.message)
    if (error.code === 'CANCELLED') return EXIT.cancelled
    return error.code === 'INVALID_ARGUMENT' ? EXIT.usage : EXIT.failure
  }
  if (json) printJson({ error: { code: null, message: String(error) } })
  say(`This is a fault of the program: ${error instanceof Error ? error.stack : error}`)
  return EXIT.failure
}

/** A database that another program holds is tried again this often, in all for so long. */
const RETRY_MS = 500
const PATIENCE_MS = 60_000
/** Nothing else is heard while SQLite itself waits. */
const ATTEMPT_MS = 1000

/** Waits while another program holds the database, and says so. */
async function openPatiently(options: ServiceOptions, signal: AbortSignal): Promise<Services> {
  const end = performance.now() + PATIENCE_MS
  for (let attempt = 1; ; attempt++) {
    throwIfCancelled(signal)
    try {
      return openServices({ ...options, patience: ATTEMPT_MS })
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) throw error
      if (attempt === 1) say('Waiting for the database, which another program holds (Ctrl+C gives up) …')
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {})
  }
}

/** Runs a command's work with the services of its profile. A second Ctrl+C ends the program at once. */
export async function inSession(
  command: Command,
  work: (session: Session) => Promise<void>,
  options: Pick<ServiceOptions, 'forWindow' | 'readOnly'> = {},
): Promise<void> {
  const { profile, json = false } = command.optsWithGlobals() as { profile?: string; json?: boolean }
  const cancellation = new AbortController()
  const interrupt = () => {
    if (cancellation.signal.aborted) process.exit(EXIT.cancelled)
    cancellation.abort()
    say('\nCancelling… (Ctrl+C again ends at once)')
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  let services: Services | null = null
  try {
    const onBusy = (words: string | null) => say(words ?? 'The database is free again.')
    services = await openPatiently({ profile, onInstall: installProgress(), onBusy, ...options }, cancellation.signal)
    await work({ services, signal: cancellation.signal, json })
  } catch (error) {
    process.exitCode = report(error, json)
  } finally {
    services?.dispose()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
