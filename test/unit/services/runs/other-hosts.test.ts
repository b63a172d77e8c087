/** Runs whose process is on another machine: this machine cannot see whether that process still exists. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { lockOwner, tryLock } from '../../../../src/services/profile/db/lock.ts'
import { markEndedElsewhere } from '../../../../src/services/runs/interrupted.ts'
import { resume, stopRun } from '../../../../src/services/runs/requests.ts'
import { findRun } from '../../../../src/services/runs/runs.ts'
import { addRun } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'

let profile: string
let services: Services
let study: number

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-other-hosts-'))
  services = openServices({ profile })
  study = addStudy(services.profile, 's', []).id
})

afterEach(() => {
  services.dispose()
  vi.unstubAllEnvs()
  rmSync(profile, { recursive: true, force: true })
})

/** The number of a process that has ended. */
const endedPid = (): number => spawnSync(process.execPath, ['--version']).pid

const add = (pid: number, host: string | null) => addRun(services.profile, study, { status: 'running', pid, host })

function reopen(): void {
  services.dispose()
  services = openServices({ profile })
}

it('a run of another machine stays as it is when the profile is opened', () => {
  const pid = endedPid()
  const [own, older, other] = [add(pid, 'n1'), add(pid, null), add(pid, 'n3')]
  vi.stubEnv('SELF_MRI_HOST', 'n1')
  reopen()
  const status = (run: string) => findRun(services.profile, run).status
  expect([status(own), status(older), status(other)]).toEqual(['interrupted', 'interrupted', 'running'])
  expect(findRun(services.profile, other).elsewhere).toBe(`process ${pid} on n3`)
  expect(findRun(services.profile, own).elsewhere).toBeNull()
})

it('a row without a machine and with the number of this process is of an earlier process', () => {
  const run = addRun(services.profile, study, {
    status: 'running',
    pid: process.pid,
    host: null,
    claimedAt: '2999-01-01T00:00:00.000Z', // another machine's clock
  })
  reopen()
  expect(findRun(services.profile, run).status).toBe('interrupted')
})

it('a run of another machine is neither resumed nor stopped, and the message names its process', async () => {
  const run = add(process.pid, 'n3')
  const refused = expect.objectContaining({
    code: 'STATE_CONFLICT',
    message: expect.stringMatching(new RegExp(`process ${process.pid} on n3.*runs resume ${run} --ended-there`)),
  })
  await expect(resume(services, run)).rejects.toEqual(refused)
  expect(() => stopRun(services, run, 'cancel')).toThrow(refused)
  markEndedElsewhere(services.profile, run)
  expect(findRun(services.profile, run)).toMatchObject({
    status: 'interrupted',
    elsewhere: null,
    reason: expect.stringContaining('on n3'),
  })
  markEndedElsewhere(services.profile, run) // does nothing
})

it('a run that a living process of this machine has is not marked as ended', () => {
  const run = addRun(services.profile, study, { status: 'running', pid: process.ppid })
  expect(() => markEndedElsewhere(services.profile, run)).toThrow(
    expect.objectContaining({ message: expect.stringContaining(`process ${process.ppid} of this machine`) }),
  )
  expect(findRun(services.profile, run).status).toBe('running')
})

it('the holder of a lock is named with its machine only on another machine', () => {
  const path = join(profile, 'a.lock')
  vi.stubEnv('SELF_MRI_HOST', 'n3')
  const lock = tryLock(path)!
  lock.name('7')
  expect(lockOwner(path)).toBe(`run 7 of process ${process.pid}`)
  vi.stubEnv('SELF_MRI_HOST', 'n1')
  expect(lockOwner(path)).toBe(`run 7 of process ${process.pid} on n3`)
  lock.release()
})
