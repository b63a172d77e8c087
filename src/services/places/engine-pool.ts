/** The engine processes of a program: one for viewing, and one for each slot of this machine. */
import { AppError } from '../../contract/errors.ts'
import type { Execution, SlurmSettings } from '../../contract/execution.ts'
import { firstVisible } from '../../engine/devices/devices.ts'
import type { InstalledEngine } from '../../engine/install/environment.ts'
import { type InstallOptions, installEngine, locateEngine } from '../../engine/install/install.ts'
import { type Engine, startEngine } from '../../engine/process/client.ts'
import { masksDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { readSettings } from '../profile/settings.ts'
import { type EngineHolder, holdEngine } from './engine-holder.ts'
import { followedPlace } from './followed-place.ts'
import { makeFreeSlots } from './local/free-slots.ts'
import { notesOn } from './local/sharing.ts'
import { type DeviceWork, makeSlotEngines, type UseOfDevice } from './local/slot-engines.ts'
import { makeSlots } from './local/slots.ts'
import type { Place, TakeOptions } from './place.ts'
import { makeRemotePlaces } from './remote-places.ts'

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
  /** Whether this program waits for a job now, even if later trainings are no jobs. */
  readonly waitsForJob: boolean
  /** Engine of the freest device of this machine, for evaluation and tuning. Installs like `take`. */
  local(signal?: AbortSignal): Promise<Engine>
  /** Engine for the pictures of reports. Where trainings are jobs, a picture is a job that takes no place. */
  readonly pictures: Engine
  /** Engine for viewing, reading and writing files. These calls need no TensorFlow. */
  readonly interactive: Engine
  /** The devices that are known, and the work of this program on them. Also lists the devices for the next call. */
  onDevices(): readonly DeviceWork[]
  /** Uses an engine of each device of this machine, one after another. Installs like `take`. */
  onEach<T>(use: UseOfDevice<T>, signal?: AbortSignal): Promise<T[]>
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
  readonly execution?: ExecutionChange
}

export type ExecutionChange = Partial<Omit<Execution, 'slurm'>> & { readonly slurm?: Partial<SlurmSettings> }

/** `nice` of the training engines for a window, because viewing should have a higher priority. */
const TRAINING_NICENESS = 10

function installedEngine(): InstalledEngine {
  const installed = locateEngine()
  if (installed) return installed
  throw new AppError('ENGINE_UNAVAILABLE', 'The TensorFlow engine is not installed yet. Install it first.')
}

/** The engine for viewing. It is restarted once TensorFlow is installed. */
function interactiveEngine(holder: EngineHolder, masks: string, device: () => string | null): () => Engine {
  /** Whether the engine was started with TensorFlow. */
  let computes = false
  return () => {
    if (!computes && locateEngine()) holder.retire() // TensorFlow was installed since, perhaps by another program
    return holder.get(() => {
      const installed = locateEngine()
      computes = installed !== null
      return startEngine(installed, { masks, device: installed?.variant === 'cuda' ? device() : null })
    })
  }
}

export function makeEnginePool(
  profile: Profile,
  { onInstall, forWindow = false, execution: replaced }: EngineOptions,
): EnginePool {
  const viewing = holdEngine()
  const masks = masksDirectory(profile)
  function execution(): Execution {
    const setting = readSettings(profile).execution
    return { ...setting, ...replaced, slurm: { ...setting.slurm, ...replaced?.slurm } }
  }
  const slots = makeSlots(execution)
  const freeSlots = makeFreeSlots(slots.present)
  const interactive = interactiveEngine(viewing, masks, () => slots.known[0]?.device.visible ?? firstVisible())

  const install = async (signal?: AbortSignal) =>
    forWindow ? installedEngine() : await installEngine({ onProgress: onInstall, signal })

  const training = makeSlotEngines(({ device, of }, installed) => {
    const { xla } = readSettings(profile)
    const niceness = forWindow ? TRAINING_NICENESS : 0
    return startEngine(installed, { xla, masks, niceness, device: device.visible, slots: of })
  })
  async function local(signal?: AbortSignal): Promise<Engine> {
    const known = training.current(training.freest(slots.known))
    if (known) return known
    const installed = await install(signal)
    return training.get(training.freest(await slots.present())!, installed)
  }
  const remote = makeRemotePlaces(profile, execution, local)
  const holders = () => [viewing, ...training.holders]
  const living = () => holders().flatMap(holder => holder.living)
  const ownProcesses = () => new Set(living().flatMap(({ pid }) => pid ?? []))

  /** Takes a slot of this machine. */
  async function takeHere(options: TakeOptions): Promise<Place> {
    const installed = await install(options.signal)
    const { slot, name: nameSlot, release: free } = await freeSlots.take(options)
    const release = () => {
      training.free(slot)
      free()
    }
    const name = (run: string) => {
      training.hold(slot, run)
      nameSlot(run)
    }
    training.hold(slot, null)
    try {
      const engine = training.get(slot, installed)
      const notes = await notesOn(slot.device, ownProcesses())
      return { slot: slot.slot, label: slot.device.label, engine, isRemote: false, notes, name, release }
    } catch (error) {
      release()
      throw error
    }
  }

  return {
    onInstall,
    async take(options) {
      if (remote.isChosen) return remote.take(options)
      if (options.run === undefined || !remote.goesOn(options.run)) return takeHere(options)
      return followedPlace(await remote.take(options), () => takeHere(options), remote.before)
    },
    slots: async () => (remote.isChosen ? execution().slurm.jobs : (await slots.present()).length),
    onDevices() {
      slots.present().catch(() => {}) // the next training tells the error
      return training.work(slots.known)
    },
    get isRemote() {
      return remote.isChosen
    },
    get waitsForJob() {
      return remote.waitsForJob
    },
    local,
    async onEach(use, signal) {
      const installed = locateEngine() ?? (await install(signal))
      return training.onEach(await slots.present(), installed, use)
    },
    get pictures() {
      return remote.isChosen ? remote.engine : interactive()
    },
    get interactive() {
      return interactive()
    },
    get living() {
      return living()
    },
    renew() {
      for (const holder of holders()) holder.retire()
    },
    dispose() {
      remote.dispose()
      for (const holder of holders()) holder.dispose()
    },
  }
}

/** Installs or repairs the engine for a user who asked for it, with the progress display of the program. */
export const installNow = (engines: EnginePool, options: Omit<InstallOptions, 'onProgress' | 'repair'>) =>
  installEngine({ ...options, repair: true, onProgress: engines.onInstall })
