/** Resumes interrupted runs when a window opens their profile. */
import { AppError } from '../../contract/errors.ts'
import { locateEngine } from '../../engine/install/install.ts'
import { jobFolderOf } from '../places/jobs/job-files.ts'
import { staysCancelled } from '../places/jobs/job-folder.ts'
import { runDirectory } from '../profile/paths.ts'
import { readSettings } from '../profile/settings.ts'
import type { WithQueue } from './queue.ts'
import { prepareResumption } from './resume.ts'
import { storedRuns, toRunRow } from './runs.ts'

/** Largest number of automatic resumptions of a run that makes no progress. */
const MOST_RESUMES = 3

/**
 * Queues runs again that were queued when a signal stopped the program, in their order. Runs whose jobs may go on come
 * first, and with the setting `autoResume` also runs that were training. A run that cannot be resumed stays
 * interrupted, and so does a run whose job the user cancelled.
 */
export async function resumeInterrupted(opened: WithQueue): Promise<void> {
  if (!locateEngine()) return
  const { autoResume } = readSettings(opened.profile)
  const rows = storedRuns(opened.profile).filter(
    ({ status, hidden_at }) => status === 'interrupted' && hidden_at === null,
  )
  for (const row of rows.toSorted((a, b) => (a.queue_place ?? 0) - (b.queue_place ?? 0))) {
    const { resumable, stateStep, job } = toRunRow(opened.profile, row)
    const waited = row.queue_place !== null || (job !== null && job.state !== 'ended' && job.state !== 'lost')
    if (!(waited || autoResume)) continue
    if (!resumable) continue
    if (!waited && row.resumes >= MOST_RESUMES && (stateStep ?? 0) <= row.resumed_step) continue
    try {
      const run = String(row.id)
      if (!waited && staysCancelled(jobFolderOf(runDirectory(opened.profile, run)))) continue
      opened.queue.resume(run, await prepareResumption(opened, run, { unasked: !waited }))
    } catch (error) {
      if (!opened.profile.db.open) return
      if (!(error instanceof AppError)) throw error
    }
  }
}
