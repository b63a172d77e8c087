/** Cancelling a job whose id is not known, and a job that does not end. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { cancelJob } from '../../../../../src/services/places/jobs/job-cancel.ts'
import type { JobExecutor, Seen } from '../../../../../src/services/places/jobs/job-executor.ts'
import { inJob, type JobRecord } from '../../../../../src/services/places/jobs/job-files.ts'
import { jobRecord } from '../../../../jobs.ts'

vi.mock('node:timers/promises', () => ({ setTimeout: async () => {} }))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-cancel-'))
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const record = jobRecord('slurm')
const line = (state: Seen['state'], id: string | null = null): Seen => ({
  state,
  id,
  node: null,
  words: '',
  again: false,
})

/** Cancels while the scheduler gives these answers, the last of them again and again. */
async function cancelled(job: JobRecord, answers: readonly { seen: Seen; number: number }[]) {
  const asked: (string | null)[] = []
  const left = [...answers]
  const executor: JobExecutor = {
    id: 'slurm',
    submit: async () => null,
    async look() {
      vi.advanceTimersByTime(10_000)
      const { seen, number } = left.length > 1 ? left.shift()! : left[0]
      return { number, find: () => seen }
    },
    cancel: async ({ record: { id } }) => void asked.push(id),
  }
  const outcome = cancelJob({ folder, record: job }, executor, async () => null)
  return { outcome: await outcome, asked, left: left.length }
}
const numbered = (...all: Seen[]) => all.map((seen, number) => ({ seen, number }))

it('cancels the job that the scheduler names, if its id was not noted', async () => {
  const answers = numbered(line('pending', '813'), line('running', '813'), line('ended', '813'), line('ended', '813'))
  expect(await cancelled(record, answers)).toMatchObject({ outcome: 'cancelled', asked: [null, '813'] })
})

it('does not take an answer from before the cancellation for the end of the job', async () => {
  const missing = line('missing', '812')
  const old = { seen: missing, number: 4 }
  const answers = [old, old, { seen: line('running', '813'), number: 5 }, ...numbered(missing, missing)]
  const { outcome, asked } = await cancelled({ ...record, id: '812' }, answers)
  expect(outcome).toBe('cancelled')
  expect(asked).toEqual(['812', '813'])
})

it('says so if the job does not end, and leaves the file that asks the job to stop', async () => {
  const { outcome, asked } = await cancelled({ ...record, id: '812' }, [{ seen: line('running', '812'), number: 1 }])
  expect(outcome).toBe('goes on')
  expect(asked).toEqual(['812'])
  expect(existsSync(inJob(folder).cancel)).toBe(true)
})
