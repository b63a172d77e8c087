/** Deletes files of a run that are no longer needed. While a job trains the run, the job alone deletes files. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunJob } from '../../contract/execution.ts'
import { inJob, jobFolderOf } from '../places/jobs/job-files.ts'
import { runDirectory, runFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { isNamed } from './store-training.ts'

export interface Tidy {
  /** Deletes files, given as stored paths. */
  remove(paths: readonly string[]): void
  /** Takes the state of the run's job. When the job has ended, files that nothing names any more are deleted. */
  heed(job: RunJob): void
}

/** Incomplete files of a process that died. */
const partialFiles = (directory: string): string[] => {
  try {
    return readdirSync(directory)
      .filter(name => name.startsWith('.') && name.endsWith('.part'))
      .map(name => join(directory, name))
  } catch {
    return [] // the folder does not exist yet
  }
}

/** Also deletes incomplete files of an earlier process. A job deletes those of an earlier attempt itself. */
export function makeTidy(profile: Profile, run: string): Tidy {
  const directory = runDirectory(profile, run)
  if (!existsSync(inJob(jobFolderOf(directory)).record))
    for (const path of partialFiles(directory)) rmSync(path, { force: true })
  /** A job writes the run's files now. Its events come late, so that a file may have been written again since. */
  let isInJob = false
  const later = new Set<string>()

  function remove(paths: readonly string[]): void {
    if (isInJob) {
      for (const path of paths) later.add(path)
      return
    }
    for (const path of paths) rmSync(runFile(profile, path), { force: true })
  }

  return {
    remove,
    heed({ state }) {
      isInJob = state !== 'ended'
      if (isInJob) return
      remove([...later].filter(path => !isNamed(profile, run, path)))
      later.clear()
    },
  }
}
