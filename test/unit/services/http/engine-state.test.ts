/** The state of the engines for the window. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LocalDevice } from '../../../../src/engine/devices/devices.ts'
import { readGpus } from '../../../../src/engine/devices/nvidia-smi.ts'
import { watchEngines } from '../../../../src/services/http/engine-state.ts'
import type { DeviceWork } from '../../../../src/services/places/local/slot-engines.ts'
import { gpu, type StandIn, standInGpus, uuidOf } from '../../../stand-in-gpus.ts'

vi.mock('../../../../src/engine/devices/nvidia-smi.ts', { spy: true })
vi.mock('../../../../src/engine/install/install.ts', () => ({
  locateEngine: () => ({ tensorflow: '2.21.0', variant: 'cuda' }),
}))

let four: StandIn | null = null
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  four?.remove()
  four = null
})

const idle = () => ({ doing: [], jobs: null })

it('says nothing of a task that has ended, even if its progress is still reported', () => {
  const { begin, state } = watchEngines({ living: [], onDevices: () => [] }, idle)
  const reading = begin('reading files')
  reading.update('reading files: 1 of 2 MB')
  expect(state().doing).toBe('reading files: 1 of 2 MB')
  reading.end()
  reading.update('reading files: 2 of 2 MB')
  expect(state().doing).toBeNull()
})

it('has the words of up to three trainings, and the number of more', () => {
  const of = (count: number) => {
    const doing = Array.from({ length: count }, (_, i) => ({ run: `${i}`, words: `run ${i}` }))
    return watchEngines({ living: [], onDevices: () => [] }, () => ({ doing, jobs: null })).state().doing
  }
  expect(of(3)).toBe('run 0; run 1; run 2')
  expect(of(300)).toBe('300 trainings')
})

describe('each device', () => {
  const engine = (pid: number, residentBytes: number) =>
    ({ pid, call: async () => ({ device: { device: 'GPU' }, residentBytes }) }) as never
  const deviceOf = (index: number): LocalDevice => {
    const [label, uuid] = [`GPU ${index}`, uuidOf(index)]
    return { kind: 'GPU', label, id: uuid, name: 'A100', uuid, visible: uuid }
  }
  const work = (index: number, changes: Partial<DeviceWork> = {}): DeviceWork => ({
    device: deviceOf(index),
    engines: [],
    runs: [],
    isMissing: false,
    ...changes,
  })
  const [first, second] = [engine(41, 1000), engine(42, 500)]
  const works = [work(0, { engines: [first, second], runs: ['5', '9'] }), work(2), work(3, { isMissing: true })]
  const engines = { living: [first, second], onDevices: () => works }

  it('has its trainings, memory, temperature and the programs of others', async () => {
    const programs = [
      { pid: 41, name: 'node', used: '700' },
      { pid: 4711, name: '/usr/bin/python3', used: '[N/A]' },
    ]
    four = standInGpus([gpu(0, { programs }), gpu(2, { temperature: '[N/A]' })])
    const doing = [{ run: '5', words: 'run 5: epoch 3/50' }]
    const { state } = watchEngines(engines, () => ({ doing, jobs: { running: 1, pending: 2 } }))
    expect(state().devices).toMatchObject([{ gpu: null, residentBytes: 0 }, { gpu: null }, { gpu: null }]) // unasked
    await vi.waitFor(() => expect(state().devices[0].gpu).not.toBeNull())
    const { devices, ...rest } = state()
    expect(rest).toMatchObject({ device: 'GPU', residentBytes: 1500, jobs: { running: 1, pending: 2 } })
    expect(devices[0]).toEqual({
      label: 'GPU 0',
      name: 'A100',
      kind: 'GPU',
      runs: [
        { run: '5', words: 'run 5: epoch 3/50' },
        { run: '9', words: 'run 9' },
      ],
      residentBytes: 1500,
      gpu: {
        usedBytes: 1000 * 2 ** 20,
        totalBytes: 40960 * 2 ** 20,
        temperature: 40,
        utilisation: 7,
        others: [{ pid: 4711, name: 'python3', usedBytes: null }],
      },
      isMissing: false,
    })
    expect(devices[1]).toMatchObject({ label: 'GPU 2', runs: [], gpu: { temperature: null, others: [] } })
    expect(devices[2]).toMatchObject({ label: 'GPU 3', gpu: null, isMissing: true })
  })

  it('is asked for every ten seconds, and never while nvidia-smi does not answer', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    vi.mocked(readGpus).mockClear()
    four = standInGpus([gpu(0)])
    const { folder } = four
    const asked = () => readFileSync(join(folder, 'asked'), 'utf8').match(/query-gpu/g)?.length
    const { state } = watchEngines(engines, idle)
    await vi.waitFor(() => expect(state().devices[0].gpu).not.toBeNull())
    for (let i = 0; i < 20; i++) state()
    expect(readGpus).toHaveBeenCalledOnce()
    four.hang(true)
    vi.advanceTimersByTime(10_000)
    state()
    await vi.waitFor(() => expect(asked()).toBe(2))
    vi.advanceTimersByTime(60_000)
    for (let i = 0; i < 20; i++) state()
    expect(readGpus).toHaveBeenCalledTimes(2)
  })
})
