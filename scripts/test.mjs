/**
 * `check` checks types, style, import rules and unused code, and format and warnings of C++.
 * `test` runs these checks, installs the engine, builds the app, and runs every test, tests in a browser last.
 * `test <filter…>` runs the tests whose path contains a filter, without the checks.
 * The last line is `N passed, N failed, N skipped`. Each check counts as one test.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { ALL_PARTS, buildParts } from './launch/build.mjs'
import { checkFormat, checkWarnings } from './test/cpp.mjs'
import { runE2e } from './test/e2e.mjs'
import { NOTHING, root, runCounted, runProgram } from './test/program.mjs'

/** A check by a package's program. */
const program = (...command) => ({
  words: command.join(' '),
  run: () => runProgram(command, ['ignore', 'pipe', 'pipe']),
})

const CHECKS = {
  types: program('tsc', '-b'),
  style: program('biome', 'check', '.'),
  imports: program('depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'examples'),
  'unused code': program('knip', '--no-config-hints'),
  'C++ format': { words: 'clang-format', run: checkFormat },
  'C++ warnings': { words: 'as errors', run: checkWarnings },
}

async function runCheck([name, { words, run }]) {
  const start = performance.now()
  const { status, output } = await run()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${words}, ${seconds} s)`)
  if (status !== 0) console.log(output.trimEnd())
  return status === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 }
}

/** The tests compute with the real engine, so the engine must be installed first. */
async function installEngineFirst() {
  const { installEngineAloud } = await import('./install-engine.mjs')
  try {
    await installEngineAloud()
    return NOTHING
  } catch (error) {
    console.error(`✗ engine: ${error.message}`)
    return { ...NOTHING, failed: 1 }
  }
}

/** The tests in a browser use the built app, so the build must be current. */
async function buildFirst() {
  try {
    await buildParts(root, ALL_PARTS, { node: process.execPath, flags: process.execArgv })
    return NOTHING
  } catch (error) {
    console.error(`✗ build: ${error.message}`)
    return { ...NOTHING, failed: 1 }
  }
}

const runVitest = filters =>
  runCounted(reportPath => {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
    return runProgram(['vitest', 'run', ...reporters, ...filters], 'inherit')
  }, countTests)

function countTests(report) {
  const { numPassedTests: passed, numPendingTests: pending, numTodoTests: todo } = report
  // If a file fails to load, or its `afterAll` fails, no test of the file is marked as failed.
  const broken = report.testResults.filter(
    file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
  )
  return { passed, failed: report.numFailedTests + broken.length, skipped: pending + todo }
}

const sum = counts =>
  counts.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }))

/** Paths of the tests that a filter chooses: tests of Vitest, and tests in a browser. */
function choose(filters) {
  const files = readdirSync(join(root, 'test'), { recursive: true }).map(path => `test/${path.replaceAll('\\', '/')}`)
  const chosen = files.filter(path => filters.length === 0 || filters.some(filter => path.includes(filter)))
  return {
    vitest: chosen.filter(path => path.endsWith('.test.ts')),
    e2e: chosen.filter(path => path.endsWith('.spec.ts')),
  }
}

async function test(filters) {
  const { vitest, e2e } = choose(filters)
  if (vitest.length + e2e.length === 0) {
    console.log(`✗ Expected tests whose path contains ${filters.join(' or ')}, got none.`)
    return [{ ...NOTHING, failed: 1 }]
  }
  const prepared = [await installEngineFirst(), await buildFirst()]
  if (prepared.some(({ failed }) => failed > 0)) return prepared
  const counts = []
  if (vitest.length > 0) counts.push(await runVitest(vitest))
  if (e2e.length > 0) counts.push(await runE2e(e2e))
  return counts
}

async function main(mode, ...filters) {
  const counts = []
  if (filters.length === 0) for (const check of Object.entries(CHECKS)) counts.push(await runCheck(check))
  if (mode === 'test') counts.push(...(await test(filters)))
  const { passed, failed, skipped } = sum(counts)
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main(...process.argv.slice(2))
