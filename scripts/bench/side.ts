/** One side of the comparison: a process that answers a line of JSON with a line of JSON. Arrays pass as files. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { MaskSpec } from '../../src/contract/evaluation.ts'
import type { Computed, Hardware } from './works.ts'

export interface Load {
  readonly do: 'load'
  readonly hardware: Hardware
  /** Where our side writes each network work's NAME.safetensors, NAME-image.f32 and NAME-target.f32, and the peer reads them. */
  readonly folder: string
  /** HDF5 file whose first slice is reconstructed. */
  readonly kspace: string
  readonly mask: MaskSpec
  /** The slice's crop. */
  readonly size: readonly [height: number, width: number]
  readonly works: Readonly<Record<string, Computed>>
  readonly rates: { readonly timed: number; readonly checked: number }
}

export type Request =
  | Load
  /** Computes a work once, from the start, and writes its result as raw float32. */
  | { readonly do: 'result'; readonly work: string; readonly path: string }
  | { readonly do: 'time'; readonly work: string; readonly iterations: number }
  /** Our side alone: a training of so many epochs and steps, the time of each step and the memory after each epoch. */
  | { readonly do: 'endure'; readonly epochs: number; readonly steps: number }

/** What computes each work, by the work's name. */
export type Names = Readonly<Record<string, { readonly name: string; readonly version: string }>>

/** Of each epoch: milliseconds of each step, and the process's resident bytes. */
export type Endured = readonly { readonly ms: readonly number[]; readonly bytes: number }[]

export interface Loaded {
  readonly names: Names
  /** Which TensorFlow ours is. */
  readonly engine: string
}

export interface Side {
  load(request: Omit<Load, 'do'>): Promise<Loaded>
  result(work: string, path: string): Promise<void>
  /** Milliseconds of each iteration. */
  time(work: string, iterations: number): Promise<number[]>
  endure(epochs: number, steps: number): Promise<Endured>
  dispose(): void
}

/** The same for both sides: two threads on any machine and no GPU, or the GPU and whatever threads each takes. */
const LIMITS: Record<Hardware, NodeJS.ProcessEnv> = {
  cpu: {
    OMP_NUM_THREADS: '2',
    MKL_NUM_THREADS: '2',
    OPENBLAS_NUM_THREADS: '2',
    TF_NUM_INTRAOP_THREADS: '2',
    TF_NUM_INTEROP_THREADS: '2',
    CUDA_VISIBLE_DEVICES: '-1',
  },
  gpu: {},
}

interface Start {
  readonly label: string
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly hardware: Hardware
}

export function startSide({ label, command: [program, ...args], env, hardware }: Start): Side {
  const child = spawn(program, args, { env: { ...env, ...LIMITS[hardware] }, stdio: 'pipe' })
  let lastWords = ''
  const listen = (text: unknown) => {
    lastWords = `${lastWords}${text}`.slice(-4000)
  }
  child.stderr.on('data', listen)
  child.on('error', listen)
  child.stdin.on('error', () => {}) // it died: the missing answer says so
  const ended = once(child, 'close').catch(() => [])
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

  async function ask<Answer>(request: Request): Promise<Answer> {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await answers.next()
    if (!done) return JSON.parse(value)
    const [code, signal] = await ended
    throw new Error(
      `The process of ${label} ended (${signal ?? `exit code ${code}`}). Its last words:\n${lastWords.trim()}`,
    )
  }

  return {
    load: request => ask<Loaded>({ do: 'load', ...request }),
    result: async (work, path) => void (await ask({ do: 'result', work, path })),
    time: async (work, iterations) => (await ask<{ ms: number[] }>({ do: 'time', work, iterations })).ms,
    endure: async (epochs, steps) => (await ask<{ endured: Endured }>({ do: 'endure', epochs, steps })).endured,
    dispose: () => child.stdin.end(),
  }
}
