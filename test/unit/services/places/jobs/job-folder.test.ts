import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { inJob, type JobRequest } from '../../../../../src/services/places/jobs/job-files.ts'
import { prepareFolder } from '../../../../../src/services/places/jobs/job-folder.ts'

vi.mock('node:fs', { spy: true })

it('a copy of a mask that a full disk cut short is made again', async () => {
  const { copyFileSync } = await import('node:fs')
  const root = mkdtempSync(join(tmpdir(), 'job-folder-'))
  const folder = join(root, 'job')
  mkdirSync(folder)
  const mask = join(root, 'mask.npy')
  writeFileSync(mask, 'the whole mask')
  const request: JobRequest = { format: 1, call: 'compare', params: {}, xla: false, gpus: 0 }
  vi.mocked(copyFileSync).mockImplementationOnce((_, to) => {
    writeFileSync(to, 'the wh')
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  })
  expect(() => prepareFolder(folder, request, [mask])).toThrow('ENOSPC')
  prepareFolder(folder, request, [mask])
  expect(readFileSync(join(inJob(folder).masks, 'mask.npy'), 'utf8')).toBe('the whole mask')
  rmSync(root, { recursive: true })
})
