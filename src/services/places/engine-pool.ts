/** The engine processes of a program: one for viewing, and one for each slot of this machine. */
import { AppError } from '../../contract/errors.ts'
import type { Execution } from '../../contract/execution.ts'
import type { InstalledEngine } from '../../engine/install/environment.ts'
import { type InstallOptions, installEngine, locateEngine } from '../../engine/install/install.ts'
import { type Engine, startEngine } from '../../engine/process/client.ts'
import { masksDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { readSettings } from '../profile/settings.ts'
import { type EngineHolder, holdEngine } from './engine-holder.ts'
import { makeFreeSlots } from './free-slots.ts'
import type { Place, TakeOptions } from './place.ts'
import { type Slot, slotsOf } from './slots.ts'

export interface EnginePool {
  /**
   * Takes a place for a training. The caller releases the place. Installs TensorFlow if it is missing. For a window,
   * throws `ENGINE_UNAVAILABLE` instead. Rejects with `CANCELLED` if the signal is aborted.
   */
  take(options: TakeOptions): Promise<Place>
  /** The number of trainings that may go on at once. */
  slots(): Promise<number>
  /** Whether trainings are jobs, which go on without this program. */
  readonly isRemote: boolean
  /** Engine of this machine for evaluation and tuning. Installs like `take`. */
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
  /** Replaces settings of the profile. */
  readonly execution?: Partial<Execution>
}

/** `nice` of the training engines for a window, because viewing should have a higher priority. */
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

export function makeEnginePool(
  profile: Profile,
  { onInstall, forWindow = false, execution: replaced }: EngineOptions,
): EnginePool {
  const viewing = holdEngine()
  /** Engines that train, by slot. */
  const training = new Map<number, EngineHolder>()
  const masks = masksDirectory(profile)
  const interactive = interactiveEngine(viewing, masks)
  const execution = (): Execution => ({ ...readSettings(profile).execution, ...replaced })
  const present = () => slotsOf(execution())
  const free = makeFreeSlots(present)

  const install = async (signal?: AbortSignal) =>
    forWindow ? installedEngine() : await installEngine({ onProgress: onInstall, signal })

  function engineOf({ slot, threads }: Slot, installed: InstalledEngine): Engine {
    const holder = training.get(slot) ?? holdEngine()
    training.set(slot, holder)
    const { xla } = readSettings(profile)
    const niceness = forWindow ? TRAINING_NICENESS : 0
    return holder.get(() => startEngine(installed, { xla, masks, niceness, threads }))
  }

  return {
    onInstall,
    async take(options) {
      const installed = await install(options.signal)
      const { slot, lock, release } = await free.take(options)
      const { label } = slot
      return {
        slot: slot.slot,
        label,
        engine: engineOf(slot, installed),
        isRemote: false,
        name: run => lock.name(run),
        release,
      }
    },
    slots: async () => (await present()).length,
    isRemote: false,
    async jobs(signal) {
      const first = training.get(0)?.current
      if (first) return first
      const installed = await install(signal)
      return engineOf((await present())[0], installed)
    },
    get interactive() {
      return interactive()
    },
    get living() {
      return [viewing, ...training.values()].flatMap(holder => holder.current ?? [])
    },
    renew() {
      for (const holder of [viewing, ...training.values()]) holder.retire()
    },
    dispose() {
      for (const holder of [viewing, ...training.values()]) holder.dispose()
    },
  }
}

/** Installs or repairs the engine for a user who asked for it, with the progress display of the program. */
export const installNow = (engines: EnginePool, options: Omit<InstallOptions, 'onProgress' | 'repair'>) =>
  installEngine({ ...options, repair: true, onProgress: engines.onInstall })
