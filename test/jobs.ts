/** Records of jobs for tests. */
import type { JobRecord } from '../src/services/places/jobs/job-files.ts'

export const jobRecord = (executor: JobRecord['executor']): JobRecord => ({
  executor,
  id: null,
  name: 'self-mri-7',
  token: 't',
  fruitless: 1,
  step: 0,
  told: false,
})
