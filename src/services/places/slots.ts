/** The slots of this machine: each is a device, or a share of it, on which one training computes at a time. */
import { availableParallelism } from 'node:os'
import type { Execution } from '../../contract/execution.ts'
import { deviceLockPath } from './device-lock.ts'

export interface Slot {
  /** Counted from 0. */
  readonly slot: number
  /** The device for users. */
  readonly label: string
  /** Processor threads of the slot's engine. `null`: all threads. */
  readonly threads: number | null
  /** Path of the lock over all programs. */
  readonly lock: string
}

/** The slots of the settings. Without a number of slots a CPU has one slot. */
export async function slotsOf({ slots }: Pick<Execution, 'slots' | 'devices'>): Promise<Slot[]> {
  const count = slots ?? 1
  const threads = count === 1 ? null : Math.max(1, Math.floor(availableParallelism() / count))
  return Array.from({ length: count }, (_, slot) => ({ slot, label: 'CPU', threads, lock: deviceLockPath(slot) }))
}
