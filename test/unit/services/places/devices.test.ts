/** Slots, locks and engines of a workstation with four GPUs. The engines are real, and compute nothing. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CPU } from '../../../../src/engine/devices/devices.ts'
import type { InstalledEngine } from '../../../../src/engine/install/environment.ts'
import type { Engine } from '../../../../src/engine/process/client.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { type EnginePool, makeEnginePool } from '../../../../src/services/places/engine-pool.ts'
import { inJob, jobFolderOf, writeWhole } from '../../../../src/services/places/jobs/job-files.ts'
import { examineDevices } from '../../../../src/services/places/local/doctor.ts'
import type { Slot } from '../../../../src/services/places/local/slots.ts'
import type { Place } from '../../../../src/services/places/place.ts'
import { runDirectory } from '../../../../src/services/profile/paths.ts'
import type { Profile } from '../../../../src/services/profile/profile.ts'
import { changeSettings } from '../../../../src/services/profile/settings.ts'
import { jobRecord } from '../../../jobs.ts'
import { gpu, type StandIn, standInGpus, uuidOf } from '../../../stand-in-gpus.ts'

const { installed } = vi.hoisted(() => ({ installed: { cuda: null as InstalledEngine | null } }))
vi.mock('../../../../src/engine/install/install.ts', async original => ({
  ...(await original<object>()),
  locateEngine: () => installed.cuda,
  installEngine: async () => {
    throw new Error('An installation was begun')
  },
}))

const folder = mkdtempSync(join(tmpdir(), 'four-gpus-'))
let four: StandIn
let services: Services
let profile: Profile
let pool: EnginePool
let taken: Place[]
beforeEach(() => {
  four = standInGpus([0, 1, 2, 3].map(index => gpu(index)))
  vi.stubEnv('SELF_MRI_CACHE', join(folder, 'cache'))
  vi.stubEnv('SELF_MRI_DEVICE', undefined)
  vi.stubEnv('TF_NUM_INTRAOP_THREADS', '8')
  mkdirSync(join(folder, 'engine', 'nvidia'), { recursive: true })
  const directory = join(folder, 'engine')
  const binding = join(directory, 'none.node')
  const kernelsMissing = null
  installed.cuda = {
    variant: 'cuda',
    directory,
    binding,
    tensorflow: '2.21.0',
    kernelsMissing,
    wheels: '',
    installedAt: '',
  }
  services = openServices({ profile: join(folder, 'profile') })
  profile = services.profile
  taken = []
})
afterEach(() => {
  for (const place of taken) place.release()
  pool.dispose()
  services.dispose()
  vi.unstubAllEnvs()
  four.remove()
  rmSync(folder, { recursive: true })
})

const open = (execution: { devices?: string[]; slots?: number } = {}) => {
  pool = makeEnginePool(profile, { forWindow: true, execution })
}
async function take(count = 1, prefer?: string): Promise<Place[]> {
  const places: Place[] = []
  for (let i = 0; i < count; i++) places.push(await pool.take({ noWait: true, prefer }))
  taken.push(...places)
  return places
}
const lockOf = (name: string) => join(folder, 'cache', 'devices', `${hostname()}-${name}.lock`)

/** A variable of an engine process. */
function variable({ pid }: Engine, name: string): string | undefined {
  const all = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  return all.find(each => each.startsWith(`${name}=`))?.slice(name.length + 1)
}

describe.runIf(process.platform === 'linux')('a workstation with four GPUs', () => {
  it('trains on all of them, one engine each', async () => {
    open()
    expect(await pool.slots()).toBe(4)
    const places = await take(4)
    expect(places.map(({ slot, label }) => `${slot} ${label}`)).toEqual(['0 GPU 0', '1 GPU 1', '2 GPU 2', '3 GPU 3'])
    expect(places.map(({ engine }) => variable(engine, 'CUDA_VISIBLE_DEVICES'))).toEqual([0, 1, 2, 3].map(uuidOf))
    expect(places.map(({ engine }) => variable(engine, 'TF_NUM_INTRAOP_THREADS'))).toEqual(['2', '2', '2', '2'])
    expect(new Set(places.map(({ engine }) => engine.pid)).size).toBe(4)
    for (const index of [0, 1, 2, 3]) expect(existsSync(lockOf(uuidOf(index)))).toBe(true)
    await expect(pool.take({ noWait: true })).rejects.toMatchObject({ code: 'DEVICE_BUSY' })
  })

  it('trains on the chosen ones only', async () => {
    open({ devices: ['0', '2'] })
    expect(await pool.slots()).toBe(2)
    const places = await take(2)
    expect(places.map(({ slot, label }) => `${slot} ${label}`)).toEqual(['0 GPU 0', '1 GPU 2'])
    expect(places.map(({ engine }) => variable(engine, 'CUDA_VISIBLE_DEVICES'))).toEqual([uuidOf(0), uuidOf(2)])
    expect(places.map(({ engine }) => variable(engine, 'TF_NUM_INTRAOP_THREADS'))).toEqual(['4', '4'])
    expect([0, 1, 2, 3].map(index => existsSync(lockOf(uuidOf(index))))).toEqual([true, false, true, false])
    for (const [i, place] of places.entries()) place.name(`${i}`)
    places[0].release()
    expect(await take(1, '1')).toMatchObject([{ label: 'GPU 0' }])
    for (const place of taken) place.release()
    expect(await take(1, '1')).toMatchObject([{ label: 'GPU 2' }])
  })

  it('refuses a device that does not exist', async () => {
    open({ devices: ['0', '9'] })
    await expect(pool.slots()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/"9"/),
    })
  })

  it('shares devices between slots, each share with its lock', async () => {
    open({ devices: ['1'], slots: 2 })
    const places = await take(2)
    expect(places.map(({ label }) => label)).toEqual(['GPU 1', 'GPU 1'])
    expect(places.map(({ engine }) => variable(engine, 'CUDA_VISIBLE_DEVICES'))).toEqual([uuidOf(1), uuidOf(1)])
    expect(existsSync(lockOf(`${uuidOf(1)}-slot-1`))).toBe(true)
  })

  it('excludes other programs from each device alone', async () => {
    open({ devices: ['0', '2'] })
    await take(2)
    const other = makeEnginePool(profile, { forWindow: true, execution: { devices: ['2', '3'] } })
    const place = await other.take({ noWait: true })
    expect(place.label).toBe('GPU 3')
    await expect(other.take({ noWait: true })).rejects.toMatchObject({ code: 'DEVICE_BUSY' })
    place.release()
    other.dispose()
  })

  it('goes on with the others if a GPU disappears, each with its engine', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      open({ devices: ['0', '1', '2'] })
      const [, gone, kept] = await take(3)
      const { pid } = kept.engine
      for (const place of taken.splice(0)) place.release()
      four.show([gpu(0), gpu(2), gpu(3)])
      vi.advanceTimersByTime(60_000)
      expect(await pool.slots()).toBe(2)
      const places = await take(2)
      expect(places.map(({ slot, label }) => `${slot} ${label}`)).toEqual(['0 GPU 0', '2 GPU 2'])
      expect(places[1].engine.pid).toBe(pid)
      expect(gone.label).toBe('GPU 1')
    } finally {
      vi.useRealTimers()
    }
  })

  it('notes the programs of others on the device of a training, but not its own engines', async () => {
    open({ devices: ['3'] })
    const [first] = await take()
    expect(first.notes).toEqual([])
    first.release()
    const programs = [
      { pid: first.engine.pid!, name: 'node', used: '500' },
      { pid: 4711, name: '/usr/bin/python3', used: '2048' },
    ]
    four.show([gpu(2), gpu(3, { programs })])
    const [second] = await take()
    expect(second.engine.pid).toBe(first.engine.pid)
    expect(second.notes).toEqual([
      {
        level: 'info',
        code: 'device-shared',
        data: { device: 'GPU 3', programs: 'python3 4711' },
        text: expect.stringContaining('GPU 3 is used by other programs too: python3 (process 4711, 2.1 GB).'),
      },
    ])
  })

  it('examines each device once, and ends the engines that were started for this', async () => {
    open({ devices: ['0', '2'], slots: 3 })
    const [busy] = await take()
    const engines: Engine[] = []
    const seen = await pool.onEach(async (engine, { device }) => {
      engines.push(engine)
      return [device.label, variable(engine, 'CUDA_VISIBLE_DEVICES')]
    })
    expect(seen).toEqual([
      ['GPU 0', uuidOf(0)],
      ['GPU 2', uuidOf(2)],
    ])
    expect(engines[0].pid).toBe(busy.engine.pid)
    expect(engines.map(({ dead }) => dead)).toEqual([false, true])
  })

  it('examines the installed engine, and names the build that would fit better', async () => {
    const health = { notes: [], device: 'CPU' }
    const engine = { call: async () => health } as unknown as Engine
    const slot = { slot: 0, device: CPU, of: 1, lock: lockOf('cpu') }
    const notes = async () => {
      const onEach = (use: (of: Engine, at: Slot) => Promise<unknown>) => Promise.all([use(engine, slot)])
      return (await examineDevices({ living: [], onEach: onEach as EnginePool['onEach'] }))[0].notes
    }
    expect(await notes()).toEqual([])
    installed.cuda = { ...installed.cuda!, variant: 'cpu' }
    expect(await notes()).toEqual([expect.stringContaining('engine install --cuda')])
    pool = makeEnginePool(profile, {})
    expect(await pool.onEach(async (_, { device }) => device.label)).toEqual(['CPU'])
    installed.cuda = null
    await expect(pool.onEach(async () => null)).rejects.toThrow('An installation was begun')
  })

  it('evaluates on a device on which nothing trains', async () => {
    open({ devices: ['0', '2'] })
    const device = async () => variable(await pool.local(), 'CUDA_VISIBLE_DEVICES')
    expect(await device()).toBe(uuidOf(0))
    const [first] = await take()
    expect(first.label).toBe('GPU 0')
    expect(await device()).toBe(uuidOf(2))
    const [second] = await take()
    expect(await device()).toBe(uuidOf(0))
    first.release()
    expect(await device()).toBe(uuidOf(0))
    second.release()
  })

  it('counts an engine that was retired and still computes as its own', async () => {
    open({ devices: ['0'] })
    const [{ engine }] = await take()
    const { pid } = engine
    const pending = engine.call('status', {})
    pool.renew()
    expect(pool.living.map(each => each.pid)).toEqual([pid])
    expect(pool.onDevices().map(({ engines }) => engines.map(each => each.pid))).toEqual([[pid]])
    await pending
    expect(pool.living).toEqual([])
  })

  it('has the run on each device, and a device that disappeared while its engine lives', async () => {
    open({ devices: ['0', '2'] })
    const places = await take(2)
    places[1].name('7')
    const works = () =>
      pool.onDevices().map(({ device, runs, engines, isMissing }) => ({
        label: device.label,
        runs,
        pids: engines.map(({ pid }) => pid),
        isMissing,
      }))
    const first = { label: 'GPU 0', runs: [], pids: [places[0].engine.pid], isMissing: false }
    expect(works()).toEqual([first, { label: 'GPU 2', runs: ['7'], pids: [places[1].engine.pid], isMissing: false }])
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      four.show([gpu(0)])
      vi.advanceTimersByTime(60_000)
      await pool.slots()
      expect(works()).toMatchObject([first, { label: 'GPU 2', runs: ['7'], isMissing: true }])
    } finally {
      vi.useRealTimers()
    }
  })

  it('starts engines anew if the choice changes, because the shares change', async () => {
    pool = makeEnginePool(profile, { forWindow: true })
    const [before] = await take()
    before.release()
    const execution = { executor: 'local', devices: ['0'], slots: null } as const
    changeSettings(profile, pool, { execution: { ...execution, devices: ['0'], slurm: {} as never } })
    const [after] = await take()
    expect(after.engine.pid).not.toBe(before.engine.pid)
    expect(variable(after.engine, 'TF_NUM_INTRAOP_THREADS')).toBe('8')
  })
})

describe('a machine with a CPU', () => {
  it('follows the job of a run without a device', async () => {
    installed.cuda = { ...installed.cuda!, variant: 'cpu' }
    open()
    await take() // the only slot
    const at = inJob(jobFolderOf(runDirectory(profile, '7')))
    const record = jobRecord('folder')
    mkdirSync(dirname(at.record), { recursive: true })
    writeWhole(at.record, record)
    const place = await pool.take({ run: '7', noWait: true })
    expect(place).toMatchObject({ label: 'a job', isRemote: true })
    place.release()
    writeWhole(at.record, { ...record, told: true })
    await expect(pool.take({ run: '7', noWait: true })).rejects.toMatchObject({ code: 'DEVICE_BUSY' })
  })

  it('keeps the name of its lock, and its engine has the environment of this process', async () => {
    installed.cuda = { ...installed.cuda!, variant: 'cpu' }
    open()
    const [place] = await take()
    expect(place).toMatchObject({ slot: 0, label: 'CPU', notes: [] })
    expect(existsSync(lockOf('cpu'))).toBe(true)
    if (process.platform === 'linux') expect(variable(place.engine, 'CUDA_VISIBLE_DEVICES')).toBeUndefined()
    expect(existsSync(join(four.folder, 'asked'))).toBe(false)
  })
})

it('pictures of a report are jobs where trainings are jobs, and take no place', async () => {
  pool = makeEnginePool(profile, { execution: { executor: 'folder', slurm: { jobs: 1 } } })
  taken.push(await pool.take({}))
  const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const
  const params = { path: '/a.h5', salt: '', slice: 0, mask, reconstructors: [null] }
  const leaving = new AbortController()
  const picture = pool.pictures.call('compare', params, { signal: leaving.signal })
  const jobs = join(profile.runs, 'jobs')
  await vi.waitFor(() => expect(readdirSync(jobs).map(job => existsSync(join(jobs, job, 'job.json')))).toEqual([true]))
  leaving.abort('close')
  await expect(picture).rejects.toMatchObject({ code: 'JOB_CONTINUES' })
})
