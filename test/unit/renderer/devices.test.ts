import { describe, expect, it } from 'vitest'
import type { DeviceState, EngineState } from '../../../src/contract/engine.ts'
import { devicesInWords, gpusIn, hasDetails, jobsInWords, memoryOf } from '../../../src/renderer/app/devices.ts'

const gpu = (n: number, changes: Partial<DeviceState> = {}): DeviceState => ({
  label: `GPU ${n}`,
  name: 'NVIDIA A100',
  kind: 'GPU',
  runs: [],
  residentBytes: 0,
  gpu: { usedBytes: 12.34e9, totalBytes: 40e9, temperature: 60 + n, utilisation: 90, others: [] },
  isMissing: false,
  ...changes,
})
const cpu = gpu(0, { label: 'CPU', name: null, kind: 'CPU', gpu: null })

const engine = (devices: DeviceState[], jobs: EngineState['jobs'] = null): EngineState => ({
  installed: { tensorflow: '2.21.0', variant: 'cuda' },
  device: null,
  threads: 8,
  residentBytes: 0,
  doing: null,
  devices,
  jobs,
})

describe('devices in the bottom line', () => {
  it('are not named for a CPU alone', () => {
    expect(devicesInWords(engine([cpu]))).toBeNull()
    expect(hasDetails(engine([cpu]))).toBe(false)
    expect(gpusIn(engine([cpu]))).toBe(0)
    expect(gpusIn(null)).toBe(0)
  })

  it('are one GPU with memory and temperature, as far as the driver tells', () => {
    expect(devicesInWords(engine([gpu(0)]))).toBe('GPU 0, 12.3 of 40.0 GB, 60 °C')
    expect(devicesInWords(engine([gpu(0, { gpu: null })]))).toBe('GPU 0')
    expect(memoryOf(gpu(0, { gpu: { ...gpu(0).gpu!, totalBytes: null } }))).toBe('12.3 GB')
  })

  it('are counted if there are several', () => {
    const busy = gpu(1, { runs: [{ run: '3', words: 'run 3: epoch 1/2' }] })
    expect(devicesInWords(engine([gpu(0), busy]))).toBe('2 GPUs, 1 busy, up to 61 °C')
    const missing = gpu(2, { gpu: null, isMissing: true })
    expect(devicesInWords(engine([gpu(0), busy, missing]))).toBe('3 GPUs, 1 busy, 1 missing, up to 61 °C')
    expect(hasDetails(engine([gpu(0), busy]))).toBe(true)
    expect(gpusIn(engine([gpu(0), busy]))).toBe(2)
  })
})

describe('jobs in the bottom line', () => {
  it.each([
    [null, null],
    [{ running: 0, pending: 0 }, null],
    [{ running: 1, pending: 0 }, '1 job running'],
    [{ running: 0, pending: 1 }, '1 job waiting'],
    [{ running: 12, pending: 20 }, '12 jobs running, 20 waiting'],
  ])('%j: %s', (jobs, words) => {
    expect(jobsInWords(engine([cpu], jobs))).toBe(words)
  })
})
