/** Signals that end a program in order, whichever program it is: command line, host or window. */
import { constants } from 'node:os'
import process from 'node:process'

/** Sent by service managers, clusters and closing terminals: what is going on is stopped so that it can go on later. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof STOP_SIGNALS)[number]

type EndSignal = StopSignal | 'SIGINT'

export const exitCodeOf = (signal: EndSignal): number => 128 + constants.signals[signal]

/** The process group, npm and the launcher each deliver the same signal: within this time, a repetition is no second signal. */
const SAME_MS = 500

/**
 * Calls `end` at the first SIGINT, SIGTERM or SIGHUP; a second one calls `endAtOnce` with its exit code. SIGUSR1 (Node would open its
 * inspector) and SIGUSR2 mean nothing here and end nothing. Heard as long as the process lives. Writing to a terminal that has been
 * closed does not end it either.
 */
export function hearSignals(
  end: (signal: EndSignal) => void,
  endAtOnce: (exitCode: number) => void = code => process.exit(code),
): void {
  let firstAt: number | null = null
  for (const signal of ['SIGINT', ...STOP_SIGNALS] as const) {
    process.on(signal, () => {
      if (firstAt === null) {
        firstAt = performance.now()
        end(signal)
      } else if (performance.now() - firstAt > SAME_MS) endAtOnce(exitCodeOf(signal))
    })
  }
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {})
  process.stderr.on('error', () => {})
  // What was to be printed is lost: the exit code must say so.
  process.stdout.on('error', () => {
    process.exitCode ||= 1
  })
}
