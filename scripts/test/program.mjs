import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export const NOTHING = { passed: 0, failed: 0, skipped: 0 }

/** Runs a package's program on this very Node, which need not be the one on the PATH. */
export function runProgram([name, ...args], stdio, env = process.env) {
  const program = join(root, 'node_modules', '.bin', name)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], { cwd: root, stdio, env })
    let output = ''
    child.stdout?.on('data', text => (output += text))
    child.stderr?.on('data', text => (output += text))
    child.once('error', reject)
    child.once('close', status => resolve({ status, output }))
  })
}
