/** Examines each device of this machine: versions, a small training step, memory, and who uses the device. */
import type { DeviceHealth } from '../../../contract/engine.ts'
import { detectVariant, locateEngine } from '../../../engine/install/install.ts'
import { lockOwner, tryLock } from '../../profile/db/lock.ts'
import type { EnginePool } from '../engine-pool.ts'
import { readGpuState } from './sharing.ts'

const NO_GPU =
  'TensorFlow does not find this GPU, and computes on the CPU. Look at the driver’s version with nvidia-smi, and ' +
  'install the engine again with: npm run -s self-mri -- engine install --cuda'

const CPU_BUILD =
  'This machine has an NVIDIA GPU, and the engine is the CPU build. Install the CUDA build with: ' +
  'npm run -s self-mri -- engine install --cuda'

/** Another build of the engine that would fit this machine better. */
const otherBuild = async (signal?: AbortSignal): Promise<string[]> =>
  locateEngine()?.variant === 'cpu' && (await detectVariant(signal)) === 'cuda' ? [CPU_BUILD] : []

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
    const notes = [
      ...health.notes,
      ...(device.kind === 'GPU' && health.device === 'CPU' ? [NO_GPU] : []),
      ...(await otherBuild(signal)),
    ]
    return { ...health, notes, label: device.label, doing, state: await readGpuState(device, own) }
  }, signal)
