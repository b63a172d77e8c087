/** Signals that end a program: command line, host or window. */
import { constants } from 'node:os'
import process from 'node:process'

/** Signals of service managers, clusters and closing terminals. Running trainings are stopped and can be resumed. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof STOP_SIGNALS)[number]

type EndSignal = StopSignal | 'SIGINT'

export const exitCodeOf = (signal: EndSignal): number => 128 + constants.signals[signal]

/**
 * A signal within this time after the first is the first signal again, because process group, npm and launcher each
 * deliver a signal.
 */
const SAME_MS = 500

/**
 * Calls `end` at the first SIGINT, SIGTERM or SIGHUP. A second signal calls `endAtOnce` with its exit code.
 * SIGUSR1 (Node would open its inspector) and SIGUSR2 are ignored. The listeners stay until the process ends.
 * A closed terminal does not end the process either.
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
  // Output is lost, so the exit code must report a failure.
  process.stdout.on('error', () => {
    process.exitCode ||= 1
  })
}
