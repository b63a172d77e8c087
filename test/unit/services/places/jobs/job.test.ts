/** A job's own process, with an engine that tests control. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../../src/contract/errors.ts'
import type { TrainingEvent } from '../../../../../src/contract/runs.ts'
import type { Engine } from '../../../../../src/engine/process/client.ts'
import { carryOutJob, JOB_EXIT } from '../../../../../src/services/places/jobs/job.ts'
import { readEvents } from '../../../../../src/services/places/jobs/job-events.ts'
import {
  decode,
  inJob,
  type JobRequest,
  makePrivateFolder,
  writeWhole,
} from '../../../../../src/services/places/jobs/job-files.ts'
import { TRAINING } from '../../../../runs.ts'
import { noiseVolume } from '../../../../volumes.ts'

interface Call {
  readonly name: string
  readonly params: never
  emit(event: object): void | Promise<void>
  readonly signal: AbortSignal
  resolve(result: unknown): void
  reject(error: unknown): void
  readonly engine: { dead: boolean }
}

let folder: string
let run: string
let volume: string
let calls: Call[]
let lines: string[]
let job: Promise<number>
const at = () => inJob(folder)

/** An engine whose calls a test answers. */
function engine(): Engine {
  const mine: Call[] = []
  const made = {
    dead: false,
    call: (name: string, params: never, { onEvent, signal }: { onEvent(event: object): void; signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        const call = { name, params, emit: onEvent, signal, resolve, reject, engine: made }
        mine.push(call)
        calls.push(call)
      }),
    dispose() {
      made.dead = true
      for (const { reject } of mine) reject(new AppError('ENGINE_DIED', 'The engine process was closed'))
    },
  }
  return made as unknown as Engine
}

const begin = () => {
  calls = []
  job = carryOutJob(folder, { say: line => lines.push(line), start: engine })
  return job
}

/** The nth call of the engine. */
async function called(n = 0): Promise<Call> {
  while (!calls[n]) await sleep(5)
  return calls[n]
}

function write(change: Partial<JobRequest> = {}, params: object = {}): void {
  const train = [{ ...noiseVolume('a.h5'), path: volume, bytes: 5 }]
  const request = {
    run: '7',
    config: TRAINING,
    train,
    validation: [],
    start: null,
    states: [],
    directory: run,
    notes: [],
  }
  writeWhole(at().request, {
    format: 1,
    call: 'train',
    params: { ...request, ...params },
    xla: false,
    gpus: 0,
    ...change,
  })
}

const read = (path: string) => decode(readFileSync(path, 'utf8')) as never
const events = async () => (await readEvents(at().events).next()).flatMap(({ event }) => (event ? [event] : []))

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'job-'))
  folder = join(run, 'job')
  makePrivateFolder(folder)
  volume = join(run, 'a.h5')
  writeFileSync(volume, 'bytes')
  lines = []
  write()
})
afterEach(() => {
  delete process.env.SLURM_JOB_ID
  rmSync(run, { recursive: true })
})

const summary = () => ({ run: '7', checkpoint: { path: join(run, 'best-0002.safetensors'), sha256: '' } })
const state = (epoch: number): TrainingEvent => {
  const path = join(run, `state-${epoch}`)
  writeFileSync(path, '')
  return { type: 'state', at: { step: 10 * epoch, epoch }, bestEpoch: null, path, sha256: String(epoch) }
}
const step = (n: number): TrainingEvent => ({ type: 'step', step: n, steps: 20, epoch: 1, loss: 1 })

describe('a training', () => {
  it('stores its events and its result, and is not repeated', async () => {
    begin()
    const training = await called()
    expect(training.name).toBe('train')
    for (const event of [step(1), step(2), state(1), step(3)]) await training.emit(event)
    training.resolve(summary())
    expect(await job).toBe(JOB_EXIT.done)
    expect((await events()).map(({ type }) => type)).toEqual(['step', 'state']) // a step a second
    expect(read(at().result)).toEqual({ result: summary() })

    expect(await begin()).toBe(JOB_EXIT.done)
    expect(calls).toEqual([])
  })

  it('continues from the newest state of the attempt that was killed, and keeps two states', async () => {
    void begin()
    const killed = await called()
    for (const epoch of [1, 2, 3]) await killed.emit(state(epoch))
    expect(existsSync(join(run, 'state-1'))).toBe(false)
    writeFileSync(join(run, '.self-mri-1-1.part'), '')

    begin()
    const training = await called()
    expect((training.params as { states: { sha256: string }[] }).states.map(({ sha256 }) => sha256)).toEqual(['3', '2'])
    expect(existsSync(join(run, '.self-mri-1-1.part'))).toBe(false)
    await training.emit(state(4))
    expect(existsSync(join(run, 'state-2'))).toBe(false)
    training.resolve(summary())
    expect(await job).toBe(JOB_EXIT.done)
  })

  it('continues from the states of the request if it has none of its own', async () => {
    const states = [{ path: '/elsewhere/state-9', sha256: '9' }]
    write({}, { states })
    begin()
    expect((await called()).params).toMatchObject({ states })
    calls[0].resolve(summary())
    await job
  })

  it('an older attempt writes no more when a newer attempt has begun', async () => {
    const older = begin()
    const first = await called()
    await first.emit(state(1))
    begin()
    const second = await called()
    expect(() => first.emit(state(2))).toThrow('newer attempt')
    first.reject(new AppError('CANCELLED', 'Cancelled'))
    expect(await older).toBe(JOB_EXIT.failed)
    await second.emit(state(3))
    second.resolve(summary())
    expect(await job).toBe(JOB_EXIT.done)
    expect((await events()).map(event => (event.at as { epoch: number }).epoch)).toEqual([1, 3])
    expect(existsSync(at().end)).toBe(false)
  })

  it('a fault of the training is its result', async () => {
    begin()
    const training = await called()
    training.reject(new AppError('NOT_FINITE', 'After step 40 …'))
    expect(await job).toBe(JOB_EXIT.failed)
    expect(read(at().result)).toEqual({ error: { code: 'NOT_FINITE', message: 'After step 40 …' } })
  })

  it('an engine that dies leaves no result, because the training can continue', async () => {
    begin()
    const training = await called()
    training.reject(new AppError('ENGINE_DIED', 'The engine process ended by SIGKILL'))
    expect(await job).toBe(JOB_EXIT.failed)
    expect(existsSync(at().result)).toBe(false)
    expect(read(at().end)).toEqual({ how: 'died', words: 'The engine process ended by SIGKILL' })
  })
})

describe('signals', () => {
  /** Aborted, a training writes its state first. */
  async function stopped(signal: NodeJS.Signals): Promise<number> {
    begin()
    const training = await called()
    process.emit(signal, signal)
    expect(training.signal.aborted).toBe(true)
    await training.emit(state(1))
    training.reject(new AppError('CANCELLED', 'Cancelled'))
    return job
  }

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s stores the state and ends the job', async signal => {
    expect(await stopped(signal)).toBe(JOB_EXIT.stopped)
    expect((await events()).map(({ type }) => type)).toEqual(['state'])
    expect(read(at().end)).toMatchObject({ how: 'stopped' })
    expect(existsSync(at().result)).toBe(false)
  })

  it('SIGUSR2 outside Slurm asks for another start by the exit code', async () => {
    expect(await stopped('SIGUSR2')).toBe(75)
    expect(read(at().end)).toMatchObject({ how: 'again' })
  })

  function scontrol(script: string): void {
    const bin = join(run, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'scontrol'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    process.env.PATH = `${bin}${delimiter}${process.env.PATH}`
    process.env.SLURM_JOB_ID = '812'
  }

  it('SIGUSR2 in Slurm puts the job back into the queue', async () => {
    scontrol(`echo "$@" >${run}/asked`)
    expect(await stopped('SIGUSR2')).toBe(JOB_EXIT.done)
    expect(readFileSync(join(run, 'asked'), 'utf8')).toBe('requeue 812\n')
    expect(existsSync(at().end)).toBe(false)
  })

  it('a job that Slurm does not put back says so', async () => {
    scontrol('echo "Job/step already completing or completed" >&2; exit 1')
    expect(await stopped('SIGUSR2')).toBe(75)
    expect(read(at().end)).toMatchObject({ how: 'again', words: expect.stringContaining('already completing') })
  })

  it('the file “cancel” stops a job of any scheduler', async () => {
    begin()
    const training = await called()
    writeFileSync(at().cancel, '')
    while (!training.signal.aborted) await sleep(20)
    training.reject(new AppError('CANCELLED', 'Cancelled'))
    expect(await job).toBe(JOB_EXIT.stopped)
    expect(await begin()).toBe(JOB_EXIT.stopped) // and a job that starts later does not begin
    expect(calls).toEqual([])
  })
})

describe('scores', () => {
  const request = (file: string) => ({ files: [{ path: file }], salt: '', settings: {} as never })
  const scores = () => [
    { weights: 'kept' as const, request: request(volume) },
    { weights: 1, request: request(volume) },
    { weights: 5, request: request(volume) },
  ]
  const milestone = () => ({
    type: 'checkpoint',
    role: 'milestone',
    epoch: 1,
    step: 10,
    path: join(run, 'm'),
    sha256: '',
  })

  it('are computed after the training, the missing ones after another start', async () => {
    write({}, { scores: scores() })
    begin()
    const training = await called()
    expect(training.params).not.toHaveProperty('scores')
    await training.emit(milestone())
    training.resolve(summary())
    const first = await called(1)
    expect(first).toMatchObject({
      name: 'evaluate',
      params: { reconstructor: { checkpoint: summary().checkpoint.path } },
    })
    first.resolve({ volumes: [{ ssim: 0.9 }], skipped: [] })
    const second = await called(2)
    process.emit('SIGUSR2', 'SIGUSR2')
    second.reject(new AppError('CANCELLED', 'Cancelled'))
    expect(await job).toBe(75)
    expect(existsSync(at().result)).toBe(false)

    begin()
    const again = await called()
    expect(again).toMatchObject({ name: 'evaluate', params: { reconstructor: { checkpoint: join(run, 'm') } } })
    again.reject(new AppError('NOT_FINITE', 'No score'))
    expect(await job).toBe(JOB_EXIT.done)
    expect(calls.length).toBe(1) // epoch 5 is no milestone of this training
    expect(read(at().result)).toEqual({ result: summary() })
  })

  it('go on with another engine if the engine dies', async () => {
    write({}, { scores: scores().slice(0, 2) })
    begin()
    const training = await called()
    await training.emit(milestone())
    training.resolve(summary())
    const first = await called(1)
    first.engine.dead = true
    first.reject(new AppError('ENGINE_DIED', 'The engine process ended by SIGKILL'))
    const second = await called(2)
    expect(second.engine.dead).toBe(false)
    second.resolve({ volumes: [], skipped: [] })
    expect(await job).toBe(JOB_EXIT.done)
  })
})

describe('before it computes, a job', () => {
  it('names a missing file and the node', async () => {
    process.env.SLURMD_NODENAME = 'n3'
    rmSync(volume)
    expect(await begin().finally(() => delete process.env.SLURMD_NODENAME)).toBe(JOB_EXIT.failed)
    const { error } = read(at().result) as { error: { code: string; message: string } }
    expect(error.code).toBe('JOB_REFUSED')
    expect(error.message).toContain(`Expected ${volume} on node n3, got no such file.`)
    expect(calls).toEqual([])
  })

  it('names a file of another size', async () => {
    writeFileSync(volume, 'more bytes')
    expect(await begin()).toBe(JOB_EXIT.failed)
    expect(read(at().result)).toMatchObject({ error: { message: expect.stringContaining('Expected 5 bytes in') } })
  })

  it('wants a GPU if it asked for one, and names node and driver', async () => {
    write({ gpus: 1 })
    begin()
    ;(await called()).resolve({})
    ;(await called(1)).resolve({ device: { device: 'CPU' }, residentBytes: 0 })
    expect(await job).toBe(JOB_EXIT.failed)
    expect(read(at().result)).toMatchObject({
      error: { code: 'JOB_REFUSED', message: expect.stringMatching(/GPU.*driver/) },
    })
    expect(calls.map(({ name }) => name)).toEqual(['load', 'status'])
  })

  it('refuses a request of another version', async () => {
    write({ format: 2 as never })
    await expect(begin()).rejects.toThrow('of this version')
  })

  it('refuses a folder without a request', async () => {
    rmSync(at().request)
    await expect(begin()).rejects.toThrow('request.json')
  })
})
