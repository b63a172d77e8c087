/** The journeys through the window in a real browser, with Playwright. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { findChromium } from './chromium.mjs'
import { NOTHING, runProgram } from './program.mjs'

export async function runE2e(filters) {
  if (!findChromium()) {
    console.log('✗ e2e: Expected Chromium or Chrome, got none on the PATH. Remedy: apt-get install chromium')
    return { ...NOTHING, failed: 1 }
  }
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-e2e-'))
  const reportPath = join(folder, 'report.json')
  const args = ['test', '--config', 'test/e2e/playwright.config.ts', '--reporter=list,json', ...filters]
  try {
    const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: reportPath }
    const { status } = await runProgram(['playwright', ...args], 'inherit', env)
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
  for (const { title, reason } of report.suites.flatMap(skippedIn)) console.log(`- skipped: ${title}: ${reason}`)
  const { expected: passed, unexpected, flaky, skipped } = report.stats
  const failed = unexpected + flaky
  // Playwright also fails for what no test owns: a file that does not load, or no test at all.
  return { passed, failed: failed || (status === 0 ? 0 : 1), skipped }
}

/** A skipped test is not to be overlooked: each says why. */
const skippedIn = ({ specs = [], suites = [] }) => [
  ...suites.flatMap(skippedIn),
  ...specs.flatMap(({ title, tests }) =>
    tests
      .filter(test => test.status === 'skipped')
      .map(test => ({
        title,
        reason: test.annotations.find(({ type }) => type === 'skip')?.description ?? 'no reason',
      })),
  ),
]
