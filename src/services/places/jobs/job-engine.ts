/**
 * An engine whose calls become jobs. A training, a scoring and a comparison of slices compute elsewhere. All other
 * calls go to an engine of this machine.
 */
import { once } from 'node:events'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, throwIfCancelled } from '../../../contract/errors.ts'
import type { MaskSpec } from '../../../contract/evaluation.ts'
import { TrainingEvent } from '../../../contract/runs.ts'
import { copyOfMask } from '../../../engine/files/masks.ts'
import type { CallOptions, Engine } from '../../../engine/process/client.ts'
import type { CallName, Calls, Progress } from '../../../engine/process/protocol.ts'
import { JobCall, type JobContext } from './job-call.ts'
import {
  callFolder,
  errorOf,
  FORMAT,
  type JobCall as JobCallName,
  JobResult,
  jobFolderOf,
  mayGoOn,
  readJobFile,
  scoreFile,
} from './job-files.ts'
import { statesOfJob } from './job-folder.ts'
import type { JobWork } from './job-work.ts'

export interface JobEngineOptions extends Pick<JobContext, 'executors'> {
  /** The executor of new jobs. */
  chosen(): JobContext['chosen']
  readonly xla: () => boolean
  /** GPUs of a job. */
  readonly gpus: () => number
  /** Folder of all runs. */
  readonly runs: string
  /** Folder of the copies of mask files. */
  readonly masks: string
  /** The engine for all other calls. */
  local(signal?: AbortSignal): Promise<Engine>
  /** Time between two readings of a job's files. */
  readonly readMs?: number
}

const READ_MS = 1000
/** With many jobs that wait, or many that run, each of them is read less often. The program then takes little time. */
const READ_EACH_MS = 100
const MOST_READ_MS = 30_000
/** Folders of scorings and comparisons are removed when they are this old. */
const KEPT_MS = 14 * 24 * 3600 * 1000

type Params<Name extends CallName> = Calls[Name]['params']
type Options<Name extends CallName> = CallOptions<Calls[Name]['event']>

function removeOldCalls(runs: string): void {
  const folder = join(runs, 'jobs')
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name)
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() } // removed meanwhile
    if (Date.now() - mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true })
  }
}

/** Resolves when the promise is settled, or when the signal is aborted. */
async function untilSettled(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const settled = new AbortController()
  const aborted = once(signal, 'abort', { signal: settled.signal })
  await Promise.race([promise, aborted]).catch(() => {})
  aborted.catch(() => {})
  settled.abort()
}

/** A score that the job of its training has computed. `null`: there is none. A failed score is told once. */
function scoreOf(params: Params<'evaluate'>): Calls['evaluate']['result'] | null {
  const { reconstructor } = params
  if (!reconstructor || !('checkpoint' in reconstructor)) return null
  const file = scoreFile(jobFolderOf(dirname(reconstructor.checkpoint)), params)
  const stored = readJobFile(file, JobResult)
  if (!stored) return null
  if ('result' in stored) return stored.result as Calls['evaluate']['result']
  renameSync(file, `${file}.failed`)
  throw errorOf(stored.error)
}

export class JobEngine implements Engine {
  readonly pid: undefined
  readonly #options: JobEngineOptions
  readonly #closing = new AbortController()
  /** The jobs that are followed, and whether each is pending. */
  readonly #live = new Map<JobWork, boolean>()
  readonly #byFolder = new Map<string, Promise<unknown>>()
  #isClean = false

  constructor(options: JobEngineOptions) {
    this.#options = options
  }

  get dead(): boolean {
    return this.#closing.signal.aborted
  }

  /** Whether a call waits for a job. The job goes on without this program. */
  get waitsForJob(): boolean {
    return this.#live.size > 0
  }

  dispose(): void {
    this.#closing.abort('close')
  }

  async call<Name extends CallName>(
    name: Name,
    given: Params<Name>,
    asked: Options<Name> = {},
  ): Promise<Calls[Name]['result']> {
    if (this.dead) throw new AppError('ENGINE_DIED', 'The engine was closed')
    return (await this.#result(name, given, asked as CallOptions<never>)) as Calls[Name]['result']
  }

  async #result(name: CallName, given: unknown, asked: CallOptions<never>): Promise<unknown> {
    if (name === 'train') return this.#train(given as Params<'train'>, asked as Options<'train'>)
    if (name === 'evaluate') {
      const params = given as Params<'evaluate'>
      return scoreOf(params) ?? this.#other('evaluate', params, [params.settings.mask], asked as Options<'evaluate'>)
    }
    if (name === 'compare') {
      const params = given as Params<'compare'>
      return this.#other('compare', params, [params.mask], { signal: asked.signal })
    }
    return (await this.#options.local(asked.signal)).call(name, given as never, asked as never)
  }

  /**
   * An engine of this machine that first looks for a job of the run. It follows a job that still trains, takes the
   * result of a job that is done, and continues from the states of a job that has ended.
   */
  before(local: Engine): Engine {
    const call = (name: CallName, params: unknown, asked: CallOptions<never> = {}) =>
      name === 'train'
        ? this.#trainHere(local, params as Params<'train'>, asked as Options<'train'>)
        : local.call(name, params as never, asked as never)
    return {
      get pid() {
        return local.pid
      },
      get dead() {
        return local.dead
      },
      call: call as Engine['call'],
      dispose: () => local.dispose(),
    }
  }

  async #trainHere(local: Engine, params: Params<'train'>, asked: Options<'train'>): Promise<unknown> {
    const folder = jobFolderOf(params.directory)
    if (!mayGoOn(folder)) return local.call('train', params, asked)
    return this.#train(params, asked, async () => {
      const own = await statesOfJob(folder)
      return local.call('train', { ...params, states: own.length > 0 ? own : params.states }, asked)
    })
  }

  #train(params: Params<'train'>, { onEvent, signal }: Options<'train'>, here?: JobWork['here']): Promise<unknown> {
    const { run, directory, config, scores = [] } = params
    return this.#perform({
      folder: jobFolderOf(directory),
      name: `self-mri-${run}`,
      label: `run ${run}`,
      request: this.#requestOf('train', params),
      masks: this.#copiesOf([config.mask, ...scores.map(({ request }) => request.settings.mask)]),
      hear(event) {
        const { data } = TrainingEvent.safeParse(event)
        return data && onEvent?.(data)
      },
      tell: job => onEvent?.({ type: 'job', job }),
      signal: this.#signalOf(signal),
      here,
    })
  }

  #other(
    call: 'evaluate' | 'compare',
    params: object,
    specs: readonly MaskSpec[],
    { onEvent, signal }: CallOptions<Progress>,
  ): Promise<unknown> {
    const { runs } = this.#options
    if (!this.#isClean) removeOldCalls(runs)
    this.#isClean = true
    return this.#perform({
      folder: callFolder(runs, call, params),
      name: `self-mri-${call}`,
      label: call === 'evaluate' ? 'a scoring' : 'a comparison',
      request: this.#requestOf(call, params),
      masks: this.#copiesOf(specs),
      hear: event => onEvent?.(event as unknown as Progress),
      tell: ({ words }) => onEvent?.({ done: 0, total: 1, label: words }),
      signal: this.#signalOf(signal),
    })
  }

  async #perform(asked: JobWork): Promise<unknown> {
    const { here } = asked
    const computeHere = () => {
      this.#live.delete(work)
      return here!()
    }
    const work: JobWork = { ...asked, here: here && computeHere }
    const { executors, chosen } = this.#options
    // Equal calls have one folder. A later one waits, and then finds the result.
    for (let other = this.#byFolder.get(work.folder); other; other = this.#byFolder.get(work.folder)) {
      throwIfCancelled(work.signal)
      await untilSettled(other, work.signal)
    }
    this.#live.set(work, false)
    const call = new JobCall(work, { executors, chosen: chosen(), pause: this.#pause }).result()
    this.#byFolder.set(work.folder, call)
    try {
      return await call
    } finally {
      this.#byFolder.delete(work.folder)
      this.#live.delete(work)
    }
  }

  /** Jobs are read at different times, because many that are read at once would delay everything else. */
  readonly #pause: JobContext['pause'] = async (work, isPending) => {
    const { readMs = READ_MS } = this.#options
    this.#live.set(work, isPending)
    const alike = [...this.#live.values()].filter(each => each === isPending).length
    const ms = Math.max(readMs, Math.min(MOST_READ_MS, alike * READ_EACH_MS)) * (0.75 + Math.random() / 2)
    await sleep(ms, undefined, { signal: work.signal }).catch(() => {})
  }

  #requestOf(call: JobCallName, params: object): JobWork['request'] {
    const { xla, gpus } = this.#options
    return { format: FORMAT, call, params: params as Record<string, unknown>, xla: xla(), gpus: gpus() }
  }

  #copiesOf(specs: readonly MaskSpec[]): string[] {
    const hashes = new Set(specs.flatMap(({ file }) => file?.sha256 ?? []))
    return [...hashes].map(hash => copyOfMask(this.#options.masks, hash))
  }

  #signalOf(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal
  }
}
