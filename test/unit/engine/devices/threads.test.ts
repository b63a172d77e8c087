import { availableParallelism, totalmem } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryHere, threadsHere } from '../../../../src/engine/devices/threads.ts'
import { engineEnvironment } from '../../../../src/engine/install/environment.ts'
import { locateEngine } from '../../../../src/engine/install/install.ts'
import { startEngine } from '../../../../src/engine/process/client.ts'

const SET = ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'CUDA_VISIBLE_DEVICES', 'TF_CPU_BFC_MEM_LIMIT_IN_MB']
const SLURM = ['SLURM_CPUS_PER_TASK', 'SLURM_MEM_PER_NODE', 'SLURM_MEM_PER_CPU', 'SLURM_CPUS_ON_NODE']
beforeEach(() => [...SET, ...SLURM].forEach(name => void vi.stubEnv(name, undefined)))
afterEach(() => vi.unstubAllEnvs())

const environment = (options?: Parameters<typeof engineEnvironment>[1]) => {
  const all = engineEnvironment(locateEngine()!, options)
  return Object.fromEntries(SET.map(name => [name, all[name]]))
}
const nothing = Object.fromEntries(SET.map(name => [name, undefined]))
const MEMORY = String(Math.ceil(totalmem() / 2 ** 20))

describe('the environment of an engine', () => {
  it('alone on this machine sets neither threads nor device', () => {
    expect(environment()).toEqual({ ...nothing, TF_CPU_BFC_MEM_LIMIT_IN_MB: MEMORY })
    expect(environment({ device: null, slots: 1 })).toEqual(environment())
  })

  it('of one of several slots has its device, and its share of cores and memory', () => {
    vi.stubEnv('TF_NUM_INTRAOP_THREADS', '7')
    expect(environment({ device: 'GPU-1', slots: 3 })).toEqual({
      TF_NUM_INTRAOP_THREADS: '2',
      TF_NUM_INTEROP_THREADS: '2',
      CUDA_VISIBLE_DEVICES: 'GPU-1',
      TF_CPU_BFC_MEM_LIMIT_IN_MB: String(Math.ceil(totalmem() / 2 ** 20 / 3)),
    })
    expect(environment({ slots: 99 })).toMatchObject({ TF_NUM_INTRAOP_THREADS: '1' })
    expect(environment({ slots: 2, threads: 5 })).toMatchObject({ TF_NUM_INTRAOP_THREADS: '5' })
  })

  it('in a Slurm job has the cores and the memory of the job', () => {
    vi.stubEnv('SLURM_CPUS_PER_TASK', '3')
    vi.stubEnv('SLURM_MEM_PER_NODE', '900')
    const wanted = { ...nothing, TF_NUM_INTRAOP_THREADS: '3', TF_NUM_INTEROP_THREADS: '3' }
    expect(environment()).toEqual({ ...wanted, TF_CPU_BFC_MEM_LIMIT_IN_MB: '900' })
    vi.stubEnv('SLURM_MEM_PER_NODE', undefined)
    vi.stubEnv('SLURM_MEM_PER_CPU', '100')
    expect(memoryHere()).toBe(300 * 2 ** 20)
    vi.stubEnv('SLURM_CPUS_ON_NODE', '4')
    expect(memoryHere()).toBe(400 * 2 ** 20)
  })
})

describe('threads', () => {
  it('are those that TensorFlow is asked for, else all cores', () => {
    expect(threadsHere()).toBe(availableParallelism())
    vi.stubEnv('TF_NUM_INTRAOP_THREADS', '0')
    expect(threadsHere()).toBe(availableParallelism())
    vi.stubEnv('TF_NUM_INTRAOP_THREADS', '3')
    expect(threadsHere()).toBe(3)
  })

  it('are told by the engine process, with its machine and processor', async () => {
    const engine = startEngine(locateEngine(), { threads: 1 })
    const { host, cpu, threads } = await engine.call('doctor', {}).finally(() => engine.dispose())
    expect({ host, cpu, threads }).toEqual({ host: expect.any(String), cpu: expect.any(String), threads: 1 })
  })
})
