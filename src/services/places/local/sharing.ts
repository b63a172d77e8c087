/** What a GPU of this machine does, with the programs of others. */
import type { GpuState } from '../../../contract/engine.ts'
import type { Note } from '../../../contract/notes.ts'
import type { LocalDevice } from '../../../engine/devices/devices.ts'
import { type GpuReading, readGpus } from '../../../engine/devices/nvidia-smi.ts'
import { programInWords } from '../../../presentation/devices.ts'

/** A training begins after this time, even if nvidia-smi does not answer. */
const PATIENCE_MS = 3000

/**
 * The state of a device's GPU. `null`: a CPU, or nvidia-smi does not answer. Of a MIG device, nvidia-smi tells neither
 * memory nor programs.
 * @param own Process ids of this program's engines
 */
export function gpuStateOf(
  { id, uuid }: LocalDevice,
  readings: readonly GpuReading[],
  own: ReadonlySet<number>,
): GpuState | null {
  const reading = readings.find(each => each.uuid === uuid)
  if (!reading) return null
  const { uuid: _, processes, ...state } = reading
  if (id.startsWith('MIG-')) return { ...state, usedBytes: null, totalBytes: null, utilisation: null, others: [] }
  return { ...state, others: processes.filter(({ pid }) => !own.has(pid)) }
}

/** The present state of a device's GPU. */
export const readGpuState = async (device: LocalDevice, own: ReadonlySet<number>): Promise<GpuState | null> =>
  device.uuid === null ? null : gpuStateOf(device, (await readGpus(PATIENCE_MS)) ?? [], own)

/** The notes of a training that begins on a device. */
export async function notesOn(device: LocalDevice, own: ReadonlySet<number>): Promise<readonly Note[]> {
  const others = (await readGpuState(device, own))?.others ?? []
  if (others.length === 0) return []
  const text =
    `${device.label} is used by other programs too: ${others.map(programInWords).join('; ')}. ` +
    'The training may take longer, and its memory may not suffice.'
  const data = { device: device.label, programs: others.map(({ name, pid }) => `${name} ${pid}`).join(', ') }
  return [{ level: 'info', code: 'device-shared', data, text }]
}
