import { describe, expect, it } from 'vitest'
import type { EngineState } from '../../../src/contract/engine.ts'
import type { RunJob } from '../../../src/contract/execution.ts'
import type { LoggedEvent, RunDetail, RunEvent, RunView } from '../../../src/contract/runs.ts'
import { runColour } from '../../../src/presentation/colours.ts'
import { withEvent } from '../../../src/renderer/app/log.ts'
import {
  clock,
  longestLeft,
  progressAfter,
  type RunProgress,
  secondsLeft,
  secondsPerStep,
} from '../../../src/renderer/app/progress.ts'
import {
  foundJobsInWords,
  jobName,
  jobWait,
  livingJob,
  pauseInWords,
  placeOf,
  splitCommand,
} from '../../../src/renderer/app/run-job.ts'
import { curvesOf, differences } from '../../../src/renderer/runs/curves.ts'

const START = Date.parse('2026-01-01T00:00:00Z')

const logged = (seconds: number, event: RunEvent): LoggedEvent => ({
  seq: seconds,
  run: '3',
  at: new Date(START + seconds * 1000).toISOString(),
  event,
})

const started = logged(0, { type: 'started', steps: 40, epochs: 4, parameters: 10, notes: [] })
const step = (seconds: number, n: number) =>
  logged(seconds, { type: 'step', step: n, steps: 40, epoch: Math.ceil(n / 10), loss: 1 / n })
const epoch = (seconds: number, n: number, ssim: number | null) =>
  logged(seconds, {
    type: 'epoch',
    figures: {
      epoch: n,
      loss: 1 / n,
      learningRate: 0.1,
      seconds: 5,
      validationLoss: ssim === null ? null : 2 / n,
      validation: ssim === null ? null : { ssim, psnr: 1, nmse: 1 },
      extra: {},
    },
  })

const progressOf = (events: readonly LoggedEvent[]) => events.reduce(progressAfter, null) as RunProgress

describe('progress', () => {
  it('has no time left before the pace is known', () => {
    expect(secondsLeft(progressOf([started]))).toBeNull()
    expect(secondsLeft(progressOf([started, step(1, 2)]))).toBeNull()
  })

  it('measures the pace from the first received step', () => {
    const progress = progressOf([started, step(10, 4), step(16, 16)])
    expect(secondsPerStep(progress)).toBeCloseTo(0.5)
    expect(secondsLeft(progress)).toBeCloseTo(12)
    expect(progress).toMatchObject({ epoch: 2, epochs: 4, step: 16, steps: 40 })
  })

  it('starts anew if the run starts anew', () => {
    expect(progressOf([started, step(10, 4), started])).toMatchObject({ step: 0, from: null })
  })

  it('continues for a resumed run, without the pause in its pace', () => {
    const resumed = logged(100, {
      type: 'resumed',
      from: { step: 20, epoch: 2 },
      steps: 40,
      epochs: 4,
      parameters: 10,
      notes: [],
    })
    const progress = progressOf([started, step(10, 4), resumed])
    expect(progress).toMatchObject({ step: 20, epoch: 2, steps: 40, from: null })
    const words = 'The disk is full'
    const waiting = progressAfter(progress, logged(110, { type: 'waiting', reason: 'disk full', path: '/x', words }))
    expect(waiting.waiting).toBe(words)
    const after = [logged(500, { type: 'continued', seconds: 390 }), step(501, 22), step(503, 26)]
    const going = after.reduce(progressAfter, waiting)
    expect(going.waiting).toBeNull()
    expect(secondsPerStep(going)).toBeCloseTo(0.5)
  })

  it('of several runs is as long as the longest', () => {
    const short = progressOf([started, step(10, 4), step(16, 16)])
    const long = progressOf([started, step(10, 4), step(34, 16)])
    expect(longestLeft(['3', '4'], { 3: short, 4: long })).toBeCloseTo(48)
    expect(longestLeft(['3', '4'], { 3: short, 4: progressOf([started]) })).toBeNull()
    expect(longestLeft(['3', '4'], { 3: short })).toBeNull()
  })

  it('writes times in readable units', () => {
    expect([0, 45.4, 190, 3725].map(clock)).toEqual(['0 s', '45 s', '3:10', '1:02:05'])
  })
})

const detail = (events: readonly LoggedEvent[], secondsBefore = 0): RunDetail =>
  ({
    run: { id: '3', secondsBefore, epochs: { done: 2, planned: 4 } },
    environment: {},
    events,
  }) as unknown as RunDetail

describe('a job', () => {
  const job = (state: RunJob['state'], changes: Partial<RunJob> = {}): RunJob => ({
    executor: 'slurm',
    id: '4711',
    node: null,
    words: 'Waits in Slurm: no free node (Resources).',
    folder: '/runs/3/job',
    state,
    ...changes,
  })

  it('is named with its number and node', () => {
    expect(jobName(job('pending'))).toBe('Slurm job 4711')
    expect(jobName(job('running', { node: 'n3' }))).toBe('Slurm job 4711 on n3')
    expect(jobName(job('submitted', { id: null }))).toBe('Slurm job')
    expect(jobName(job('pending', { executor: 'folder', id: null }))).toBe('job folder')
  })

  it('says what it waits for until it runs', () => {
    expect(jobWait(job('submitted'))).toBe('submitting the job')
    expect(jobWait(job('pending'))).toBe('waits in Slurm')
    expect(jobWait(job('pending', { executor: 'folder' }))).toBe('waits for its start')
    expect(jobWait(job('running'))).toBeNull()
  })

  it('is paused only when it runs', () => {
    const words = (of: RunJob | null, status: RunView['status'] = 'running') => pauseInWords({ job: of, status })
    expect(words(job('running'))).toMatch(/^Cancels the Slurm job 4711/)
    expect(words(job('running', { executor: 'folder' }))).toMatch(/^Asks the job to store its state/)
    expect(words(job('pending'), 'queued')).toBeNull()
    expect(words(job('submitted'), 'queued')).toBeNull()
    expect(words(job('ended'))).toMatch(/^Finishes the step/) // of an earlier attempt
    expect(words(null)).toMatch(/^Finishes the step/)
    expect(words(null, 'queued')).toBeNull()
  })

  it('folder gives its command apart from the sentence', () => {
    const words = "Start the job: bash '/a b/job.sh'"
    const folder = job('pending', { executor: 'folder', words })
    expect(splitCommand(folder)).toEqual({ sentence: 'Start the job: ', command: "bash '/a b/job.sh'" })
    expect(splitCommand({ ...folder, executor: 'slurm' })).toEqual({ sentence: words, command: null })
    expect(splitCommand(job('pending'))).toEqual({ sentence: job('pending').words, command: null })
  })

  it('gives the place of its run, and a device gives the place of a run without a job', () => {
    const devices = [
      { label: 'GPU 0', runs: [] },
      { label: 'GPU 1', runs: [{ run: '3', words: 'run 3: epoch 1/2' }] },
    ]
    const engine = { devices } as unknown as EngineState
    const one = { devices: [devices[1]] } as unknown as EngineState
    const place = (of: RunJob | null, on = engine) => placeOf({ id: '3', job: of, status: 'running' }, on)
    expect(place(job('running', { node: 'n3' }))).toBe('n3')
    expect(place(job('pending'))).toBe('job 4711')
    expect(place(job('submitted', { id: null }))).toBeNull()
    expect(place(null)).toBe('GPU 1')
    expect(place(null, one)).toBeNull()
  })

  it('lives while its run waits or trains', () => {
    expect(livingJob({ job: job('pending'), status: 'queued' })).not.toBeNull()
    expect(livingJob({ job: job('running'), status: 'running' })).not.toBeNull()
    expect(livingJob({ job: job('running'), status: 'interrupted' })).toBeNull()
    expect(livingJob({ job: job('ended'), status: 'running' })).toBeNull()
    expect(livingJob({ job: null, status: 'running' })).toBeNull()
  })

  it('is found again when a window opens, if its run was left', () => {
    const ended = { job: job('ended'), status: 'finished' } as const
    const left = { job: job('running'), status: 'interrupted' } as const
    const taken = { job: job('pending'), status: 'queued' } as const
    expect(foundJobsInWords([ended, { job: null, status: 'running' }])).toBeNull()
    expect(foundJobsInWords([ended, left])).toBe('1 job was found. The list of runs shows it.')
    expect(foundJobsInWords([ended, left, taken])).toBe('2 jobs were found. The list of runs shows them.')
  })
})

describe('a log', () => {
  const preview = (seconds: number, n: number) =>
    logged(seconds, { type: 'preview', epoch: n, shape: [1, 1], units: 'signal', file: 'a.h5', slice: 0, path: '/p' })
  const resumed = (seconds: number, at: number, n: number) =>
    logged(seconds, { type: 'resumed', from: { step: at, epoch: n }, steps: 40, epochs: 4, parameters: 1, notes: [] })

  it('removes events that a resumed run repeats, and keeps the others', () => {
    const events = [
      started,
      step(1, 5),
      step(2, 10),
      epoch(3, 1, 0.5),
      preview(4, 1),
      step(5, 12),
      epoch(6, 2, 0.6),
      preview(7, 2),
    ]
    const seqs = (log: readonly LoggedEvent[]) => log.map(({ seq }) => seq)
    expect(seqs(withEvent(events, resumed(8, 11, 1)))).toEqual([0, 1, 2, 3, 4, 8])
    expect(seqs(withEvent(events, resumed(8, 0, 0)))).toEqual([0, 8])
    expect(seqs(withEvent(events, { ...started, seq: 8 }))).toEqual([0, 8])
    expect(seqs(withEvent(events, step(9, 13)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9])
  })

  it('contains each line once', () => {
    expect(withEvent([started, step(1, 5)], step(1, 5))).toHaveLength(2)
  })
})

describe('curves', () => {
  const events = [started, step(2, 5), epoch(5, 1, 0.5), step(7, 15), epoch(11, 2, null)]

  it('show epochs on the axis, with steps between epochs', () => {
    const curves = curvesOf(detail(events), 'epoch', true)
    expect(curves.loss).toEqual({ x: [1, 2], y: [1, 0.5] })
    expect(curves.ssim).toEqual({ x: [1], y: [0.5] })
    expect(curves.steps.x).toEqual([0.5, 1.5])
  })

  it('show training time on the axis, after the time of the pre-training', () => {
    expect(curvesOf(detail(events, 100), 'time', true).loss.x).toEqual([105, 110])
    expect(curvesOf(detail(events, 100), 'time', false).loss.x).toEqual([5, 10])
  })
})

describe('differences', () => {
  it('names only the settings in which runs differ', () => {
    const run = (seed: number, parent: string | null) =>
      ({ run: { study: 'Brain', parent, config: { seed, mask: { acceleration: 4 } } } }) as unknown as RunDetail
    expect(differences([run(1, '4'), run(2, null)])).toEqual([
      { path: 'seed', values: ['1', '2'] },
      { path: 'start', values: ['4', '—'] },
    ])
    expect(differences([run(1, null), run(1, null)])).toEqual([])
  })
})

describe('colours', () => {
  it('stay the same for a run, and differ between neighbours', () => {
    const seven = Array.from({ length: 7 }, (_, i) => runColour(String(i + 10)))
    expect(new Set(seven).size).toBe(7)
    expect(runColour('10')).toBe(seven[0])
  })
})
