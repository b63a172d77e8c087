import { defineConfig } from 'vitest/config'
import { STANDARD } from './src/engine/install/environment.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/device.ts'],
    env: STANDARD,
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: true,
    maxWorkers: 2,
  },
})
