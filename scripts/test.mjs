/**
 * `check`: types, style, import rules, unused code. `test`: the same, the engine's installation, then every test.
 * `test <filter…>`: the tests whose path contains a filter, without the checks.
 * The last line is `N passed, N failed, N skipped`; each check counts as one test.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const NOTHING = { passed: 0, failed: 0, skipped: 0 }

const CHECKS = [
  ['types', ['tsc', '-b']],
  ['style', ['biome', 'check', '.']],
  ['imports', ['depcruise', '--config', '.dependency-cruiser.cjs', 'src']],
  ['unused code', ['knip', '--no-config-hints']],
]

/** Runs a package's program on this very Node, which need not be the one on the PATH. */
function runProgram([name, ...args], stdio) {
  const program = join(root, 'node_modules', '.bin', name)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, program, ...args], { cwd: root, stdio })
    let output = ''
    child.stdout?.on('data', text => (output += text))
    child.stderr?.on('data', text => (output += text))
    child.once('error', reject)
    child.once('close', status => resolve({ status, output }))
  })
}

async function runCheck([name, command]) {
  const start = performance.now()
  const { status, output } = await runProgram(command, ['ignore', 'pipe', 'pipe'])
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${command.join(' ')}, ${seconds} s)`)
  if (status !== 0) console.log(output.trimEnd())
  return status === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 }
}

/** The tests compute with the real engine: without it, none of them says anything. */
async function installEngineFirst() {
  const { installEngine } = await import('../src/engine/install.ts')
  let shown = ''
  const onProgress = ({ label, fraction }) => {
    const line = fraction === null ? `${label} …` : `${label}: ${Math.floor(fraction * 10) * 10} %`
    if (line !== shown) console.error(line)
    shown = line
  }
  try {
    await installEngine({ onProgress })
    return NOTHING
  } catch (error) {
    console.error(`✗ engine: ${error.message}`)
    return { ...NOTHING, failed: 1 }
  }
}

async function runTests(filters) {
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-test-'))
  const reportPath = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
  try {
    const { status } = await runProgram(['vitest', 'run', ...reporters, ...filters], 'inherit')
    return countTests(reportPath, status)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function countTests(reportPath, status) {
  let report
  try {
    report = JSON.parse(readFileSync(reportPath, 'utf8'))
  } catch {
    return { ...NOTHING, failed: 1 }
  }
  const { numPassedTests: passed, numPendingTests: pending, numTodoTests: todo } = report
  // A file that does not load, or whose afterAll fails, has no failed test of its own.
  const broken = report.testResults.filter(
    file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
  )
  const failed = report.numFailedTests + broken.length
  // Vitest also fails for what no test owns: an unhandled rejection, or no test at all.
  return { passed, failed: failed || (status === 0 ? 0 : 1), skipped: pending + todo }
}

const sum = counts =>
  counts.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }))

async function main(mode, ...filters) {
  const counts = []
  if (filters.length === 0) for (const check of CHECKS) counts.push(await runCheck(check))
  if (mode === 'test') {
    const engine = await installEngineFirst()
    counts.push(engine)
    if (engine.failed === 0) {
      counts.push(await runTests(filters.length > 0 ? filters : ['test/unit/', 'test/contract/', 'test/integration/']))
    }
  }
  const { passed, failed, skipped } = sum(counts)
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main(...process.argv.slice(2))
