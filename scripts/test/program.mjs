import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export const NOTHING = { passed: 0, failed: 0, skipped: 0 }

/** Runs a package's program on the Node of this process, which can differ from the Node on the PATH. */
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

/** Runs a test runner that writes a JSON report to a path, and counts its tests. A missing report is a failure. */
export async function runCounted(run, count) {
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-test-'))
  try {
    const reportPath = join(folder, 'report.json')
    const { status } = await run(reportPath)
    const report = readReport(reportPath)
    if (!report) return { ...NOTHING, failed: 1 }
    const { passed, failed, skipped } = count(report)
    // A runner can fail without a failed test: an unhandled rejection, a file that fails to load, or no test at all.
    return { passed, failed: failed || (status === 0 ? 0 : 1), skipped }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
