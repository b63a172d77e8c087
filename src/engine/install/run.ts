/** Runs a program to its end and returns its output. Used for pip, the compiler and the smoke test. */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { throwIfCancelled } from '../../contract/errors.ts'

export type Ended = {
  /** Exit status. `null` if the program is missing, or if a signal ended it. */
  readonly status: number | null
  readonly endedBy: NodeJS.Signals | null
  /** The lines of standard output and standard error, in order of arrival. */
  readonly output: string
}

type Options = { env?: NodeJS.ProcessEnv; signal?: AbortSignal; onLine?: (line: string) => void }

/**
 * A missing program gives the status `null`. An aborted signal ends the program and throws `CANCELLED`. The program is
 * ended when this process exits.
 */
export async function run(command: string, args: readonly string[], options: Options = {}): Promise<Ended> {
  const { env, signal, onLine } = options
  throwIfCancelled(signal)
  const ended = await new Promise<Ended>(resolve => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    const endToo = () => child.kill()
    process.once('exit', endToo)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', line => {
        output += `${line}\n`
        onLine?.(line.trim())
      })
    }
    child.once('error', error => {
      // An abort also causes this event, before the program has ended. `close` follows then.
      if (child.pid !== undefined) return
      process.off('exit', endToo)
      resolve({ status: null, endedBy: null, output: error.message })
    })
    child.once('close', (status, endedBy) => {
      process.off('exit', endToo)
      resolve({ status, endedBy, output })
    })
  })
  throwIfCancelled(signal)
  return ended
}

/** The first error of a compiler or a linker, as one line. */
export const firstError = ({ output }: Ended): string =>
  output.split('\n').find(line => /error/i.test(line)) ?? output.trim().slice(-500)
