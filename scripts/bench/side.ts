/** A process that computes one work. Each request and each answer is one line of JSON. Arrays pass as files. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Given, Hardware } from './computed.ts'
import type { ReproductionAsked } from './ours/reproduction.ts'
import type { SmallStudy } from './ours/small-study.ts'

export type Request =
  /** Loads only the libraries, and answers with their names and versions. */
  | { readonly do: 'idle' }
  /** Our side alone: writes the files that both sides load. */
  | ({ readonly do: 'write' } & Given)
  | ({ readonly do: 'load' } & Given)
  /** Computes once, before all timing, and writes the result as raw float32. */
  | { readonly do: 'result'; readonly path: string }
  | { readonly do: 'time'; readonly iterations: number }
  /** Our side alone: a training of `epochs` epochs, of `steps` steps each. */
  | { readonly do: 'endure'; readonly epochs: number; readonly steps: number }
  /** The peer writes files in fastMRI's layout. Our side imports these files as a study. */
  | {
      readonly do: 'write study' | 'write noise'
      readonly files: string
      readonly volumes: number
      readonly slices: number
      readonly header: string
    }
  | { readonly do: 'study'; readonly files: string; readonly profile: string }
  /** Our side alone: reads whole files. */
  | { readonly do: 'contents'; readonly files: readonly string[] }
  /** Our side alone: writes a study of small images, and carries out a reproduction on such a study. */
  | ({ readonly do: 'small study' } & SmallStudy)
  | ({ readonly do: 'reproduction' } & ReproductionAsked)

/** The library that computes. For our side, the version names TensorFlow and its device. */
export interface Loaded {
  readonly name: string
  readonly version: string
  /** Our side alone: the kernels that compute. */
  readonly kernels?: string
}

export interface Side {
  readonly pid: number
  ask<Answer>(request: Request): Promise<Answer>
  load(given: Given): Promise<Loaded>
  /** Milliseconds of each iteration. */
  time(iterations: number): Promise<number[]>
  dispose(): Promise<void>
}

/** Both sides get equal limits. On a CPU: two threads and no GPU. With `--gpu`: the GPU, and no limit of threads. */
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
  child.stdin.on('error', () => {}) // If the process died, `ask` reports the missing answer.
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
    pid: child.pid ?? 0,
    ask,
    load: given => ask<Loaded>({ do: 'load', ...given }),
    time: async iterations => (await ask<{ ms: number[] }>({ do: 'time', iterations })).ms,
    async dispose() {
      child.stdin.end()
      await ended
    },
  }
}
