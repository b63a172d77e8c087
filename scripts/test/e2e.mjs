/** Runs the tests of the window in a real browser, with Playwright. */
import process from 'node:process'
import { findChromium } from './chromium.mjs'
import { NOTHING, runCounted, runProgram } from './program.mjs'

export async function runE2e(filters) {
  if (!findChromium()) {
    console.log('✗ e2e: Expected Chromium or Chrome, got none on the PATH. Remedy: apt-get install chromium')
    return { ...NOTHING, failed: 1 }
  }
  return runCounted(reportPath => {
    const args = ['test', '--config', 'test/e2e/playwright.config.ts', '--reporter=list,json', ...filters]
    return runProgram(['playwright', ...args], 'inherit', { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: reportPath })
  }, countTests)
}

function countTests({ suites, stats: { expected: passed, unexpected, flaky, skipped } }) {
  for (const { title, reason } of suites.flatMap(skippedIn)) console.log(`- skipped: ${title}: ${reason}`)
  return { passed, failed: unexpected + flaky, skipped }
}

/** Every skipped test with its reason, so that nobody overlooks a skipped test. */
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
