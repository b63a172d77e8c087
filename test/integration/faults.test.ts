/** Faults while a run trains, in a separate host: injected lack of memory, an injected full disk, a damaged state. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunEvent } from '../../src/contract/runs.ts'
import { sha256 } from '../../src/engine/files/whole-files.ts'
import { end, type Host, startHost } from '../hosts.ts'

vi.setConfig({ testTimeout: 120_000 })

let folder: string
let host: Host
/** Path of a file. While this file exists, the engine's writes fail as on a full disk. */
let full: string

const start = async () => {
  host = await startHost(folder, 'profile', { TEST_OUT_OF_MEMORY: '2', TEST_FULL_DISK: full })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-faults-'))
  full = join(folder, 'full')
  await start()
})

afterAll(async () => {
  await end(host, 'SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

async function train(epochs: number, batch = 1): Promise<string> {
  const { demonstration } = await host.client.app.info()
  const { runs } = await host.client.runs.start({
    study: demonstration,
    method: null,
    networkConfig: { channels: 2, pools: 2 },
    recipe: { epochs, batch, optimizer: { kind: 'adam' }, schedule: { kind: 'constant', rate: 1e-3 } },
  })
  return runs[0]
}

const detailOf = (run: string) => host.client.runs.get({ run })
const statusOf = async (run: string) => (await detailOf(run)).run.status
const eventsOf = async (run: string): Promise<RunEvent[]> => (await detailOf(run)).events.map(({ event }) => event)

const becomes = (run: string, status: string) =>
  vi.waitFor(async () => expect(await statusOf(run)).toBe(status), { timeout: 60_000, interval: 50 })
const happens = (run: string, type: RunEvent['type']) =>
  vi.waitFor(async () => expect((await eventsOf(run)).map(event => event.type)).toContain(type), {
    timeout: 60_000,
    interval: 20,
  })

const figuresOf = async (run: string) =>
  (await eventsOf(run)).flatMap(event => (event.type === 'epoch' ? [{ ...event.figures, seconds: 0 }] : []))

describe('lack of memory (RESOURCE_EXHAUSTED, injected)', () => {
  it('fails the run with a message, and offers a smaller batch that gives an equal result', async () => {
    const run = await train(2, 8)
    await becomes(run, 'failed')
    const { run: view } = await detailOf(run)
    expect(view).toMatchObject({ reason: expect.stringMatching(/memory.*RESOURCE_EXHAUSTED/), resumable: false })
    expect(view.suggestion).toEqual({ batch: 4, accumulate: 2 })
    const { runs } = await host.client.runs.again({ run, batch: 2, accumulate: 4 })
    await becomes(runs[0], 'finished')
    const { run: second } = await detailOf(runs[0])
    expect(second.config.recipe).toMatchObject({ batch: 2, accumulate: 4 })
    expect(second.summary).toMatchObject({ steps: 4, batch: 8 })
    expect(second.suggestion).toBeNull()
  })
})

describe('a full disk (ENOSPC, injected)', () => {
  it('makes the run wait: the run says so, keeps its last checkpoint, and continues by itself', async () => {
    const run = await train(16)
    await happens(run, 'state')
    writeFileSync(full, '')
    await happens(run, 'waiting')
    const waiting = (await eventsOf(run)).find(event => event.type === 'waiting')
    expect(waiting).toMatchObject({ reason: 'disk full', words: expect.stringMatching(/disk is full/) })
    const { run: view } = await detailOf(run)
    expect(view.status).toBe('running')
    expect(sha256(readFileSync(view.checkpoint!.path))).toBe(view.checkpoint!.sha256)
    rmSync(full)
    await becomes(run, 'finished')
    expect((await eventsOf(run)).map(event => event.type)).toContain('continued')
  })

  it('does not prevent that a run is cancelled and later resumed', async () => {
    const run = await train(16)
    await happens(run, 'state')
    writeFileSync(full, '')
    await happens(run, 'waiting')
    await host.client.runs.cancel({ run })
    await becomes(run, 'cancelled')
    rmSync(full)
    await host.client.runs.resume({ run })
    await becomes(run, 'finished')
    expect((await figuresOf(run)).map(({ epoch }) => epoch)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1))
  })
})

describe('a run', () => {
  it('lets the next run begin while it is paused, and the order of the queue can be changed', async () => {
    const [first, second, third] = [await train(300), await train(1), await train(1)]
    await happens(first, 'state')
    expect((await detailOf(third)).run.queuePosition).toBe(2)
    await host.client.runs.move({ run: third, before: second })
    expect((await detailOf(third)).run.queuePosition).toBe(1)
    await host.client.runs.pause({ run: first })
    await becomes(first, 'paused')
    await becomes(second, 'finished')
    const order = (await host.client.runs.list()).toSorted((a, b) => (a.startedAt! < b.startedAt! ? -1 : 1))
    expect(order.slice(-2).map(({ id }) => id)).toEqual([third, second])
    const { run: paused } = await detailOf(first)
    expect(paused).toMatchObject({ resumable: true, reason: null, queuePosition: null })
    await host.client.runs.resume({ run: first })
    await happens(first, 'resumed')
    const resumed = (await eventsOf(first)).find(event => event.type === 'resumed')
    expect(resumed).toMatchObject({ from: { step: paused.stateStep } })
    await host.client.runs.cancel({ run: first })
    await becomes(first, 'cancelled')
    await expect(host.client.runs.move({ run: first, before: null })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: expect.stringContaining('cancelled'),
    })
    await expect(host.client.runs.resume({ run: second })).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  })

  it('resumes from the state before if the newest state is damaged, and says so', async () => {
    const run = await train(500)
    const states = async () => (await eventsOf(run)).flatMap(event => (event.type === 'state' ? [event] : []))
    await vi.waitFor(async () => expect((await states()).length).toBeGreaterThan(2), { timeout: 60_000 })
    await host.client.runs.pause({ run })
    await becomes(run, 'paused')
    const [before, newest] = (await states()).slice(-2)
    const bytes = readFileSync(newest.path)
    bytes[bytes.length - 5] ^= 1
    writeFileSync(newest.path, bytes)
    await host.client.runs.resume({ run })
    await happens(run, 'resumed')
    const { notes, events } = await detailOf(run)
    const said = notes.map(({ text }) => text).join()
    expect(said).toMatch(/damaged.*SHA-256/)
    expect(said).toContain(newest.path)
    expect(events.find(({ event }) => event.type === 'resumed')!.event).toMatchObject({ from: before.at })
    await host.client.runs.cancel({ run })
    await becomes(run, 'cancelled')
  })

  it('gives an equal curve if it is started again, and names its environment', async () => {
    const run = await train(3)
    await becomes(run, 'finished')
    const { runs } = await host.client.runs.again({ run })
    await becomes(runs[0], 'finished')
    expect(await figuresOf(runs[0])).toEqual(await figuresOf(run))
    const [one, two] = [await detailOf(run), await detailOf(runs[0])]
    expect(two.environment).toEqual(one.environment)
    expect(one.environment).toMatchObject({
      device: expect.stringMatching(/CPU|GPU/),
      tensorflow: expect.stringMatching(/^2\./),
      build: expect.stringContaining('tensorflow-'),
      threads: expect.any(Number),
    })
  })

  it('resumes by itself after a crash if the profile’s setting says so', async () => {
    expect(await host.client.app.settings.get()).toMatchObject({ autoResume: false, xla: false })
    expect(await host.client.app.settings.set({ autoResume: true })).toMatchObject({ autoResume: true, xla: false })
    const run = await train(16)
    await happens(run, 'state')
    await end(host, 'SIGKILL')
    await start()
    await becomes(run, 'finished')
    expect((await eventsOf(run)).map(event => event.type)).toContain('resumed')
    await host.client.app.settings.set({ autoResume: false })
  })
})
