/** Jobs as places of trainings, by the settings of the profile. */
import type { Execution } from '../../contract/execution.ts'
import type { Engine } from '../../engine/process/client.ts'
import { masksDirectory, runDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { readSettings } from '../profile/settings.ts'
import { makeExecutors } from './executors.ts'
import { makeJobPlaces } from './job-places.ts'
import { JobEngine } from './jobs/job-engine.ts'
import { jobFolderOf, mayGoOn } from './jobs/job-files.ts'
import type { Place, TakeOptions } from './place.ts'

export interface RemotePlaces {
  /** Whether trainings become jobs. */
  readonly isChosen: boolean
  /** Whether this program waits for a job now. */
  readonly waitsForJob: boolean
  /** Makes jobs without a place. */
  readonly engine: Engine
  /** Waits until fewer than the most jobs are there. */
  take(options: TakeOptions): Promise<Place>
  /** Whether a run has a job whose end nobody was told. The job may go on. */
  goesOn(run: string): boolean
  /** See `JobEngine.before`. */
  before(local: Engine): Engine
  /** Jobs go on. */
  dispose(): void
}

/** @param local The engine for calls that are no jobs. */
export function makeRemotePlaces(
  profile: Profile,
  execution: () => Execution,
  local: (signal?: AbortSignal) => Promise<Engine>,
): RemotePlaces {
  const settings = () => execution().slurm
  const executors = makeExecutors(settings)
  const places = makeJobPlaces(() => settings().jobs)
  const engine = new JobEngine({
    executors,
    chosen: () => executors[execution().executor === 'folder' ? 'folder' : 'slurm'],
    xla: () => readSettings(profile).xla,
    gpus: () => settings().gpus ?? 0,
    runs: profile.runs,
    masks: masksDirectory(profile),
    local,
  })
  return {
    get isChosen() {
      return execution().executor !== 'local'
    },
    get waitsForJob() {
      return engine.waitsForJob
    },
    engine,
    take: options => places.take(options, engine),
    goesOn: run => mayGoOn(jobFolderOf(runDirectory(profile, run))),
    before: each => engine.before(each),
    dispose: () => engine.dispose(),
  }
}
