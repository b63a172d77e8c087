/** Calls that become jobs, with a scheduler that tests control. */
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../../../../src/contract/errors.ts'
import type { RunJob } from '../../../../../src/contract/execution.ts'
import type { TrainingEvent } from '../../../../../src/contract/runs.ts'
import type { Engine } from '../../../../../src/engine/process/client.ts'
import type { Calls, TrainRequest } from '../../../../../src/engine/process/protocol.ts'
import { JobEngine } from '../../../../../src/services/places/jobs/job-engine.ts'
import { writeEvents } from '../../../../../src/services/places/jobs/job-events.ts'
import { type JobExecutor, Later, type Seen } from '../../../../../src/services/places/jobs/job-executor.ts'
import { callFolder, decode, inJob, scoreFile, writeWhole } from '../../../../../src/services/places/jobs/job-files.ts'
import { submitCancelledAgain } from '../../../../../src/services/places/jobs/job-folder.ts'
import { TRAINING } from '../../../../runs.ts'

let root: string
let run: string
let engine: JobEngine
let seen: Partial<Seen>
let looks: number
let missing: boolean
let submit: ReturnType<typeof vi.fn<JobExecutor['submit']>>
let cancel: ReturnType<typeof vi.fn<JobExecutor['cancel']>>
let local: ReturnType<typeof vi.fn>
let events: (TrainingEvent | { type: 'job'; job: RunJob })[]
const at = () => inJob(join(run, 'job'))

const executor = (): JobExecutor => ({
  id: 'slurm',
  submit: job => submit(job),
  look: async () => {
    if (missing) throw new AppError('JOB_REFUSED', 'Expected Slurm’s command squeue, got none.')
    const now = { state: 'running', id: '812', node: 'n1', words: 'Job 812 runs on n1.', again: false, ...seen } as Seen
    return { number: ++looks, find: () => now }
  },
  cancel: job => cancel(job),
})

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'job-engine-'))
  run = join(root, '7')
  mkdirSync(run)
  seen = {}
  looks = 0
  missing = false
  events = []
  submit = vi.fn<JobExecutor['submit']>(async () => '812')
  cancel = vi.fn<JobExecutor['cancel']>(async () => {})
  local = vi.fn(async (name: string) => `${name} here`)
  engine = makeEngine()
})
afterEach(() => {
  vi.useRealTimers()
  engine.dispose()
  rmSync(root, { recursive: true })
})

const localEngine = () => ({ call: local, dead: false, pid: 1, dispose() {} }) as unknown as Engine

function makeEngine(): JobEngine {
  const slurm = executor()
  return new JobEngine({
    executors: { slurm, folder: slurm },
    chosen: () => slurm,
    xla: () => false,
    gpus: () => 1,
    runs: root,
    masks: join(root, 'masks'),
    local: async () => localEngine(),
    readMs: 5,
  })
}

const request = (change: Partial<TrainRequest> = {}): TrainRequest => ({
  run: '7',
  config: TRAINING,
  train: [],
  validation: [],
  start: null,
  states: [],
  directory: run,
  notes: [],
  ...change,
})
const summary = { run: '7', checkpoint: { path: '', sha256: '' } } as never

const train = (change: Partial<TrainRequest> = {}, signal?: AbortSignal, by: Engine = engine) =>
  by.call('train', request(change), { onEvent: event => void events.push(event), signal })

/** What a job writes. */
const job = {
  begins: (node = 'n1', attempt = 'a') =>
    void writeEvents(at().events, attempt, never).write({ begun: { node, job: '812' } }),
  tells: (event: object, attempt = 'a') =>
    void writeEvents(at().events, attempt, never).write({ event: event as never }),
  gives: (result: unknown = summary) => writeWhole(at().result, { result }),
  ends: (how: string, words = 'The job was stopped.') => writeWhole(at().end, { how, words }),
}
const never = new AbortController().signal
const state = (epoch: number): TrainingEvent => {
  const path = join(run, `state-${epoch}`)
  writeFileSync(path, '')
  return { type: 'state', at: { step: 10 * epoch, epoch }, bestEpoch: null, path, sha256: `sha-${epoch}` }
}
const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(2)
}
const submitted = (times = 1) => until(() => submit.mock.calls.length >= times)
const told = () => events.flatMap(event => (event.type === 'job' ? [event.job] : []))
const trained = () => events.filter(({ type }) => type !== 'job')
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    error => error.code,
  )
const recordNow = () =>
  existsSync(at().record) ? (decode(readFileSync(at().record, 'utf8')) as Record<string, unknown>) : {}

/** A program that followed the job and died. */
async function followedBefore(): Promise<void> {
  const end = codeOf(train())
  await until(() => recordNow().id === '812')
  engine.dispose()
  expect(await end).toBe('JOB_CONTINUES')
  engine = makeEngine()
  events = []
  submit.mockClear()
}

describe('a training', () => {
  it('is submitted, followed, and gives the result of the job', async () => {
    const result = train()
    await submitted()
    const { folder } = submit.mock.calls[0][0]
    expect(folder).toBe(join(run, 'job'))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(decode(readFileSync(at().request, 'utf8'))).toMatchObject({ call: 'train', gpus: 1, params: { run: '7' } })
    job.begins()
    job.tells(state(1))
    await until(() => trained().length === 1)
    await until(() => told().at(-1)!.state === 'running')
    job.tells(state(2))
    job.gives()
    expect(await result).toEqual(summary)
    expect(trained()).toEqual([state(1), state(2)])
    expect(told().map(each => each.state)).toEqual(['submitted', 'submitted', 'running', 'ended'])
    expect(told()[2]).toMatchObject({ id: '812', node: 'n1', executor: 'slurm', folder })
  })

  it('that is done is not submitted again, and all its events are told again', async () => {
    const result = train()
    await submitted()
    job.tells(state(1))
    job.gives()
    await result
    events = []
    expect(await train()).toEqual(summary)
    expect(submit).toHaveBeenCalledOnce()
    expect(trained()).toEqual([state(1)])
    expect(events[0].type).toBe('job') // the recorder then deletes no files
  })

  it('whose job lives is followed from its first event by the next program', async () => {
    await followedBefore()
    job.tells(state(1))
    const result = train()
    await until(() => trained().length === 1)
    job.gives()
    await result
    expect(submit).not.toHaveBeenCalled()
  })

  it('whose submission was not noted is found in the scheduler’s list', async () => {
    await followedBefore()
    writeWhole(at().record, { ...recordNow(), id: null })
    const result = train()
    await until(() => recordNow().id === '812')
    job.gives()
    await result
    expect(submit).not.toHaveBeenCalled()
  })

  it('whose submission was noted, and not made, is submitted once', async () => {
    await followedBefore()
    writeWhole(at().record, { ...recordNow(), id: null })
    seen = { state: 'missing', again: true }
    const result = train()
    await submitted()
    seen = {}
    job.gives()
    await result
    expect(submit).toHaveBeenCalledOnce()
  })

  it('waits for Slurm’s answer before it is submitted again', async () => {
    await followedBefore()
    seen = { state: 'unknown', words: 'Slurm does not answer.' }
    const result = train()
    await until(() => looks > 12)
    expect(told().at(-1)).toMatchObject({ words: 'Slurm does not answer.' })
    expect(submit).not.toHaveBeenCalled()
    seen = {}
    job.gives()
    await result
  })
})

describe('a job that ends without a result', () => {
  const timeout = { state: 'ended', again: true, words: 'Time limit.', node: null } as const

  it('is submitted again if nothing is wrong with its work, while it goes forward', async () => {
    const result = train()
    for (let times = 1; times < 6; times++) {
      await submitted(times)
      job.tells(state(times))
      seen = timeout
    }
    await submitted(6)
    seen = {}
    job.gives()
    expect(await result).toEqual(summary)
    expect(trained()).toEqual([1, 2, 3, 4, 5].map(state))
  })

  it('is given up after three submissions without progress', async () => {
    seen = timeout
    await expect(train()).rejects.toMatchObject({ code: 'JOB_ENDED', message: 'Time limit.' })
    expect(submit).toHaveBeenCalledTimes(3)
  })

  it('is submitted again if the job says so itself', async () => {
    const result = train()
    await submitted()
    job.ends('again', 'Slurm did not put it back.')
    seen = { state: 'ended', again: false, words: 'FAILED' }
    await submitted(2)
    expect(existsSync(at().end)).toBe(false)
    seen = {}
    job.gives()
    await result
  })

  it('tells why, with the end of its log, and is submitted again when somebody resumes the run', async () => {
    const result = codeOf(train())
    await submitted()
    writeFileSync(at().log, 'line 1\nline 2\nTraceback\nlast words\n')
    seen = { state: 'ended', words: 'Job 812 ran out of memory.' }
    expect(await result).toBe('JOB_ENDED')
    const { words } = told().at(-1)!
    expect(words).toContain('Job 812 ran out of memory. Its log ends with “line 2 / Traceback / last words”')
    expect(told().at(-1)).toMatchObject({ state: 'ended' })
    const again = train()
    await submitted(2)
    seen = {}
    job.gives()
    await again
  })

  it('while no program followed it, is told once', async () => {
    await followedBefore()
    seen = { state: 'ended', words: 'Somebody cancelled job 812.' }
    job.tells(state(3))
    await expect(train()).rejects.toMatchObject({ code: 'JOB_ENDED' })
    expect(trained()).toEqual([state(3)])
    expect(submit).not.toHaveBeenCalled()
  })

  it('that left nothing in its folder names the folder', async () => {
    const result = train()
    await submitted()
    seen = { state: 'ended', words: 'Job 812 ended.', node: 'n1' }
    await expect(result).rejects.toMatchObject({ message: expect.stringContaining('--runs FOLDER') })
  })

  it('is lost if the scheduler does not know it, after several answers', async () => {
    const result = train()
    await submitted()
    seen = { state: 'missing', again: true, words: 'Job 812 is no longer in Slurm’s list.' }
    await expect(result).rejects.toMatchObject({ code: 'JOB_ENDED', message: expect.stringContaining('no longer') })
    expect(told().at(-1)).toMatchObject({ state: 'lost' })
    expect(submit).toHaveBeenCalledOnce()
  })

  it('is not given up if its result comes late', async () => {
    const result = train()
    await submitted()
    const before = looks
    seen = { state: 'ended', words: 'COMPLETED' }
    await until(() => looks > before)
    job.gives()
    expect(await result).toEqual(summary)
  })

  it('is not given up while its folder is not mounted', async () => {
    const result = train()
    await submitted()
    renameSync(join(run, 'job'), join(run, 'away'))
    seen = { state: 'missing', again: true, words: '' }
    await until(() => told().at(-1)!.words.includes('cannot be read now'))
    const before = looks
    await until(() => looks > before + 12)
    renameSync(join(run, 'away'), join(run, 'job'))
    job.gives()
    expect(await result).toEqual(summary)
  })
})

describe('submitting', () => {
  it('looks for the job before it submits again, because an answer may be lost', async () => {
    submit.mockRejectedValueOnce(new Later('Slurm does not answer.'))
    const result = train()
    await until(() => recordNow().id === '812')
    job.gives()
    await result
    expect(submit).toHaveBeenCalledOnce()
    expect(told()[1].words).toContain('Slurm does not answer.')
  })

  it('submits again what the scheduler has not taken', async () => {
    submit.mockRejectedValueOnce(new Later('Slurm does not answer.'))
    seen = { state: 'missing' }
    const result = train()
    await submitted(2)
    seen = {}
    job.gives()
    await result
    expect(submit).toHaveBeenCalledTimes(2)
  })

  it('a refusal ends the training at once, and leaves no trace', async () => {
    submit.mockRejectedValueOnce(new AppError('JOB_REFUSED', 'Invalid partition'))
    expect(await codeOf(train())).toBe('JOB_REFUSED')
    expect(existsSync(at().record)).toBe(false)
    expect(told().at(-1)).toMatchObject({ state: 'ended', words: 'Invalid partition' })
    const result = train()
    await submitted(2)
    job.gives()
    await result
  })

  it('copies the mask files that the job needs', async () => {
    const file = { path: '/home/mask.npy', sha256: 'a'.repeat(64) }
    mkdirSync(join(root, 'masks'))
    writeFileSync(join(root, 'masks', `${file.sha256}.npy`), 'mask')
    const result = train({ config: { ...TRAINING, mask: { ...TRAINING.mask, kind: 'file', file } } })
    await submitted()
    expect(readFileSync(join(at().masks, `${file.sha256}.npy`), 'utf8')).toBe('mask')
    job.gives()
    await result
  })
})

it('an error of the job is told once, and then tried again', async () => {
  const result = codeOf(train())
  await submitted()
  writeWhole(at().result, { error: { code: 'NOT_FINITE', message: 'After step 40 …' } })
  expect(await result).toBe('NOT_FINITE')
  const again = train()
  seen = { state: 'ended', words: 'FAILED' }
  await submitted(2)
  seen = {}
  job.gives()
  expect(await again).toEqual(summary)
})

describe('an aborted call', () => {
  it.each(['cancel', 'pause'])('%s stops the job and waits for its state', async reason => {
    const controller = new AbortController()
    const result = codeOf(train({}, controller.signal))
    await submitted()
    cancel.mockRejectedValueOnce(new Later('Slurm does not answer.'))
    controller.abort(reason)
    await until(() => cancel.mock.calls.length === 2)
    expect(existsSync(at().cancel)).toBe(true)
    job.tells(state(1))
    job.ends('stopped')
    expect(await result).toBe('CANCELLED')
    expect(trained()).toEqual([state(1)])
    expect(told().at(-1)).toMatchObject({ state: 'ended', words: 'Job 812 of run 7 was cancelled.' })

    const again = train()
    seen = { state: 'ended', words: 'CANCELLED' }
    await submitted(2)
    expect(existsSync(at().cancel)).toBe(false)
    seen = {}
    job.gives()
    await again
  })

  it('tells that a job does not end, and leaves the job to the next program', async () => {
    const controller = new AbortController()
    const result = train({}, controller.signal)
    await submitted()
    await until(() => told().at(-1)?.state === 'running')
    vi.useFakeTimers({ toFake: ['performance'] })
    cancel.mockImplementation(async () => void vi.advanceTimersByTime(6 * 60_000))
    controller.abort('cancel')
    const words = 'Job 812 of run 7 was asked to stop, and did not end within 5 minutes.'
    await expect(result).rejects.toMatchObject({ code: 'JOB_CONTINUES', message: expect.stringContaining(words) })
    expect(told().at(-1)).toMatchObject({ state: 'running', words: expect.stringContaining(words) })
    expect(recordNow()).toMatchObject({ told: false })
  })

  it('gives the result of a job that was done before', async () => {
    const controller = new AbortController()
    const result = train({}, controller.signal)
    await submitted()
    cancel.mockImplementation(async () => job.gives())
    controller.abort('cancel')
    expect(await result).toEqual(summary)
  })

  it.each(['close', 'leave', 'SIGTERM', undefined])('%s lets the job go on', async reason => {
    const controller = new AbortController()
    const result = train({}, controller.signal)
    await submitted()
    await until(() => told().at(-1)?.state === 'running')
    controller.abort(reason)
    await expect(result).rejects.toMatchObject({
      code: 'JOB_CONTINUES',
      message: 'Job 812 of run 7 goes on. Resume the run to follow the job.',
    })
    expect(cancel).not.toHaveBeenCalled()
    expect(existsSync(at().cancel)).toBe(false)
  })
})

describe('a job that was cancelled while no program followed it', () => {
  const forgotten = { state: 'missing', again: true, words: 'Job 812 is no longer in Slurm’s list.' } as const

  it.each([
    ['by Self-MRI', () => writeFileSync(at().cancel, ''), 'The job was cancelled. Resume the run'],
    ['by scancel', () => job.ends('stopped'), 'The job was stopped.'],
  ])('%s does not start again by itself, even if the scheduler has forgotten it', async (_, cancelled, words) => {
    await followedBefore()
    cancelled()
    seen = forgotten
    await expect(train()).rejects.toMatchObject({ code: 'JOB_ENDED', message: expect.stringContaining(words) })
    expect(submit).not.toHaveBeenCalled()
    expect(told().at(-1)).toMatchObject({ state: 'lost' })
  })

  it('does not start again if the wish cannot be written, and the error names the file', async () => {
    await followedBefore()
    writeFileSync(at().cancel, '')
    const write = vi.spyOn(fs, 'renameSync').mockImplementation(() => {
      throw Object.assign(new Error('EROFS: read-only file system, rename'), { code: 'EROFS' })
    })
    syncBuiltinESMExports()
    expect(() => submitCancelledAgain(join(run, 'job'))).toThrow(`Cannot write ${at().record} (EROFS: read-only file`)
    write.mockRestore()
    syncBuiltinESMExports()
  })

  it.each([forgotten, { state: 'ended', words: 'Somebody cancelled job 812.' } as const])(
    'starts again when the user resumes the run ($state)',
    async ended => {
      await followedBefore()
      writeFileSync(at().cancel, '')
      submitCancelledAgain(join(run, 'job'))
      seen = ended
      const result = train()
      await submitted()
      expect(recordNow()).not.toHaveProperty('resumed')
      seen = {}
      job.gives()
      expect(await result).toEqual(summary)
    },
  )
})

describe('while job.json cannot be written', () => {
  /** A folder in the file's place. */
  const block = () => {
    rmSync(at().record)
    mkdirSync(at().record)
  }

  const fault = () => `Cannot write ${at().record} (EISDIR: illegal operation on a directory). Make the folder writable`
  const words = () => told().at(-1)?.words ?? ''

  it('the job is followed nevertheless, its words say what to do, and the file is written later', async () => {
    submit.mockImplementation(async () => {
      block()
      return '812'
    })
    const result = train()
    await until(() => told().at(-1)?.state === 'running')
    expect(words()).toMatch(/^Cannot write .*Job 812 runs on n1[.]$/)
    expect(words()).toContain(fault())
    rmSync(at().record, { recursive: true })
    await until(() => words() === 'Job 812 runs on n1.')
    expect(recordNow()).toMatchObject({ id: '812' })
    const toldTimes = told().length
    await until(() => looks > 5)
    expect(told()).toHaveLength(toldTimes)
    job.gives()
    expect(await result).toEqual(summary)
    expect(submit).toHaveBeenCalledOnce()
  })

  it('the end of the follower says what to do', async () => {
    const result = train()
    await submitted()
    await until(() => told().at(-1)?.state === 'running')
    block()
    seen = { id: '813' }
    await until(() => words().includes(fault()))
    engine.dispose()
    await expect(result).rejects.toMatchObject({ code: 'JOB_CONTINUES', message: expect.stringContaining(fault()) })
  })

  it('no job is submitted', async () => {
    const result = train()
    await submitted()
    await until(() => told().at(-1)?.state === 'running')
    block()
    seen = { state: 'ended', again: true, words: 'The node of job 812 failed.' }
    const refusal = `Cannot write ${at().record} (EISDIR: illegal operation on a directory). No job was submitted.`
    await expect(result).rejects.toMatchObject({ code: 'JOB_REFUSED', message: expect.stringContaining(refusal) })
    expect(submit).toHaveBeenCalledOnce()
    expect(told().at(-1)).toMatchObject({ state: 'ended', words: expect.stringContaining(refusal) })
  })

  it('a job whose folder is away can be cancelled', async () => {
    const controller = new AbortController()
    const result = codeOf(train({}, controller.signal))
    await submitted()
    cancel.mockImplementation(async () => {
      renameSync(join(run, 'job'), join(run, 'away'))
      seen = { state: 'ended', words: 'CANCELLED' }
    })
    controller.abort('cancel')
    expect(await result).toBe('CANCELLED')
    expect(told().at(-1)).toMatchObject({
      state: 'ended',
      words: expect.stringMatching(/mount its disk[.] Job 812 of run 7 was cancelled[.]$/),
    })
  })

  it('a job that ended tells why it ended', async () => {
    const result = train()
    await submitted()
    await until(() => told().at(-1)?.state === 'running')
    block()
    seen = { state: 'ended', words: 'Job 812 ran out of memory.' }
    await expect(result).rejects.toMatchObject({
      code: 'JOB_ENDED',
      message: expect.stringContaining('Job 812 ran out of memory.'),
    })
  })
})

it('events of a training that went on elsewhere since are not told', async () => {
  await followedBefore()
  job.tells(state(1))
  const result = train({ states: [{ path: join(run, 'state-9'), sha256: 'sha-9' }] })
  await submitted()
  job.tells(state(10), 'b')
  job.gives()
  await result
  expect(trained()).toEqual([state(10)])
  expect(cancel).toHaveBeenCalledOnce()
})

it('events of a job that began from the run’s state are told', async () => {
  const states = [{ path: join(run, 'state-9'), sha256: 'sha-9' }]
  const first = codeOf(train({ states }))
  await submitted()
  engine.dispose()
  await first
  engine = makeEngine()
  job.tells(state(10))
  job.gives()
  expect(await train({ states })).toEqual(summary)
  expect(trained()).toEqual([state(10)])
})

describe('a training of this machine', () => {
  it('computes here if the run has no job', async () => {
    expect(await train({}, undefined, engine.before(localEngine()))).toBe('train here')
    expect(existsSync(join(run, 'job'))).toBe(false)
  })

  it('follows the job of the run', async () => {
    await followedBefore()
    const result = train({}, undefined, engine.before(localEngine()))
    await until(() => told().at(-1)?.state === 'running')
    job.gives()
    expect(await result).toEqual(summary)
    expect(local).not.toHaveBeenCalled()
  })

  it('does not need the scheduler', async () => {
    await followedBefore()
    missing = true
    expect(await train({}, undefined, engine.before(localEngine()))).toBe('train here')
  })

  it('continues from the states of a job that has ended, of which a lost attempt writes no more', async () => {
    await followedBefore()
    writeWhole(at().owner, 'a')
    job.tells(state(1))
    job.tells(state(2))
    seen = { state: 'missing', again: true }
    expect(await train({}, undefined, engine.before(localEngine()))).toBe('train here')
    const [, params] = local.mock.calls[0] as unknown as [string, TrainRequest]
    expect(params.states.map(({ sha256 }) => sha256)).toEqual(['sha-2', 'sha-1'])
    expect(readFileSync(at().owner, 'utf8')).toMatch(/^here-/)
    expect(told().at(-1)).toMatchObject({ state: 'ended' })
    expect(submit).not.toHaveBeenCalled()
    expect(await train({}, undefined, engine.before(localEngine()))).toBe('train here')
  })
})

describe('a scoring', () => {
  const params = (): Calls['evaluate']['params'] => ({
    files: [{ path: '/data/a.h5' }],
    salt: '',
    reconstructor: { network: 'unet', networkConfig: {}, checkpoint: join(run, 'best-0002.safetensors') },
    settings: { mask: TRAINING.mask, maskDraws: null, slices: { kind: 'all' }, reference: 'ground truth' },
  })
  const scores = { volumes: [{ ssim: Number.NaN }], skipped: [] } as never
  const file = () => scoreFile(join(run, 'job'), params())

  it('is taken from the job of its training', async () => {
    mkdirSync(dirname(file()), { recursive: true })
    writeWhole(file(), { result: scores })
    expect(await engine.call('evaluate', params())).toEqual(scores)
    expect(submit).not.toHaveBeenCalled()
  })

  it('that failed there is told once, and then computed by a job of its own', async () => {
    mkdirSync(dirname(file()), { recursive: true })
    writeWhole(file(), { error: { code: 'OUT_OF_MEMORY', message: 'No memory' } })
    expect(await codeOf(engine.call('evaluate', params()))).toBe('OUT_OF_MEMORY')
    const progress: unknown[] = []
    const result = engine.call('evaluate', params(), { onEvent: event => void progress.push(event) })
    await submitted()
    const { folder, record } = submit.mock.calls[0][0]
    expect(folder).toBe(callFolder(root, 'evaluate', params()))
    expect(record.name).toBe('self-mri-evaluate')
    writeWhole(inJob(folder).result, { result: scores })
    expect(await result).toEqual(scores)
    expect(progress).toContainEqual({ done: 0, total: 1, label: 'Job 812 of a scoring was submitted.' })
  })
})

it('two equal calls at once are one job', async () => {
  const params = { path: '/a.h5', salt: '', slice: 1, mask: TRAINING.mask, reconstructors: [null] }
  const controller = new AbortController()
  const results = [1, 2].map(() => engine.call('compare', params))
  const cancelled = codeOf(engine.call('compare', params, { signal: controller.signal }))
  await submitted()
  controller.abort('cancel')
  expect(await cancelled).toBe('CANCELLED')
  expect(cancel).not.toHaveBeenCalled()
  writeWhole(inJob(submit.mock.calls[0][0].folder).result, { result: 'images' })
  expect(await Promise.all(results)).toEqual(['images', 'images'])
  expect(submit).toHaveBeenCalledOnce()
})

it('images of a comparison come back as they are', async () => {
  const params = { path: '/a.h5', salt: '', slice: 1, mask: TRAINING.mask, reconstructors: [null] }
  const images = { shape: [1, 2], truth: null, images: [new Float32Array([0.1, Number.NaN])], maximum: 1 } as never
  const result = engine.call('compare', params)
  await submitted()
  writeWhole(inJob(submit.mock.calls[0][0].folder).result, { result: images })
  expect(await result).toEqual(images)
})

it('a folder of an old call that another program removes at that moment is no fault', async () => {
  mkdirSync(join(root, 'jobs'))
  symlinkSync(join(root, 'removed'), join(root, 'jobs', 'old'))
  const result = engine.call('compare', {
    path: '/a.h5',
    salt: '',
    slice: 1,
    mask: TRAINING.mask,
    reconstructors: [null],
  })
  await submitted()
  writeWhole(inJob(submit.mock.calls[0][0].folder).result, { result: 'images' })
  expect(await result).toBe('images')
})

it('all other calls go to this machine', async () => {
  expect(await engine.call('load', {})).toBe('load here')
})

it('a request that cannot be written names the file, and no job is submitted', async () => {
  mkdirSync(at().request, { recursive: true }) // a file cannot replace a folder
  const message = expect.stringMatching(
    /^Cannot write .*request.json \(EISDIR: .*No job was submitted[.] Make the folder/,
  )
  await expect(train()).rejects.toMatchObject({ code: 'JOB_REFUSED', message })
  expect(submit).not.toHaveBeenCalled()
  expect(existsSync(at().record)).toBe(false)
})

it('a fault of the listener fails the call, and the job goes on', async () => {
  const result = engine.call('train', request(), {
    onEvent(event) {
      if (event.type === 'state')
        throw Object.assign(new Error('The database is gone'), { syscall: 'open', path: '/elsewhere' })
    },
  })
  await submitted()
  job.tells(state(1))
  await expect(result).rejects.toThrow('The database is gone')
  expect(cancel).not.toHaveBeenCalled()
})
