/** Job folders without a scheduler, and the jobs of a program that follows none. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SlurmSettings } from '../../../../../src/contract/execution.ts'
import { makeFolderExecutor } from '../../../../../src/services/places/jobs/folder.ts'
import { inJob, writeWhole } from '../../../../../src/services/places/jobs/job-files.ts'
import { makeJobsNow } from '../../../../../src/services/places/jobs-now.ts'
import { jobRecord } from '../../../../jobs.ts'

let folder: string
const record = jobRecord('folder')
const executor = makeFolderExecutor(() => 'source /opt/env.sh')
const jobs = makeJobsNow(SlurmSettings.parse({}))
const job = () => ({ folder, record })
const see = async () => (await executor.look()).find(job())
const at = () => inJob(folder)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folder-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a job waits until somebody starts it, with the command in words', async () => {
  expect(await executor.submit(job())).toBeNull()
  expect(readFileSync(at().script, 'utf8')).toMatch(/\nsource \/opt\/env.sh\nexec .*main[.]ts job \/tmp\/folder-/)
  expect(await see()).toMatchObject({
    state: 'pending',
    words: expect.stringMatching(/Start the job.*: bash \/tmp\/fold.*job\.sh$/),
  })
  writeFileSync(at().owner, 'a')
  expect(await see()).toMatchObject({ state: 'running' })
  writeWhole(at().end, { how: 'again', words: '' })
  expect(await see()).toMatchObject({ state: 'pending', words: expect.stringContaining('has stored its state') })
  writeWhole(at().end, { how: 'died', words: 'The engine died.' })
  expect(await see()).toMatchObject({ state: 'ended', words: 'The engine died.' })
})

it('every answer of the folder counts, because there is no list of jobs', async () => {
  const first = await executor.look()
  expect((await executor.look()).number).toBeGreaterThan(first.number)
})

it('a program that follows no job sees and cancels it', async () => {
  expect(await jobs.see(folder)).toBeNull()
  await expect(jobs.cancel(folder)).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  writeWhole(at().record, record)
  expect(await jobs.see(folder)).toMatchObject({ state: 'pending' })
  expect(await jobs.cancel(folder)).toBe('cancelled')
  expect(existsSync(at().cancel)).toBe(true)
  writeWhole(at().result, { result: {} })
  expect(await jobs.see(folder)).toMatchObject({ state: 'ended', words: expect.stringContaining('is done') })
  expect(await jobs.cancel(folder)).toBe('done')
})
