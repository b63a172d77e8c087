/** Checks of a job's node before the job computes. Nothing is installed. */
import { readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import { AppError } from '../../../contract/errors.ts'
import type { InstalledEngine } from '../../../engine/install/environment.ts'
import { locateEngine } from '../../../engine/install/install.ts'
import type { Engine } from '../../../engine/process/client.ts'
import type { Calls, ReconstructorReference, TrainRequest, VolumeFile } from '../../../engine/process/protocol.ts'
import type { JobRequest } from './job-files.ts'

/** The name of this node for users: Slurm's name, else the host's name. */
export const nodeName = (): string => process.env.SLURMD_NODENAME ?? hostname()

const refused = (message: string): AppError => new AppError('JOB_REFUSED', message)

/** A file that the call reads. `bytes` `null`: its size is not known. */
interface Needed {
  readonly path: string
  readonly bytes: number | null
}

const ofVolume = ({ path, content }: VolumeFile): Needed => ({ path, bytes: content?.version.bytes ?? null })

const ofWeights = (reconstructor: ReconstructorReference | null): Needed[] =>
  reconstructor && 'checkpoint' in reconstructor ? [{ path: reconstructor.checkpoint, bytes: null }] : []

function ofTraining({ train, validation, start, scores = [] }: TrainRequest): Needed[] {
  const volumes = [...train, ...validation].map(({ path, bytes }) => ({ path, bytes }))
  const scored = scores.flatMap(({ request }) => request.files.map(ofVolume))
  return [...volumes, ...scored, ...(start === null ? [] : [{ path: start, bytes: null }])]
}

function filesOf({ call, params }: JobRequest): Needed[] {
  if (call === 'train') return ofTraining(params as unknown as TrainRequest)
  if (call === 'evaluate') {
    const { files, reconstructor } = params as unknown as Calls['evaluate']['params']
    return [...files.map(ofVolume), ...ofWeights(reconstructor)]
  }
  const compared = params as unknown as Calls['compare']['params']
  return [ofVolume(compared), ...compared.reconstructors.flatMap(ofWeights)]
}

/** Throws `JOB_REFUSED` if a file of the request is missing on this node or has another size. */
export function requireFiles(request: JobRequest): void {
  const files = new Map(filesOf(request).map(file => [file.path, file]))
  for (const { path, bytes } of files.values()) {
    const size = sizeOf(path)
    if (typeof size === 'string')
      throw refused(
        `Expected ${path} on node ${nodeName()}, got ${size}. Put the study on a file system that all nodes share, ` +
          'or exclude the node.',
      )
    if (bytes !== null && size !== bytes)
      throw refused(
        `Expected ${bytes} bytes in ${path} on node ${nodeName()}, got ${size} bytes. Put the old file back, ` +
          'or scan the study again.',
      )
  }
}

/** The size in bytes, or what is there instead. */
function sizeOf(path: string): number | string {
  try {
    const found = statSync(path)
    return found.isFile() ? found.size : 'a folder or a device'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'no such file' : `an unreadable file (${code})`
  }
}

/** The installed engine. Throws `JOB_REFUSED` with the command that installs the engine. */
export function requireEngine({ gpus }: JobRequest): InstalledEngine {
  const engine = locateEngine(gpus > 0 ? 'cuda' : undefined)
  if (engine) return engine
  const [wanted, option] = gpus > 0 ? ['the engine for NVIDIA GPUs', ' --cuda'] : ['the engine', '']
  const got = gpus > 0 && locateEngine('cpu') ? 'the engine for CPUs' : 'no engine'
  throw refused(
    `Expected ${wanted} on node ${nodeName()}, got ${got}. A job installs nothing. ` +
      `Install the engine once, where the node finds it: self-mri engine install${option}`,
  )
}

/** Throws `JOB_REFUSED` if the job asked for a GPU and the engine computes on a CPU. */
export async function requireGpu(engine: Engine, { gpus }: JobRequest, signal: AbortSignal): Promise<void> {
  if (gpus === 0) return
  await engine.call('load', {}, { signal })
  const { device } = await engine.call('status', {}, { signal })
  if (device?.device === 'GPU') return
  const visible = process.env.CUDA_VISIBLE_DEVICES
  throw refused(
    `Expected a GPU on node ${nodeName()}, got a CPU. The driver is ${driver()}, and CUDA_VISIBLE_DEVICES is ` +
      `${visible === undefined ? 'not set' : `“${visible}”`}. Choose a partition with GPUs, or exclude the node.`,
  )
}

function driver(): string {
  try {
    const [line] = readFileSync('/proc/driver/nvidia/version', 'utf8').split('\n')
    return /(\d+(?:[.]\d+)+)/.exec(line)?.[1] ?? line
  } catch {
    return 'missing (there is no /proc/driver/nvidia/version)'
  }
}
