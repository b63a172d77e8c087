/** Opens a profile with all services. Only the shells (command line, host, desktop) import this file. */

import { type EngineOptions, makeEnginePool } from './places/engine-pool.ts'
import { openProfile, type ProfileOptions } from './profile/profile.ts'
import type { Closing } from './runs/ending.ts'
import { adoptFormerRuns } from './runs/former-runs.ts'
import { markInterrupted } from './runs/interrupted.ts'
import { makeQueue, type WithQueue } from './runs/queue.ts'
import { resumeInterrupted } from './runs/resume-interrupted.ts'
import { makeContents } from './studies/contents/reader.ts'
import { adoptFormerScores } from './viewing/former-scores.ts'

export interface Services extends WithQueue {
  /** Ends at once. Queued and running runs of this process become `interrupted`. */
  dispose(): void
  /** Stops the running trainings, waits until their states are written, and disposes. See `Queue.stop`. */
  close(how?: Closing, cancelJobs?: boolean): Promise<void>
}

export type ServiceOptions = ProfileOptions & EngineOptions

export function openServices(options: ServiceOptions = {}): Services {
  const profile = openProfile(options, opened => markInterrupted(opened, { atStart: true }))
  const engines = makeEnginePool(profile, options)
  const contents = makeContents(profile, engines, study => {
    adoptFormerRuns(profile, study)
    adoptFormerScores(profile, study)
  })
  const queue = makeQueue({ profile, engines })
  function dispose(): void {
    queue.dispose()
    engines.dispose()
    profile.db.close()
  }
  const services: Services = {
    profile,
    engines,
    contents,
    queue,
    dispose,
    async close(how, cancelJobs) {
      await queue.stop(how, cancelJobs)
      dispose()
    },
  }
  if (options.forWindow) resumeInterrupted(services).catch(error => console.error(error))
  return services
}
