import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'
import { createInterface } from 'node:readline'

/**
 * Runs a child to its end and gives its exit status (128 + n for signal n).
 *
 * The terminal sends Ctrl-C to the child, too, so this process only ignores the signal. It also ignores SIGUSR1, for
 * which Node would open its inspector, and SIGUSR2. SIGTERM and SIGHUP are passed on to the child. If the whole group
 * gets such a signal, the child gets the signal twice.
 * `onLine` is called for each line of the child's standard output. Each line is also printed.
 */
export function runToEnd(command, args, { env = process.env, cwd = process.cwd(), stdio = 'inherit', onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: onLine ? ['inherit', 'pipe', 'inherit'] : stdio })
    if (onLine) {
      createInterface({ input: child.stdout }).on('line', line => {
        console.log(line)
        onLine(line)
      })
    }
    const outlive = () => {}
    const passOn = signal => child.kill(signal)
    process.on('SIGINT', outlive).on('SIGTERM', passOn).on('SIGHUP', passOn)
    process.on('SIGUSR1', outlive).on('SIGUSR2', outlive)
    const settle = (finish, value) => {
      process.off('SIGINT', outlive).off('SIGTERM', passOn).off('SIGHUP', passOn)
      process.off('SIGUSR1', outlive).off('SIGUSR2', outlive)
      finish(value)
    }
    child.once('error', error => settle(reject, error))
    child.once('close', (code, signal) => settle(resolve, code ?? 128 + constants.signals[signal]))
  })
}
