/** The engine processes of a program, each started when it is first needed. */
import { AppError } from '../../contract/errors.ts'
import type { InstalledEngine } from '../../engine/install/environment.ts'
import { type InstallOptions, installEngine, locateEngine } from '../../engine/install/install.ts'
import { type Engine, startEngine } from '../../engine/process/client.ts'
import { type EngineHolder, holdEngine } from './engine-holder.ts'
import type { Profile } from './profile.ts'
import { readSettings } from './settings.ts'

export interface EnginePool {
  /**
   * Engine for training and evaluation. Without TensorFlow it is installed first, or for a window `ENGINE_UNAVAILABLE`
   * is thrown.
   */
  jobs(signal?: AbortSignal): Promise<Engine>
  /** Engine for looking at files, and for reading and writing them, which needs no TensorFlow. */
  readonly interactive: Engine
  /** The engine processes that live now. */
  readonly living: readonly Engine[]
  /** Later calls go to new engine processes: TensorFlow has been installed or changed. */
  renew(): void
  readonly onInstall: InstallOptions['onProgress']
  dispose(): void
}

export interface EngineOptions {
  readonly onInstall?: InstallOptions['onProgress']
  /** Behind a window nothing is installed unasked, and trainings give way to viewing. */
  readonly forWindow?: boolean
}

/** `nice` of the engine that trains behind a window: a slice that is looked at goes first. */
const TRAINING_NICENESS = 10

function installedEngine(): InstalledEngine {
  const installed = locateEngine()
  if (installed) return installed
  throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. Install it first.')
}

/** The engine for looking at files, which is started again once TensorFlow is installed. */
function interactiveEngine(holder: EngineHolder): () => Engine {
  /** Whether the engine was started with TensorFlow. */
  let computes = false
  return () => {
    if (!computes && locateEngine()) holder.retire() // installed since, perhaps by another program
    return holder.get(() => {
      const installed = locateEngine()
      computes = installed !== null
      return startEngine(installed)
    })
  }
}

export function makeEnginePool(profile: Profile, { onInstall, forWindow = false }: EngineOptions): EnginePool {
  const viewing = holdEngine()
  const jobs = holdEngine()
  const interactive = interactiveEngine(viewing)
  return {
    onInstall,
    async jobs(signal) {
      if (jobs.current) return jobs.current
      const installed = forWindow ? installedEngine() : await installEngine({ onProgress: onInstall, signal })
      const { xla } = readSettings(profile)
      return jobs.get(() => startEngine(installed, { xla, niceness: forWindow ? TRAINING_NICENESS : 0 }))
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

/** Installs TensorFlow, with the same progress as when a command needs it. */
export const installNow = (engines: EnginePool, options: Omit<InstallOptions, 'onProgress'>) =>
  installEngine({ ...options, onProgress: engines.onInstall })
