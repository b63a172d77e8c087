/** Engines without processes, for tests. */
import type { Engine } from '../src/engine/process/client.ts'
import type { EnginePool } from '../src/services/places/engine-pool.ts'
import { makeFreeSlots } from '../src/services/places/local/free-slots.ts'
import { makeSlots } from '../src/services/places/local/slots.ts'
import type { TakeOptions } from '../src/services/places/place.ts'

/** The part of an engine that a test provides: answers to calls. */
export interface FakeEngine {
  call(name: string, params: never, options: never): Promise<unknown>
}

/** Takes the device of this machine, as a training does. */
export const takeDevice = (options: TakeOptions) =>
  makeFreeSlots(makeSlots(() => ({ slots: 1, devices: null })).present).take(options)

interface Fakes {
  /** Gives the engine that trains. */
  readonly training?: () => Promise<Engine>
  readonly interactive?: FakeEngine
  /** Default: `interactive`. */
  readonly pictures?: FakeEngine
  /** The present number of places. Default: 1. */
  readonly slots?: () => number
  /** Whether the engine makes jobs. */
  readonly isRemote?: boolean
}

/** Without `training`, a training fails. Without `interactive`, a reading fails. */
export function fakeEngines({
  training = () => Promise.reject(new Error('This test has no engine for training')),
  interactive,
  pictures = interactive,
  slots = () => 1,
  isRemote = false,
}: Fakes): EnginePool {
  const free = makeFreeSlots(makeSlots(() => ({ slots: slots(), devices: null })).present)
  return {
    async take(options) {
      const engine = await training()
      const { slot, name, release } = await free.take(options)
      return { slot: slot.slot, label: slot.device.label, engine, isRemote, notes: [], name, release }
    },
    slots: async () => slots(),
    isRemote,
    waitsForJob: false,
    onDevices: () => [],
    onEach: async () => [],
    local: training,
    interactive: interactive as unknown as Engine,
    pictures: pictures as unknown as Engine,
    living: [],
    renew() {},
    onInstall: undefined,
    dispose() {},
  }
}
