/** The session of a command: opens the profile, listens to signals, turns errors into messages and exit codes. */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { AppError, asCancelled, type ErrorCode, throwIfCancelled } from '../contract/errors.ts'
import { openServices, type ServiceOptions, type Services } from '../services/open.ts'
import { databaseError, isBusy } from '../services/profile/db/errors.ts'
import { databaseCaution } from '../services/profile/file-systems.ts'
import { readSettings } from '../services/profile/settings.ts'
import { exitCodeOf, hearSignals, type StopSignal } from '../services/profile/signals.ts'
import { executionFrom, requireKnownOptions } from './execution-options.ts'
import { type Bar, printJson, progressBar, say } from './terminal.ts'

type CommandStop = 'cancel' | 'leave' | StopSignal

const EXIT = { failure: 1, usage: 2 } as const

/** Errors that only another command can avoid. */
const USAGE: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'STATE_CONFLICT'])

export interface Session {
  readonly services: Services
  /** Aborted by Ctrl+C with the reason `leave`, because jobs go on, and by other signals with their names. */
  readonly signal: AbortSignal
  /** Why `signal` was aborted. Ctrl+C cancels a training of this machine. */
  readonly stop: () => CommandStop
  /** Whether standard output is one JSON document. */
  readonly json: boolean
}

/** Shows the installation of the engine, if a command starts the installation. */
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

function report(thrown: unknown, json: boolean, stop: CommandStop): number {
  const error = databaseError(thrown)
  if (error instanceof AppError) {
    const cancelled = error.code === 'CANCELLED'
    const byUser = stop === 'cancel' || stop === 'leave'
    const message = cancelled && !byUser ? `Stopped by ${stop}` : error.message
    if (json) printJson({ error: { code: error.code, message } })
    say(cancelled ? (byUser ? 'Cancelled.' : `${message}.`) : message)
    if (cancelled || error.code === 'JOB_CONTINUES') return exitCodeOf(byUser ? 'SIGINT' : stop)
    return USAGE.has(error.code) ? EXIT.usage : EXIT.failure
  }
  if (json) printJson({ error: { code: null, message: String(error) } })
  say(`This is a fault of the program: ${error instanceof Error ? error.stack : error}`)
  return EXIT.failure
}

/** Time between two attempts to open a database that another program holds. */
const RETRY_MS = 500
/** Time until the command gives up. */
const PATIENCE_MS = 60_000
/** Limit of SQLite's own wait. Short, because signals are not handled during this wait. */
const ATTEMPT_MS = 1000

/** Opens the services. Waits while another program holds the database, and prints a line. */
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

/** Runs a command with the services of its profile. A second signal ends the program at once. */
export async function inSession(
  command: Command,
  work: (session: Session) => Promise<void>,
  options: Pick<ServiceOptions, 'forWindow' | 'readOnly'> = {},
): Promise<void> {
  const {
    profile,
    runs,
    json = false,
  } = command.optsWithGlobals() as {
    profile?: string
    runs?: string
    json?: boolean
  }
  const cancellation = new AbortController()
  let services: Services | null = null
  let stop: CommandStop = 'cancel'
  hearSignals(signal => {
    const { isRemote = false, waitsForJob = false } = services?.engines ?? {}
    if (signal !== 'SIGINT') say(`\n${signal}: stopping… (a second signal ends at once)`)
    else if (isRemote || waitsForJob) say('\nStopping. Jobs go on without this command… (Ctrl+C again ends at once)')
    else say('\nCancelling… (Ctrl+C again ends at once)')
    stop = signal === 'SIGINT' ? (isRemote ? 'leave' : 'cancel') : signal
    // A run may follow a job, even if trainings of this command are no jobs.
    cancellation.abort(signal === 'SIGINT' ? 'leave' : signal)
  })
  try {
    const onBusy = (words: string | null) => say(words ?? 'The database is free again.')
    const execution = executionFrom(command.opts())
    services = await openPatiently(
      { profile, runs, execution, onInstall: installProgress(), onBusy, ...options },
      cancellation.signal,
    )
    requireKnownOptions(execution, readSettings(services.profile).execution.executor)
    const caution = databaseCaution(services.profile.directory)
    if (caution) say(caution)
    await work({ services, signal: cancellation.signal, stop: () => stop, json })
  } catch (error) {
    process.exitCode = report(cancellation.signal.aborted ? asCancelled(error) : error, json, stop)
  } finally {
    services?.dispose()
  }
}
