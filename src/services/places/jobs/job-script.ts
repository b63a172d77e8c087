/** The command and the shell script that start a job on a node. */
import { chmodSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { engineNode } from '../../../engine/install/environment.ts'
import { inJob, writeWhole } from './job-files.ts'

const MAIN = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url))

/** The folder of this program, which a job's node must see. */
export const PROGRAM = resolve(MAIN, '../../../..')

/** Variables that a job needs even if its scheduler passes no environment on. */
const PASSED_ON = ['SELF_MRI_CACHE', 'SELF_MRI_KEPT', 'SELF_MRI_KERNELS', 'NODE_COMPILE_CACHE'] as const

const quoted = (text: string): string => (/^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** Starts a job's script, for a user's shell. */
export const startCommand = (folder: string): string => `bash ${quoted(inJob(folder).script)}`

/** The command of a job, for a shell. */
function jobCommand(folder: string): string {
  const { node, flags } = engineNode()
  return [node, ...flags, MAIN, 'job', folder].map(quoted).join(' ')
}

/** Writes the script. `exec`: else the shell would get the signals, and not the program. */
export function writeScript(folder: string, setup: string | null): string {
  const { script } = inJob(folder)
  const variables = PASSED_ON.flatMap(name => {
    const value = process.env[name]
    return value ? [`export ${name}=${quoted(value)}`] : []
  })
  const lines = [
    '#!/bin/bash',
    '# A job of Self-MRI. Called again, it continues from its last state.',
    ...variables,
    ...(setup === null ? [] : [setup]),
    `exec ${jobCommand(folder)}`,
  ]
  writeWhole(script, lines.join('\n'), { lasting: false })
  chmodSync(script, 0o700)
  return script
}
