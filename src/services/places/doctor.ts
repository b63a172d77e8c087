/** Examines each device of this machine: versions, a small training step, memory, and who uses the device. */
import type { DeviceHealth } from '../../contract/engine.ts'
import { lockOwner, tryLock } from '../profile/db/lock.ts'
import type { EnginePool } from './engine-pool.ts'
import { readGpuState } from './sharing.ts'

/** The training that holds a device's lock, of any program of this user. `null`: none. */
function holderOf(lock: string): string | null {
  const own = tryLock(lock)
  own?.release()
  return own ? null : lockOwner(lock)
}

/** One device after another, because examinations at the same time would slow each other down. */
export const examineDevices = (
  engines: Pick<EnginePool, 'onEach' | 'living'>,
  signal?: AbortSignal,
): Promise<DeviceHealth[]> =>
  engines.onEach(async (engine, { device, lock }) => {
    const doing = holderOf(lock)
    const health = await engine.call('doctor', {}, { signal })
    const own = new Set(engines.living.flatMap(({ pid }) => pid ?? []))
    return { ...health, label: device.label, doing, state: await readGpuState(device, own) }
  }, signal)
