/** How the events of a training are stored: rows, removal of old files, figures, and a full disk. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError, type ErrorCode } from '../../../../src/contract/errors.ts'
import { Recipe } from '../../../../src/contract/recipes.ts'
import type { RunConfig, RunEvent, TrainingEvent } from '../../../../src/contract/runs.ts'
import { partialBeside } from '../../../../src/engine/files/whole-files.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { recordFailure } from '../../../../src/services/runs/ending.ts'
import { VERSION } from '../../../../src/services/runs/environment.ts'
import { eventsOf, logEvent } from '../../../../src/services/runs/log.ts'
import { makeRecorder, type Recorder } from '../../../../src/services/runs/recorder.ts'
import { findRun } from '../../../../src/services/runs/runs.ts'
import { finishRun } from '../../../../src/services/runs/store.ts'
import { viewRun } from '../../../../src/services/runs/views.ts'
import { addRun, TRAINING } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'

let profile: string
let services: Services
let recorder: Recorder
let directory: string

const recipe = Recipe.parse({
  epochs: 9,
  batch: 6,
  optimizer: { kind: 'sgd' },
  schedule: { kind: 'constant', rate: 1 },
})
const config: RunConfig = { ...TRAINING, recipe }

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-recorder-'))
  services = openServices({ profile })
  addRun(services.profile, addStudy(services.profile, 's', []).id, { config, status: 'running' })
  directory = join(profile, 'runs', '1')
  mkdirSync(directory, { recursive: true })
  recorder = makeRecorder(services.profile, '1')
})

afterEach(() => {
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

/** The event of a checkpoint, whose file is also made. */
function checkpoint(role: 'best' | 'last' | 'milestone', epoch: number, step = epoch * 10): TrainingEvent {
  const path = join(directory, `${role}-${epoch}`)
  writeFileSync(path, '')
  const written = { type: 'checkpoint' as const, role, epoch, step, path, sha256: 'sha' }
  if (role !== 'last') return written
  const head = join(directory, `head-${epoch}`)
  writeFileSync(head, '')
  return { ...written, head }
}
function state(epoch: number, step: number, bestEpoch: number | null = null): TrainingEvent {
  const path = join(directory, `state-${epoch}-${step}`)
  writeFileSync(path, '')
  return { type: 'state', at: { epoch, step }, bestEpoch, path, sha256: 'sha' }
}
const epoch = (number: number, extra: Record<string, number> = {}): TrainingEvent => ({
  type: 'epoch',
  figures: {
    epoch: number,
    loss: 1 / number,
    learningRate: 0.1,
    seconds: 2,
    validationLoss: number === 2 ? null : 0.5,
    validation: number === 2 ? null : { ssim: 0.9, psnr: 30, nmse: 0.1 },
    extra,
  },
})
const resumed = (step: number, epoch: number, notes = ['a note']): TrainingEvent => ({
  type: 'resumed',
  from: { step, epoch },
  steps: 90,
  epochs: 9,
  parameters: 1,
  notes,
})

const record = (...events: TrainingEvent[]) => {
  for (const event of events) recorder.record(event)
}
const files = () =>
  readdirSync(directory)
    .filter(name => !/csv|jsonl/.test(name))
    .sort()
const jsonl = (): RunEvent[] =>
  readFileSync(join(directory, 'events.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line).event)

describe('files of a run', () => {
  it('stay while they are needed: the two newest states and their best weights, the last weights, milestones', () => {
    record(checkpoint('best', 1), checkpoint('last', 1), state(1, 10, 1))
    record(checkpoint('best', 2), checkpoint('milestone', 2), checkpoint('last', 2), state(2, 20, 2))
    expect(files()).toContain('best-1') // The state of epoch 1 needs these weights.
    record(checkpoint('best', 3), state(2, 25, 3), state(2, 27, 3))
    expect(files()).toEqual(['best-3', 'head-2', 'last-2', 'milestone-2', 'state-2-25', 'state-2-27'])
    expect(findRun(services.profile, '1')).toMatchObject({ milestones: [2], stateStep: 27 })
  })

  it('stay while a job trains the run, because the job may have written them again since', () => {
    const job = (state: 'running' | 'ended'): TrainingEvent => ({
      type: 'job',
      job: { executor: 'slurm', id: '812', state, node: 'n1', words: '', folder: join(directory, 'job') },
    })
    const training = [checkpoint('last', 1), state(1, 10, null), checkpoint('last', 2), state(2, 20, null)]
    record(job('running'), ...training, checkpoint('last', 3), state(3, 30, null))
    const heads = ['head-1', 'head-2', 'head-3']
    const all = [...heads, 'last-1', 'last-2', 'last-3', 'state-1-10', 'state-2-20', 'state-3-30']
    expect(files()).toEqual(all)
    record(resumed(10, 1), checkpoint('last', 2), state(2, 20, null)) // a program that follows the job reads all again
    expect(files()).toEqual(all)
    expect(findRun(services.profile, '1')).toMatchObject({ stateStep: 20 })
    record(job('ended'))
    expect(files()).toEqual(['head-2', 'last-2', 'state-2-20'])
  })

  it('that a dead process wrote in part are removed', () => {
    writeFileSync(join(directory, '.state-0001-000010.safetensors.123.part'), '') // from an older version
    writeFileSync(partialBeside(join(directory, 'state')), '')
    makeRecorder(services.profile, '1')
    expect(files()).toEqual([])
  })
})

describe('a resumed run', () => {
  it('has every epoch once, and no line of a repeated epoch', () => {
    record(epoch(1), checkpoint('best', 1), checkpoint('last', 1), state(1, 10, 1))
    record({ type: 'step', step: 12, steps: 90, epoch: 2, loss: 1 }, epoch(2), epoch(3), checkpoint('best', 3))
    record(resumed(10, 1), epoch(2), epoch(3))
    const { events, notes } = viewRun(services.profile, '1')
    expect(events.flatMap(({ event }) => (event.type === 'epoch' ? [event.figures.epoch] : []))).toEqual([1, 2, 3])
    expect(events.some(({ event }) => event.type === 'step')).toBe(false)
    expect(notes).toMatchObject([{ text: 'a note' }])
    expect(findRun(services.profile, '1').epochs.done).toBe(3)
    expect(files()).toEqual(['best-1', 'head-1', 'last-1', 'state-1-10'])
  })

  it('never uses a damaged state again', () => {
    record(state(1, 10), state(1, 15), resumed(10, 1))
    expect(findRun(services.profile, '1').stateStep).toBe(10)
  })
})

describe('the note of other kernels', () => {
  const changed = (step: number): TrainingEvent => ({
    type: 'note',
    level: 'info',
    code: 'kernels-changed',
    data: { epoch: 2, step, from: 'A 1', to: 'B 1' },
    text: `step ${step}`,
  })
  const texts = () => viewRun(services.profile, '1').notes.map(({ text }) => text)

  it('stays as long as steps of these kernels stay', () => {
    record(resumed(10, 1), changed(10), state(1, 15), resumed(15, 1))
    expect(texts()).toEqual(['a note', 'step 10', 'a note'])
    record(resumed(10, 1), changed(10))
    expect(texts()).toEqual(['a note', 'a note', 'a note', 'step 10'])
    record({ type: 'started', steps: 90, epochs: 9, parameters: 1, notes: [] })
    expect(texts()).toEqual(['a note', 'a note', 'a note'])
  })
})

describe('the run’s figures', () => {
  it('are written as CSV and as lines of the log, also after a resumption', () => {
    record(epoch(1), epoch(2, { retrieval: 0.25 }))
    const csv = () => readFileSync(join(directory, 'epochs.csv'), 'utf8')
    expect(csv()).toBe(
      'epoch,loss,learning_rate,seconds,validation_loss,ssim,psnr,nmse,retrieval\n' +
        '1,1,0.1,2,0.5,0.9,30,0.1,\n2,0.5,0.1,2,,,,,0.25\n',
    )
    record(resumed(10, 1))
    expect(csv().split('\n')).toHaveLength(3)
    record(epoch(2))
    expect(jsonl().map(event => event.type)).toEqual(['status', 'epoch', 'resumed', 'epoch'])
    finishRun(services.profile, '1')
    recorder.close()
    expect(jsonl().at(-1)).toMatchObject({ type: 'status', status: 'finished' })
  })

  it('have steps of 10 s at once, in the order of the log', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const step = (n: number): TrainingEvent => ({ type: 'step', step: n, steps: 90, epoch: 1, loss: 1 })
    const after = (ms: number, event: TrainingEvent) => {
      vi.advanceTimersByTime(ms)
      record(event)
      return jsonl().map(each => (each.type === 'step' ? each.step : each.type))
    }
    expect(after(0, step(1))).toEqual(['status', 1])
    expect(after(3000, step(2))).toEqual(['status', 1])
    expect(after(3000, epoch(1))).toEqual(['status', 1, 2, 'epoch'])
    expect(after(9000, step(3))).toEqual(['status', 1, 2, 'epoch'])
    expect(after(1000, step(4))).toEqual(['status', 1, 2, 'epoch', 3, 4])
    expect(after(1000, step(5))).toHaveLength(6)
    recorder.close()
    expect(jsonl().at(-1)).toMatchObject({ step: 5 })
    vi.useRealTimers()
  })

  it('are continued by another process', () => {
    record(epoch(1))
    logEvent(services.profile, '1', { type: 'note', text: 'another process' })
    makeRecorder(services.profile, '1').record(epoch(2))
    expect(jsonl().map(event => event.type)).toEqual(['status', 'epoch', 'note', 'epoch'])
  })
})

describe('a database on a full disk (SQLITE_FULL)', () => {
  const long = (text: string): TrainingEvent => ({ type: 'note', text: text.repeat(20_000) })

  it('makes the training wait, and keeps the events in order', async () => {
    const { db } = services.profile
    const words: (string | null)[] = []
    recorder = makeRecorder(services.profile, '1', { onWait: each => words.push(each) })
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`)
    const held = recorder.record(long('a'))
    expect(held).toBeInstanceOf(Promise)
    expect(recorder.record(long('b'))).toBe(held)
    expect(words).toEqual([expect.stringMatching(/disk is full.*waiting for free space/)])
    db.pragma('max_page_count = 1000000')
    await held
    await recorder.flush()
    const { notes } = viewRun(services.profile, '1')
    expect(notes.map(({ text }) => text[0])).toEqual(['a', 'b'])
    expect(words.at(-1)).toBeNull()
  })

  it('is no longer waited for after the run was cancelled', async () => {
    const { db } = services.profile
    const controller = new AbortController()
    recorder = makeRecorder(services.profile, '1', { signal: controller.signal })
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`)
    const held = recorder.record(long('a'))
    controller.abort()
    await expect(held).rejects.toMatchObject({ code: 'CANCELLED' })
    db.pragma('max_page_count = 1000000')
  })
})

describe('a lack of memory', () => {
  const failed = (fault: AppError, changes: Partial<RunConfig> = {}) => {
    const run = addRun(services.profile, 1, { config: { ...config, ...changes }, status: 'running' })
    recordFailure(services.profile, run, fault)
    return findRun(services.profile, run).suggestion
  }
  const fail = (code: ErrorCode, changes: Partial<RunConfig> = {}) => failed(new AppError(code, ''), changes)
  const died = (signal?: string) => failed(new AppError('ENGINE_DIED', 'It died', undefined, { signal }))
  const batchOf = (batch: number, accumulate = 1) => ({ recipe: { ...config.recipe, batch, accumulate } })

  it('offers a smaller batch with accumulation, which gives an equal result', () => {
    expect(fail('OUT_OF_MEMORY')).toEqual({ batch: 3, accumulate: 2 })
    expect(fail('OUT_OF_MEMORY', batchOf(7, 2))).toEqual({ batch: 1, accumulate: 14 })
    expect(fail('OUT_OF_MEMORY', batchOf(1))).toBeNull()
    expect(died('SIGKILL')).toEqual({ batch: 3, accumulate: 2 })
    expect(died('SIGTERM')).toBeNull()
    expect(fail('NOT_FINITE')).toBeNull()
  })

  it('offers a smaller batch without accumulation if samples are compared', () => {
    expect(fail('OUT_OF_MEMORY', { method: 'simclr', kind: 'pretrain' })).toEqual({ batch: 3, accumulate: 1 })
    expect(fail('OUT_OF_MEMORY', { method: 'simclr', kind: 'pretrain', ...batchOf(2) })).toBeNull()
  })
})

it('the log of a job that waits has its last words only, and every other state', () => {
  const tell = (state: 'pending' | 'running', words: string) =>
    record({
      type: 'job',
      job: { executor: 'slurm', id: '812', state, node: null, words, folder: join(directory, 'job') },
    })
  const logged = () => eventsOf(services.profile, '1').filter(({ event }) => event.type === 'job')
  tell('pending', 'Priority')
  const [first] = logged()
  for (let i = 0; i < 10; i++) tell('pending', i % 2 ? 'Priority' : 'Resources')
  tell('pending', 'Slurm expects its start at noon.')
  expect(logged().map(({ event }) => event)).toMatchObject([{ job: { words: 'Slurm expects its start at noon.' } }])
  expect(logged()[0].seq).toBeGreaterThan(first.seq) // so that a window hears the words
  tell('running', 'Job 812 runs.')
  tell('pending', 'Priority')
  expect(logged()).toHaveLength(3)
  expect(jsonl().filter(event => event.type === 'job')).toHaveLength(3)
})

it('the device is part of the environment, and a change of the device is noted', () => {
  const here = { host: 'n1', cpu: 'EPYC', threads: 2 }
  const device = { ...here, tensorflow: '2.21.0', tfjs: '4.22.0', device: 'CPU', kernels: 'TensorFlow' } as const
  record({ type: 'device', device: { ...device, gpu: null, compiler: null } })
  expect(viewRun(services.profile, '1')).toMatchObject({ environment: { content: null, ...device }, notes: [] })
  const other = { ...device, device: 'GPU', gpu: 'NVIDIA H100', compiler: 'XLA' } as const
  record({ type: 'device', device: other }, resumed(10, 1, []))
  expect(viewRun(services.profile, '1').notes).toEqual([
    {
      level: 'info',
      code: 'device-changed',
      data: { changed: 'device,gpu,compiler', step: 10 },
      text: expect.stringContaining('device GPU, not CPU; gpu NVIDIA H100, not none; compiler XLA, not none'),
    },
  ])
})

it('the environment is of the machine that computed, as far as its event tells', () => {
  const device = { host: 'n1', cpu: 'EPYC', threads: 2, tensorflow: '2.21.0', tfjs: '4.22.0', device: 'CPU' } as const
  const known = { ...device, kernels: 'TensorFlow', gpu: null, compiler: null }
  const environment = () => viewRun(services.profile, '1').environment
  record({ type: 'device', device: known })
  const platform = `${process.platform} ${process.arch}`
  expect(environment()).toMatchObject({ selfMri: VERSION, node: process.versions.node, platform })
  const there = { node: '26.1.0', platform: 'linux arm64', variant: 'cuda', build: 'tensorflow-2.21.0-cuda' } as const
  record({ type: 'device', device: { ...known, ...there } })
  expect(environment()).toMatchObject({ selfMri: VERSION, content: null, ...there })
})

it('notes another processor or number of threads of a CPU, but not another machine of this kind', () => {
  const device = { tensorflow: '2.21.0', tfjs: '4.22.0', device: 'CPU', kernels: 'TensorFlow', gpu: null } as const
  const continueWith = (host: string, cpu: string | null, threads: number, step: number) =>
    record({ type: 'device', device: { ...device, compiler: null, host, cpu, threads } }, resumed(step, 1, []))
  continueWith('n1', 'EPYC', 2, 10)
  continueWith('n2', 'EPYC', 2, 20)
  expect(viewRun(services.profile, '1')).toMatchObject({ environment: { host: 'n2', threads: 2 }, notes: [] })
  for (const _hearing of ['first', 'again']) {
    continueWith('n2', 'EPYC', 1, 30)
    continueWith('n3', 'Xeon', 1, 40)
  }
  const { environment, notes } = viewRun(services.profile, '1')
  expect(environment).toMatchObject({ host: 'n3', cpu: 'Xeon', threads: 1 })
  expect(notes.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^Continues with threads 1, not 2\. The weights may differ/),
    expect.stringMatching(/^Continues with cpu Xeon, not EPYC\./),
  ])
})

it('a run of an earlier version without processor and threads goes on without a note', () => {
  services.profile.db
    .prepare(
      `UPDATE runs
        SET environment = json_set(environment, '$.device', 'CPU', '$.tensorflow', '2.21.0', '$.tfjs', '4.22.0')`,
    )
    .run()
  const device = { tensorflow: '2.21.0', tfjs: '4.22.0', device: 'CPU', kernels: 'TensorFlow', gpu: null } as const
  record(
    { type: 'device', device: { ...device, compiler: null, host: 'n1', cpu: 'EPYC', threads: 2 } },
    resumed(10, 1, []),
  )
  expect(viewRun(services.profile, '1').notes).toEqual([])
})

it('nothing is written while the program ends', () => {
  services.profile.db.close()
  expect(() => record(epoch(1))).not.toThrow()
  expect(existsSync(join(directory, 'epochs.csv'))).toBe(false)
  vi.restoreAllMocks()
})
