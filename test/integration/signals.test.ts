/**
 * Signals to the whole process group while a run trains. Service managers, clusters and closing terminals send such
 * signals. A stopped and resumed run must end with the weights of an undisturbed run.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunRow } from '../../src/contract/runs.ts'
import { type Host, startHost } from '../hosts.ts'
import { writeNoise } from '../unit/engine/files/noise-file.ts'
import { weightsOf } from '../weights.ts'

vi.setConfig({ testTimeout: 240_000 })

const root = fileURLToPath(new URL('../../', import.meta.url))

const SLICES = 12
const EPOCHS = 40

let folder: string
let study: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-signals-'))
  study = join(folder, 'noise')
  for (const [role, slices] of [
    ['train', SLICES],
    ['val', 1],
  ] as const) {
    mkdirSync(join(study, role), { recursive: true })
    await writeNoise(join(study, role), role, { slices, rows: 32, columns: 32 })
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Sends a signal to a process and its descendants. The process was started with its own process group. */
const toGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals) => process.kill(-pid!, signal)

const unfinished = (profile: string, run: string) =>
  readdirSync(join(folder, profile, 'runs', run)).filter(name => name.endsWith('.part'))

describe('the command line', () => {
  /** Starts a command with the launcher, as npm does, in a new process group. */
  function start(...args: string[]) {
    const child = spawn(process.execPath, [join(root, 'scripts/launch.mjs'), 'self-mri', ...args], {
      cwd: root,
      env: {
        ...process.env,
        INIT_CWD: folder,
        SELF_MRI_PROFILE: join(folder, 'cli'),
        SELF_MRI_DEVICE: `test-${process.pid}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const said = { out: '', err: '' }
    child.stdout.on('data', chunk => (said.out += chunk))
    child.stderr.on('data', chunk => (said.err += chunk))
    const closed = once(child, 'close')
    return {
      child,
      said,
      closed,
      says: (words: RegExp) =>
        vi.waitFor(() => expect(said.err).toMatch(words), { timeout: 60_000, interval: 10 }).then(() => child),
      async ends() {
        const [status] = await closed
        return { status: status as number | null, ...said }
      },
    }
  }
  const json = async <T>(...args: string[]): Promise<T> => {
    const { status, out, err } = await start(...args, '--json').ends()
    expect(status, err).toBe(0)
    return JSON.parse(out)
  }
  const runs = () => json<RunRow[]>('runs')

  it('writes the state at SIGTERM, SIGHUP, SIGINT, ignores SIGUSR1 and 2, and resumes to equal weights', async () => {
    await json('import', study)
    const train = [
      'train',
      '--study',
      'noise',
      '--channels',
      '2',
      '--pools',
      '2',
      '--batch',
      '1',
      '--epochs',
      `${EPOCHS}`,
    ]
    const whole = await json<RunRow>(...train)

    const first = start(...train)
    await first.says(/epoch 2\/40/)
    for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) toGroup(first.child, signal)
    await first.says(/epoch 6\/40/)
    toGroup(first.child, 'SIGTERM')
    const ended = await first.ends()
    expect(ended).toMatchObject({ status: 143, err: expect.stringMatching(/SIGTERM: stopping.*Stopped by SIGTERM\./s) })
    expect(ended.err).not.toMatch(/debugger/i)

    let row = (await runs()).at(-1)!
    const { id } = row
    expect(row).toMatchObject({
      status: 'interrupted',
      reason: 'SIGTERM stopped the program while the run was going on.',
      resumable: true,
    })
    expect(row.stateStep).toBeGreaterThanOrEqual(SLICES * row.epochs.done)
    for (const [signal, status, reads] of [
      ['SIGHUP', 129, 'interrupted'],
      ['SIGINT', 130, 'cancelled'],
    ] as const) {
      const resumed = start('runs', 'resume', id)
      await resumed.says(new RegExp(`continues after step ${row.stateStep}`))
      await resumed.says(/epoch \d+\/40, loss/)
      toGroup(resumed.child, signal)
      expect(await resumed.ends()).toMatchObject({ status })
      row = (await runs()).at(-1)!
      expect(row).toMatchObject({ id, status: reads, resumable: true })
      expect(row.stateStep).toBeGreaterThanOrEqual(SLICES * row.epochs.done)
      if (reads === 'interrupted') expect(row.reason).toContain(signal)
    }
    expect(unfinished('cli', id)).toEqual([])
    const rest = await json<RunRow>('runs', 'resume', id)
    expect(rest).toMatchObject({ id, status: 'finished' })
    expect(weightsOf(rest.checkpoint!.path)).toEqual(weightsOf(whole.checkpoint!.path))
  })

  it('leaves a job alone at Ctrl+C, even if trainings of the command are no jobs', async () => {
    const profile = ['--profile', join(folder, 'jobs')]
    await json('import', study, ...profile)
    const job = join(folder, 'jobs', 'runs', '1', 'job')
    const network = ['--channels', '2', '--pools', '2', '--batch', '1']
    for (const args of [
      ['train', '--study', 'noise', ...network, '--executor', 'folder'],
      ['runs', 'resume', '1'],
    ]) {
      const command = start(...args, ...profile)
      await command.says(/Start the job/)
      toGroup(command.child, 'SIGINT')
      const { status, err } = await command.ends()
      expect(err).toMatch(/Jobs go on without this command.*The job of run 1 goes on/s)
      expect(status).toBe(130)
      expect(existsSync(join(job, 'job.json'))).toBe(true)
      expect(existsSync(join(job, 'cancel'))).toBe(false)
      const [row] = await json<RunRow[]>('runs', ...profile)
      expect(row).toMatchObject({ status: 'interrupted', job: { state: 'pending' } })
    }
  })
})

describe('a host', () => {
  let host: Host
  const detailOf = (run: string) => host.client.runs.get({ run })
  const statusOf = async (run: string) => (await detailOf(run)).run.status
  const becomes = (run: string, status: string) =>
    vi.waitFor(async () => expect(await statusOf(run)).toBe(status), { timeout: 60_000, interval: 50 })
  const happens = (run: string, type: string) =>
    vi.waitFor(async () => expect((await detailOf(run)).events.map(({ event }) => event.type)).toContain(type), {
      timeout: 60_000,
      interval: 20,
    })
  const begin = async () => {
    host = await startHost(folder, 'host', {}, { detached: true })
  }
  async function stop(signal: NodeJS.Signals): Promise<number | null> {
    const closed = once(host.child, 'close')
    toGroup(host.child, signal)
    const [status] = await closed
    return status
  }

  it('stops at SIGTERM and SIGHUP, and the next host continues the queue in order', async () => {
    await begin()
    let id = 0
    for await (const event of await host.client.studies.import({ paths: [study] }))
      if (event.type === 'done') id = event.result.id
    const train = async (epochs: number) => {
      const { runs } = await host.client.runs.start({
        study: id,
        method: null,
        networkConfig: { channels: 2, pools: 2 },
        recipe: { epochs, batch: 1, optimizer: { kind: 'adam' }, schedule: { kind: 'constant', rate: 1e-3 } },
      })
      return runs[0]
    }
    const [first, second, third] = [await train(EPOCHS), await train(EPOCHS), await train(EPOCHS)]
    await host.client.runs.move({ run: third, before: second })
    await happens(first, 'epoch')
    expect(await stop('SIGTERM')).toBe(143)

    await begin()
    expect((await detailOf(first)).run).toMatchObject({
      status: 'interrupted',
      reason: 'SIGTERM stopped the program while the run was going on.',
      resumable: true,
    })
    expect((await detailOf(second)).run).toMatchObject({ status: 'queued', queuePosition: 1 })
    await happens(third, 'epoch')
    for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) toGroup(host.child, signal)
    const at = (await detailOf(third)).run.epochs.done
    await vi.waitFor(async () => expect((await detailOf(third)).run.epochs.done).toBeGreaterThan(at), 60_000)
    expect(await stop('SIGHUP')).toBe(129)

    await begin()
    expect((await detailOf(third)).run).toMatchObject({
      status: 'interrupted',
      reason: expect.stringMatching(/^SIGHUP/),
    })
    await becomes(second, 'finished') // The second run continues without a command.
    for (const run of [first, third]) {
      await host.client.runs.resume({ run })
      await becomes(run, 'finished')
      expect((await detailOf(run)).events.map(({ event }) => event.type)).toContain('resumed')
    }
    const [one, two, three] = await Promise.all([first, second, third].map(detailOf))
    for (const { run } of [one, three])
      expect(weightsOf(run.checkpoint!.path)).toEqual(weightsOf(two.run.checkpoint!.path))
    expect(await stop('SIGINT')).toBe(0)
  })
})
