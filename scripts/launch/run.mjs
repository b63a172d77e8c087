import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'
import { createInterface } from 'node:readline'

/**
 * Runs a child to its end and gives its exit status (128 + n for signal n). Ctrl-C reaches the child through the
 * terminal: this process only has to outlive it, as it does SIGUSR1 (Node would open its inspector) and SIGUSR2. What is
 * sent to this process alone is passed on; what is sent to the group reaches the child twice.
 * `onLine` hears each line of the child's standard output, which still goes to ours.
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
