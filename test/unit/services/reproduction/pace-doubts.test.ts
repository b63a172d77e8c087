/** Doubts about the length of a control of equal time, and the devices that a run's row keeps. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Device } from '../../../../src/contract/engine.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { paceDoubts, paceNotes } from '../../../../src/services/reproduction/pace-doubts.ts'
import type { PlannedTraining } from '../../../../src/services/reproduction/planned.ts'
import { trainedOnOf } from '../../../../src/services/runs/environment.ts'
import { findRun, storedRun } from '../../../../src/services/runs/runs.ts'
import { deviceChange, recordDevice, recordJob, rewind } from '../../../../src/services/runs/store-training.ts'
import { addRun, TRAINING } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'

let profile: string
let services: Services
let study: number

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-pace-'))
  services = openServices({ profile })
  study = addStudy(services.profile, 's', []).id
})

afterEach(() => {
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const CPU: Device = {
  host: 'n1',
  cpu: 'AMD EPYC',
  threads: 2,
  tensorflow: '2.21.0',
  tfjs: '4.22.0',
  device: 'CPU',
  gpu: null,
  compiler: null,
  kernels: 'TensorFlow',
  node: '24.0.0',
  platform: 'linux x64',
  variant: 'cpu',
  build: 'tensorflow-2.21.0-cpu-linux-x64',
}

/** A run on a device that took the minutes `from` to `to`. */
function addTimed(from: number, to: number, device: Partial<Device> = {}): string {
  const run = addRun(services.profile, study)
  recordDevice(services.profile, run, { device: { ...CPU, ...device } })
  const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString()
  services.profile.db
    .prepare('UPDATE runs SET started_at = ?, finished_at = ? WHERE id = ?')
    .run(at(from), at(to), Number(run))
  return run
}

const CONTROL: PlannedTraining = {
  key: 'control of equal time',
  identity: '',
  label: '',
  fold: 0,
  patients: null,
  config: TRAINING,
  parent: null,
  asLongAs: { pace: 'control', trainings: ['pre-training', 'fine-tuning'] },
  group: '',
  estimate: 1,
  spared: 0,
}

function finishedAs(control: string, pretraining: string, tuning: string) {
  const of = (run: string) => findRun(services.profile, run)
  return new Map([
    ['control', of(control)],
    ['pre-training', of(pretraining)],
    ['fine-tuning', of(tuning)],
  ])
}

it('there is no doubt if the times are of one kind of device, one after another', () => {
  const finished = finishedAs(addTimed(20, 30), addTimed(0, 10), addTimed(10, 20, { host: 'n2' }))
  addTimed(2, 8, { host: 'n3' }) // on another machine
  expect(paceDoubts(services.profile, CONTROL, finished)).toEqual([])
  expect(paceNotes(services.profile, CONTROL, finished)).toEqual([])
})

it('times of different kinds of device make a doubt, and a note names the devices', () => {
  const finished = finishedAs(addTimed(20, 30), addTimed(0, 10), addTimed(10, 20, { threads: 8 }))
  expect(paceDoubts(services.profile, CONTROL, finished)).toEqual(['other kinds'])
  const [{ text, code }] = paceNotes(services.profile, CONTROL, finished)
  expect(code).toBe('pace-doubt')
  expect(text).toContain('TensorFlow 2.21.0, CPU, 2 threads, on n1; TensorFlow 2.21.0, CPU, 8 threads, on n1')
})

it('a training beside makes a doubt', () => {
  const finished = finishedAs(addTimed(20, 30), addTimed(0, 10), addTimed(10, 20))
  addTimed(25, 40)
  expect(paceDoubts(services.profile, CONTROL, finished)).toEqual(['trainings beside'])
  expect(paceDoubts(services.profile, { ...CONTROL, asLongAs: null }, finished)).toEqual([])
})

it('a job has no company, because the scheduler gave it its processors', () => {
  const jobs = [addTimed(20, 30), addTimed(0, 30), addTimed(10, 30)] as const
  const job = { executor: 'slurm', id: '812', state: 'ended', node: 'n1', words: '', folder: '' } as const
  const toJob = (run: string) => recordJob(services.profile, run, { job })
  for (const run of jobs) toJob(run)
  addTimed(25, 40)
  expect(paceDoubts(services.profile, CONTROL, finishedAs(...jobs))).toEqual([])
  const local = finishedAs(addTimed(60, 70), addTimed(40, 50), addTimed(50, 60))
  toJob(addTimed(45, 70))
  expect(paceDoubts(services.profile, CONTROL, local)).toEqual([])
})

it('a run that goes on elsewhere keeps its devices, and a run that begins anew forgets them', () => {
  const { profile: opened } = services
  const run = addTimed(0, 10)
  const where = () => trainedOnOf(storedRun(opened, run).environment).map(({ host, threads }) => [host, threads])
  const continueOn = (device: Partial<Device>, step: number) => {
    recordDevice(opened, run, { device: { ...CPU, ...device } })
    rewind(opened, run, { step, epoch: step })
    return deviceChange(opened, run, step)?.text ?? null
  }
  expect(continueOn({}, 0)).toBeNull()
  expect(where()).toEqual([['n1', 2]])
  const all = [
    ['n1', 2],
    ['n2', 2],
    ['n2', 8],
  ]
  for (const _opening of [1, 2, 3]) {
    // A program that opens the profile hears all events of the job again.
    expect(continueOn({ host: 'n2' }, 6)).toBeNull()
    expect(continueOn({ host: 'n2', threads: 8 }, 9)).toContain('threads 8, not 2')
    expect(continueOn({ host: 'n2', threads: 8 }, 12)).toBeNull()
    expect(where()).toEqual(all)
  }
  expect(continueOn({}, 15)).toContain('threads 2, not 8')
  expect(where()).toEqual([...all, ['n1', 2]]) // back on the first machine
  expect(continueOn({}, 0)).toBeNull()
  expect(where()).toEqual([['n1', 2]])
})
