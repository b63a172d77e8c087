/** The statuses of runs: the changes that the store makes, and the changes that it refuses. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RunStatus } from '../../../../src/contract/runs.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { eventsOf } from '../../../../src/services/runs/log.ts'
import { storedRun } from '../../../../src/services/runs/runs.ts'
import {
  beginRun,
  cancelRun,
  claimRun,
  finishRun,
  interruptAbandoned,
  interruptRun,
  pauseRun,
  setHidden,
} from '../../../../src/services/runs/store.ts'
import { addRun } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'

let profile: string
let services: Services
let study: number

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-store-'))
  services = openServices({ profile })
  study = addStudy(services.profile, 's', []).id
})

afterEach(() => {
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const refused = expect.objectContaining({ code: 'STATE_CONFLICT' })
const statusOf = (run: string) => storedRun(services.profile, run).status

const CHANGES: Readonly<Record<string, (run: string) => void>> = {
  begin: run => beginRun(services.profile, run),
  finish: run => finishRun(services.profile, run),
  pause: run => pauseRun(services.profile, run),
  cancel: run => cancelRun(services.profile, run, 'Cancelled'),
  interrupt: run => interruptRun(services.profile, run, 'It was closed.'),
  resume: run => claimRun(services.profile, run, statusOf(run), 0, 0),
}

it.each<[RunStatus, string[]]>([
  ['queued', ['begin', 'finish', 'pause', 'cancel', 'interrupt']],
  ['running', ['finish', 'pause', 'cancel', 'interrupt']],
  ['interrupted', ['finish', 'pause', 'cancel', 'interrupt', 'resume']],
  ['paused', ['resume']],
  ['cancelled', ['resume']],
  ['failed', ['resume']],
  ['finished', []],
])('a run that is %s can %j', (status, allowed) => {
  for (const [name, change] of Object.entries(CHANGES)) {
    const run = addRun(services.profile, study, { status })
    if (allowed.includes(name)) change(run)
    else {
      expect(() => change(run)).toThrow(refused)
      expect([statusOf(run), eventsOf(services.profile, run).length]).toEqual([status, 1])
    }
  }
})

it('a run that another process has taken cannot be changed by this process', () => {
  for (const status of ['queued', 'running'] as const) {
    const run = addRun(services.profile, study, { status, pid: process.ppid })
    const { host } = storedRun(services.profile, run)
    for (const change of [beginRun, finishRun, pauseRun])
      expect(() => change(services.profile, run)).toThrow(
        expect.objectContaining({ message: expect.stringContaining('taken') }),
      )
    interruptAbandoned(services.profile, { run, status, pid: process.pid, host }, 'gone')
    expect(statusOf(run)).toBe(status)
    interruptAbandoned(services.profile, { run, status, pid: process.ppid, host: 'n3' }, 'gone')
    expect(statusOf(run)).toBe(status)
    interruptAbandoned(services.profile, { run, status, pid: process.ppid, host }, 'gone')
    expect(statusOf(run)).toBe('interrupted')
  }
})

it('a run can be resumed once, and can be hidden only after its end', () => {
  const run = addRun(services.profile, study, { status: 'paused' })
  claimRun(services.profile, run, 'paused', 0, 0)
  expect(() => claimRun(services.profile, run, 'paused', 0, 0)).toThrow(refused)
  expect(() => setHidden(services.profile, run, true)).toThrow(refused)
  cancelRun(services.profile, run, 'Cancelled')
  setHidden(services.profile, run, true)
  expect(storedRun(services.profile, run).hidden_at).not.toBeNull()
})
