/** The devices of this machine on which trainings can compute, and the choice among them. */
import { existsSync, readdirSync } from 'node:fs'
import process from 'node:process'
import { AppError } from '../../contract/errors.ts'
import type { Variant } from '../install/environment.ts'
import { type ListedGpu, listGpus } from './nvidia-smi.ts'

export interface LocalDevice {
  readonly kind: 'GPU' | 'CPU'
  /** `GPU 0`, `GPU 0 MIG 1g.10gb 1` or `CPU`. The number is nvidia-smi's. */
  readonly label: string
  /** Names the device for its lock: a UUID, or `CUDA_VISIBLE_DEVICES`' word if the UUID is unknown, or `cpu`. */
  readonly id: string
  /** The GPU's name. `null` if it is unknown. */
  readonly name: string | null
  /** UUID of the whole GPU, under which nvidia-smi tells memory and temperature. `null` if it is unknown. */
  readonly uuid: string | null
  /** The engine's CUDA_VISIBLE_DEVICES, which is one device. `null`: the engine's environment stays as it is. */
  readonly visible: string | null
}

export const CPU: LocalDevice = { kind: 'CPU', label: 'CPU', id: 'cpu', name: null, uuid: null, visible: null }

/** Names of this kind may be cut short, as CUDA permits. */
const isUuid = (word: string) => /^(?:GPU|MIG)-/.test(word)

/** The words of CUDA_VISIBLE_DEVICES up to the first word that hides all further devices, as CUDA reads them. */
function visibleWords(list: string): string[] {
  const words = list.split(',').map(word => word.trim())
  const end = words.findIndex(word => !/^\d+$/.test(word) && !isUuid(word))
  return [...new Set(end < 0 ? words : words.slice(0, end))]
}

/** GPU or MIG devices of a GPU. */
function devicesOf({ index, uuid, name, parts }: ListedGpu): LocalDevice[] {
  const label = `GPU ${index}`
  const gpu: LocalDevice = { kind: 'GPU', label, id: uuid, name, uuid, visible: uuid }
  if (parts.length === 0) return [gpu]
  return parts.map(part => ({ ...gpu, label: `${label} ${part.name}`, id: part.uuid, visible: part.uuid }))
}

/** Whether a word of the user names a device: number, label or UUID, which may be cut short. */
const isNamed = ({ label, id, kind }: LocalDevice, word: string) =>
  [label, id].some(name => name.toLowerCase() === word.toLowerCase()) ||
  (kind === 'GPU' && (label === `GPU ${word}` || (isUuid(word) && id.startsWith(word))))

/** A device that nvidia-smi does not list, for example because nvidia-smi does not answer. */
const unlisted = (word: string): LocalDevice => ({
  kind: 'GPU',
  label: `GPU ${word}`,
  id: word,
  name: null,
  uuid: word.startsWith('GPU-') ? word : null,
  visible: word,
})

/** The last answer of nvidia-smi, which may not answer while the GPUs are busy. */
let lastAnswer: readonly ListedGpu[] | null = null

/** Whether NVIDIA's driver is loaded. */
const hasDriver = () => existsSync('/proc/driver/nvidia/version')

/**
 * The devices that an engine of this variant can compute on, in nvidia-smi's order: the GPUs that CUDA_VISIBLE_DEVICES
 * shows, else the CPU. TensorFlow gets devices by UUID, because CUDA may count GPUs in another order than nvidia-smi.
 * A machine with one GPU needs no choice, so its engine's environment stays as it is.
 */
export async function availableDevices(variant: Variant): Promise<readonly LocalDevice[]> {
  if (variant === 'cpu') return [CPU]
  const list = process.env.CUDA_VISIBLE_DEVICES
  const words = list === undefined ? null : visibleWords(list)
  if (words?.length === 0) return [CPU]
  const gpus = await listGpus()
  lastAnswer = gpus ?? lastAnswer
  const all = (lastAnswer ?? []).flatMap(devicesOf)
  if (words) {
    const chosen = words.map(word => all.find(device => isNamed(device, word)) ?? unlisted(word))
    return chosen.length === 1 ? [{ ...chosen[0], visible: null }] : chosen
  }
  if (all.length > 1) return all
  if (all.length === 1) return [{ ...all[0], visible: null }]
  return [hasDriver() ? { ...CPU, kind: 'GPU', label: 'GPU', id: 'cuda' } : CPU] // nvidia-smi tells nothing
}

/**
 * CUDA_VISIBLE_DEVICES of an engine that starts before the devices are listed: the first visible GPU. `null`: there is
 * no choice.
 */
export function firstVisible(): string | null {
  const list = process.env.CUDA_VISIBLE_DEVICES
  if (list !== undefined) return visibleWords(list).length > 1 ? visibleWords(list)[0] : null
  try {
    return readdirSync('/proc/driver/nvidia/gpus').length > 1 ? '0' : null
  } catch {
    return null // no driver
  }
}

/**
 * The devices that the user names by number, label or UUID. Throws `INVALID_ARGUMENT` for a name of no device.
 * @param names `null`: all devices
 */
export function chooseDevices(
  devices: readonly LocalDevice[],
  names: readonly string[] | null,
): readonly LocalDevice[] {
  if (names === null) return devices
  const chosen = names.map(name => {
    const fitting = devices.filter(device => isNamed(device, name))
    if (fitting.length === 1) return fitting[0]
    const got = `"${name}"${fitting.length > 1 ? ', which names several' : ''}`
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a device of this machine, got ${got}. Choose with --devices, or in Settings → Where trainings run, ` +
        `from: ${devices.map(described).join('; ')}.`,
    )
  })
  return [...new Set(chosen)]
}

/** Whether a name of the user names one of the devices. */
export const hasDevice = (devices: readonly LocalDevice[], name: string): boolean =>
  devices.some(device => isNamed(device, name))

const described = ({ kind, label, name, id }: LocalDevice) =>
  kind === 'CPU' ? 'cpu' : `${label.replace(/^GPU /, '')} (${[name, id].filter(Boolean).join(', ')})`
