/** Settings for tests of the window in a real browser. Tests run one after another, because two cores must do all. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from '@playwright/test'

const { findChromium } = await import(fileURLToPath(new URL('../../scripts/test/chromium.mjs', import.meta.url)))

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  workers: 1,
  retries: 0,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  reporter: 'list',
  use: {
    actionTimeout: 20_000,
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    // Playwright starts Chromium without a sandbox, so the tests also run as root.
    launchOptions: { executablePath: findChromium() },
  },
})
