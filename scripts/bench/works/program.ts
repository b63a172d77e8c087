/** Programs of the system that stand for the peer, or that the peer starts. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export const run = promisify(execFile)

/** The first line of what a program prints, or `null` if the program is missing. */
export const versionOf = async (program: string, argument: string): Promise<string | null> =>
  (await run(program, [argument]).catch(() => null))?.stdout.split('\n')[0] ?? null
