/** Other programs that compute on a GPU of this machine. */
import type { Note } from '../../contract/notes.ts'
import type { LocalDevice } from '../../engine/devices/devices.ts'
import { type GpuProcess, type GpuReading, readGpus } from '../../engine/devices/nvidia-smi.ts'

/** A training begins after this time, even if nvidia-smi does not answer. */
const PATIENCE_MS = 3000

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

const described = ({ pid, name, usedBytes }: GpuProcess) =>
  `${name} (process ${pid}${usedBytes === null ? '' : `, ${gigabytes(usedBytes)}`})`

/** Programs on a GPU, without our engine processes. nvidia-smi does not tell the programs of each MIG device. */
export const othersOn = (
  { id, uuid }: LocalDevice,
  readings: readonly GpuReading[],
  own: ReadonlySet<number>,
): readonly GpuProcess[] =>
  id.startsWith('MIG-')
    ? []
    : (readings.find(reading => reading.uuid === uuid)?.processes ?? []).filter(({ pid }) => !own.has(pid))

/** The notes of a training that begins on a device. @param own Process ids of this program's engines. */
export async function notesOn(device: LocalDevice, own: ReadonlySet<number>): Promise<readonly Note[]> {
  if (device.uuid === null) return []
  const others = othersOn(device, (await readGpus(PATIENCE_MS)) ?? [], own)
  if (others.length === 0) return []
  const text =
    `${device.label} is used by other programs too: ${others.map(described).join('; ')}. ` +
    'The training may take longer, and its memory may not suffice.'
  const data = { device: device.label, programs: others.map(({ name, pid }) => `${name} ${pid}`).join(', ') }
  return [{ level: 'info', code: 'device-shared', data, text }]
}
