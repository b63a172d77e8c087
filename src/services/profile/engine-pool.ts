/** The engine processes of a program. Each process starts at its first call. */
import { AppError } from '../../contract/errors.ts'
import type { InstalledEngine } from '../../engine/install/environment.ts'
import { type InstallOptions, installEngine, locateEngine } from '../../engine/install/install.ts'
import { type Engine, startEngine } from '../../engine/process/client.ts'
import { type EngineHolder, holdEngine } from './engine-holder.ts'
import { masksDirectory } from './paths.ts'
import type { Profile } from './profile.ts'
import { readSettings } from './settings.ts'

export interface EnginePool {
  /**
   * Engine for training and evaluation. Installs TensorFlow if it is missing. For a window, throws
   * `ENGINE_UNAVAILABLE` instead.
   */
  jobs(signal?: AbortSignal): Promise<Engine>
  /** Engine for viewing, reading and writing files. These calls need no TensorFlow. */
  readonly interactive: Engine
  /** The living engine processes. */
  readonly living: readonly Engine[]
  /** Later calls start new engine processes, because TensorFlow was installed or its settings changed. */
  renew(): void
  readonly onInstall: InstallOptions['onProgress']
  dispose(): void
}

export interface EngineOptions {
  readonly onInstall?: InstallOptions['onProgress']
  /** For a window nothing is installed automatically, and trainings have a lower priority than viewing. */
  readonly forWindow?: boolean
}

/** `nice` of the training engine for a window, because viewing should have a higher priority. */
const TRAINING_NICENESS = 10

function installedEngine(): InstalledEngine {
  const installed = locateEngine()
  if (installed) return installed
  throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. Install it first.')
}

/** The engine for viewing. It is restarted once TensorFlow is installed. */
function interactiveEngine(holder: EngineHolder, masks: string): () => Engine {
  /** Whether the engine was started with TensorFlow. */
  let computes = false
  return () => {
    if (!computes && locateEngine()) holder.retire() // TensorFlow was installed since, perhaps by another program
    return holder.get(() => {
      const installed = locateEngine()
      computes = installed !== null
      return startEngine(installed, { masks })
    })
  }
}

export function makeEnginePool(profile: Profile, { onInstall, forWindow = false }: EngineOptions): EnginePool {
  const viewing = holdEngine()
  const jobs = holdEngine()
  const masks = masksDirectory(profile)
  const interactive = interactiveEngine(viewing, masks)
  return {
    onInstall,
    async jobs(signal) {
      if (jobs.current) return jobs.current
      const installed = forWindow ? installedEngine() : await installEngine({ onProgress: onInstall, signal })
      const { xla } = readSettings(profile)
      return jobs.get(() => startEngine(installed, { xla, masks, niceness: forWindow ? TRAINING_NICENESS : 0 }))
    },
    get interactive() {
      return interactive()
    },
    get living() {
      return [viewing.current, jobs.current].filter(engine => engine !== null)
    },
    renew() {
      viewing.retire()
      jobs.retire()
    },
    dispose() {
      viewing.dispose()
      jobs.dispose()
    },
  }
}

/** Installs or repairs the engine for a user who asked for it, with the progress display of the program. */
export const installNow = (engines: EnginePool, options: Omit<InstallOptions, 'onProgress' | 'repair'>) =>
  installEngine({ ...options, repair: true, onProgress: engines.onInstall })
