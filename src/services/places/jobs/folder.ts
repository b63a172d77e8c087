/**
 * Job folders for other schedulers, and for scripts. Somebody starts the job with `self-mri job FOLDER`, or with the
 * folder's script. The files of the folder say how the job goes on.
 */
import { existsSync, writeFileSync } from 'node:fs'
import type { JobExecutor, Seen, SubmittedJob } from './job-executor.ts'
import { inJob, JobEnd, readJobFile, readOwner } from './job-files.ts'
import { startCommand, writeScript } from './job-script.ts'

function seen({ folder }: SubmittedJob): Seen {
  const nothing = { id: null, node: null, again: false }
  const end = readJobFile(inJob(folder).end, JobEnd)
  const command = startCommand(folder)
  const start = `Start the job, or let your scheduler start it: ${command}`
  if (end?.how === 'again') return { ...nothing, state: 'pending', words: `The job has stored its state. ${start}` }
  if (end) return { ...nothing, state: 'ended', words: end.words }
  if (readOwner(folder) === null) return { ...nothing, state: 'pending', words: start }
  return {
    ...nothing,
    state: 'running',
    words: `The job has begun. If its process was killed, start it again: ${command}`,
  }
}

export function makeFolderExecutor(setup: () => string | null): JobExecutor {
  let number = 0
  return {
    id: 'folder',
    async submit({ folder }) {
      writeScript(folder, setup())
      return null
    },
    look: async () => ({ number: ++number, find: seen }),
    async cancel({ folder }) {
      const { cancel } = inJob(folder)
      if (!existsSync(cancel)) writeFileSync(cancel, '')
    },
  }
}
