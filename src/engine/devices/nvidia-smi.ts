/** The GPUs of this machine, as NVIDIA's program `nvidia-smi` tells them. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GpuState, OtherProgram } from '../../contract/engine.ts'

/** A GPU, or the part of a GPU that MIG (Multi-Instance GPU) gives to programs as a device. */
export interface ListedGpu {
  /** The GPU's number in nvidia-smi, which counts by place on the PCI bus. */
  readonly index: number
  readonly uuid: string
  readonly name: string
  /** MIG devices of this GPU. If there are any, programs compute on the MIG devices only. */
  readonly parts: readonly { readonly name: string; readonly uuid: string }[]
}

/** What a GPU does at present. */
export interface GpuReading extends Omit<GpuState, 'others'> {
  readonly uuid: string
  /** All programs that compute on the GPU, of all users, also the engines of this program. */
  readonly processes: readonly OtherProgram[]
}

/** Time for an answer. Without persistence mode the driver takes seconds. A driver with a fault never answers. */
const PATIENCE_MS = 10_000

const PROGRAM = 'nvidia-smi'

const MIB = 2 ** 20

/** Returns the output of nvidia-smi, empty if the program is missing. `null`: there was no answer in time. */
async function ask(args: readonly string[], patienceMs: number): Promise<string | null> {
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  const done = new AbortController()
  const ended = new Promise<boolean>(resolve => {
    for (const event of ['error', 'close']) child.once(event, () => resolve(true))
  })
  const late = sleep(patienceMs, false, { signal: done.signal, ref: false }).catch(() => false)
  const answered = await Promise.race([ended, late])
  done.abort()
  if (answered) return output
  // A program that waits for the driver may outlive this signal. Nothing waits for the program any longer.
  child.kill('SIGKILL')
  child.stdout.destroy()
  child.unref()
  return null
}

const GPU = /^GPU (\d+): (.*) \(UUID: (GPU-[^)]+)\)$/
const PART = /^\s+(MIG \S+)\s+Device\s+(\d+): \(UUID: (MIG-[^)]+)\)$/

/** The GPUs in nvidia-smi's order, none if nvidia-smi is missing. `null`: nvidia-smi does not answer. */
export async function listGpus(patienceMs = PATIENCE_MS): Promise<readonly ListedGpu[] | null> {
  const output = await ask(['-L'], patienceMs)
  if (output === null) return null
  const gpus: (ListedGpu & { parts: ListedGpu['parts'][number][] })[] = []
  for (const line of output.split('\n')) {
    const gpu = GPU.exec(line)
    if (gpu) gpus.push({ index: Number(gpu[1]), name: gpu[2], uuid: gpu[3], parts: [] })
    const part = PART.exec(line)
    if (part) gpus.at(-1)?.parts.push({ name: `${part[1]} ${part[2]}`, uuid: part[3] })
  }
  return gpus
}

/** A number of nvidia-smi. `[N/A]`, `[Not Supported]` and other words give `null`. */
function numberIn(field: string | undefined): number | null {
  const text = field?.trim() ?? ''
  return /^-?[\d.]+$/.test(text) ? Number(text) : null
}

const bytesIn = (field: string | undefined) => {
  const mebibytes = numberIn(field)
  return mebibytes === null ? null : mebibytes * MIB
}

/** The fields of each line. */
const rows = (output: string) => output.split('\n').flatMap(line => (line.trim() ? [line.split(',')] : []))

/** The last part of a path. A program's name may hold commas. */
const programName = (fields: readonly string[]) => fields.join(',').trim().replace(/^.*\//, '')

const FORMAT = '--format=csv,noheader,nounits'

/** The present state of all GPUs, none if nvidia-smi is missing. `null`: nvidia-smi does not answer. */
export async function readGpus(patienceMs = PATIENCE_MS): Promise<readonly GpuReading[] | null> {
  const [gpus, programs] = await Promise.all([
    ask(['--query-gpu=uuid,memory.used,memory.total,temperature.gpu,utilization.gpu', FORMAT], patienceMs),
    ask(['--query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory', FORMAT], patienceMs),
  ])
  if (gpus === null) return null
  const running = rows(programs ?? '').map(([gpu, pid, ...rest]) => ({
    gpu: gpu.trim(),
    pid: numberIn(pid) ?? 0,
    name: programName(rest.slice(0, -1)),
    usedBytes: bytesIn(rest.at(-1)),
  }))
  return rows(gpus)
    .filter(([uuid]) => uuid.startsWith('GPU-'))
    .map(([uuid, used, total, temperature, utilisation]) => ({
      uuid,
      usedBytes: bytesIn(used),
      totalBytes: bytesIn(total),
      temperature: numberIn(temperature),
      utilisation: numberIn(utilisation),
      processes: running.filter(({ gpu }) => gpu === uuid).map(({ gpu: _, ...program }) => program),
    }))
}
