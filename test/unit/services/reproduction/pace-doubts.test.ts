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
import { recordDevice, rewind } from '../../../../src/services/runs/store-training.ts'
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

it('a run that goes on elsewhere keeps its devices, and a run that begins anew forgets them', () => {
  const { profile: opened } = services
  const run = addTimed(0, 10)
  const where = () => trainedOnOf(storedRun(opened, run).environment).map(({ host, threads }) => [host, threads])
  recordDevice(opened, run, { device: CPU })
  expect(where()).toEqual([['n1', 2]])
  expect(recordDevice(opened, run, { device: { ...CPU, host: 'n2' } })).toBeNull()
  expect(recordDevice(opened, run, { device: { ...CPU, host: 'n2', threads: 8 } })?.text).toContain('threads 8, not 2')
  recordDevice(opened, run, { device: { ...CPU, host: 'n2', threads: 8 } })
  expect(where()).toEqual([
    ['n1', 2],
    ['n2', 2],
    ['n2', 8],
  ])
  rewind(opened, run, { step: 6, epoch: 1 })
  expect(where()).toHaveLength(3)
  rewind(opened, run, { step: 0, epoch: 0 })
  expect(where()).toEqual([['n2', 8]])
})
