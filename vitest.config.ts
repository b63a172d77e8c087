import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/device.ts'],
    env: { TF_ENABLE_ONEDNN_OPTS: '0', TF_CPU_ALLOCATOR_USE_BFC: '1' }, // as engine processes start
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: true,
    maxWorkers: 2,
  },
})
