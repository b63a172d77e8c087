/** Where a training ran, and whether the times of two trainings may be compared. */
import { z } from 'zod'
import { type KernelSpan, kernelsInWords } from './kernels.ts'
import { some } from './words.ts'

const text = z.string().nullable().default(null)

/** From a run's environment. `null`: an older program stored none, or there is none. */
export const TrainedOn = z.object({
  host: text,
  tensorflow: text,
  /** `GPU` or `CPU`. */
  device: text,
  gpu: text,
  compiler: text,
  /** The processor's model, and the threads that computed. */
  cpu: text,
  threads: z.int().nullable().default(null),
})
export type TrainedOn = z.infer<typeof TrainedOn>

/** A training whose time was measured. */
export interface Timed {
  /** In order. A training that went on elsewhere has several. Absent in reports of versions before 0.4.0. */
  readonly trainedOn?: readonly TrainedOn[]
  readonly kernels: readonly KernelSpan[]
}

/** The kernels of a training, in order: 'TensorFlow', 'Self-MRI 1 (AVX2)'. */
export const kernelNames = ({ kernels }: Pick<Timed, 'kernels'>): string[] => [
  ...new Set(kernels.map(({ name }) => kernelsInWords(name))),
]

/** Facts of which both devices know a value, and the values differ. */
const differ = (a: TrainedOn, b: TrainedOn, facts: readonly (keyof TrainedOn)[]): boolean =>
  facts.some(fact => a[fact] !== null && b[fact] !== null && a[fact] !== b[fact])

function sameDevice(a: TrainedOn, b: TrainedOn): boolean {
  const onCpu = a.device === 'CPU' && b.device === 'CPU'
  return a.compiler === b.compiler && !differ(a, b, ['tensorflow', 'device', 'gpu', ...(onCpu ? CPU_FACTS : [])])
}

const CPU_FACTS = ['cpu', 'threads'] as const

/**
 * Whether the times of all these trainings may be compared: equal GPUs, or equal processors and threads, and equal
 * kernels. Two machines of one kind may be compared. A fact that an older program did not store counts as equal.
 */
export function sameKind(...trainings: readonly Timed[]): boolean {
  const kernels = new Set(trainings.flatMap(kernelNames))
  const devices = trainings.flatMap(({ trainedOn = [] }) => trainedOn)
  return kernels.size <= 1 && devices.every((a, i) => devices.slice(i + 1).every(b => sameDevice(a, b)))
}

/** 'TensorFlow 2.21.0, CPU, 2 threads', without the machine. */
function kindInWords({ tensorflow, device, gpu, compiler, threads }: TrainedOn): string {
  const counted = device === 'CPU' && threads !== null ? `${threads} ${threads === 1 ? 'thread' : 'threads'}` : null
  const facts = [tensorflow && `TensorFlow ${tensorflow}`, gpu ?? device, compiler, counted].filter(Boolean)
  return facts.join(', ') || 'device not recorded'
}

/**
 * 'TensorFlow 2.21.0, CPU, 2 threads, on n1, n2; TensorFlow 2.21.0, NVIDIA H200, on n3'
 * `inOrder`: '…, on n1, then n2', for the devices of one training.
 */
export function trainedOnInWords(devices: readonly TrainedOn[], { inOrder = false } = {}): string {
  const hosts = new Map<string, Set<string>>()
  for (const device of devices) {
    const kind = kindInWords(device)
    const of = hosts.get(kind) ?? new Set()
    if (device.host !== null) of.add(device.host)
    hosts.set(kind, of)
  }
  return [...hosts]
    .map(([kind, of]) => (of.size === 0 ? kind : `${kind}, on ${inOrder ? [...of].join(', then ') : some([...of])}`))
    .join(inOrder ? ', then ' : '; ')
}
