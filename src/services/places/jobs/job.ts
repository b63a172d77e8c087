/**
 * Carries out a job in the job's own process, on any machine that has the folder. Opens no profile.
 *
 * Who starts the job again continues the job. SIGUSR2 asks for a state and another start, because the time limit is
 * near. SIGTERM, SIGINT and SIGHUP ask for a state and the end. After SIGKILL the next start continues from the last
 * state. The GPU is not locked, because the scheduler has given the GPU to this job.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import process from 'node:process'
import { AppError, reasonOf, throwIfCancelled } from '../../../contract/errors.ts'
import { TrainingEvent } from '../../../contract/runs.ts'
import type { TrainingSummary } from '../../../contract/training-summary.ts'
import { type Engine, startEngine } from '../../../engine/process/client.ts'
import type { TrainRequest } from '../../../engine/process/protocol.ts'
import { onceThereIsRoom } from '../../profile/room.ts'
import { nodeName, requireEngine, requireFiles, requireGpu } from './job-checks.ts'
import { shareOfJob } from './job-environment.ts'
import { allEvents, type EventWriter, writeEvents } from './job-events.ts'
import { failureOf, inJob, type JobEnd, JobRequest, readJobFile, readOwner, Trained, writeWhole } from './job-files.ts'
import { afterEvent, type History, historyOf, removePartialFiles, statesOf } from './job-history.ts'
import { missingScores } from './job-scores.ts'
import { requeueJob } from './requeue.ts'

/** Exit codes of `self-mri job`. A scheduler should start a job that ended with `again` once more. */
export const JOB_EXIT = { done: 0, failed: 1, again: 75, stopped: 130 } as const

/** The shortest time between two stored steps, because the folder may be on a shared file system. */
const STEP_MS = 1000
/** How often the job looks if it should stop, and if a newer attempt has the folder. */
const LISTEN_MS = 2000

interface JobOptions {
  /** Prints a line into the job's log. */
  readonly say?: (line: string) => void
  /** Starts the engine. Tests give another one. */
  readonly start?: (request: JobRequest) => Engine
}

/** A newer attempt has the folder. */
class Superseded extends Error {}

const startInstalled = (request: JobRequest, folder: string): Engine =>
  startEngine(requireEngine(request), { ...shareOfJob(), xla: request.xla, masks: inJob(folder).masks })

/** Does the work of a job folder. Returns the exit code. Throws `FILE_UNREADABLE` if the folder holds no job. */
export async function carryOutJob(folder: string, options: JobOptions = {}): Promise<number> {
  const say = (words: string) =>
    (options.say ?? console.error)(`${new Date().toISOString().slice(0, 19).replace('T', ' ')} ${words}`)
  const request = readJobFile(inJob(folder).request, JobRequest)
  if (!request)
    throw new AppError('FILE_UNREADABLE', `Expected a job’s folder with a file request.json, got none in ${folder}.`)
  if (existsSync(inJob(folder).result)) {
    say('The job is done already.')
    return JOB_EXIT.done
  }
  const start = options.start ?? (asked => startInstalled(asked, folder))
  const attempt = new Attempt(folder, request, say, start)
  try {
    return await attempt.carryOut()
  } finally {
    attempt.dispose()
  }
}

class Attempt {
  readonly #folder: string
  readonly #at: ReturnType<typeof inJob>
  readonly #request: JobRequest
  readonly #say: (words: string) => void
  readonly #start: (request: JobRequest) => Engine
  readonly #token: string
  readonly #controller = new AbortController()
  readonly #writer: EventWriter
  readonly #listening: NodeJS.Timeout
  readonly #onSignal = (signal: NodeJS.Signals) =>
    this.#stop(signal === 'SIGUSR2' ? 'again' : 'stopped', signal === 'SIGUSR2' ? 'The time limit is near' : signal)
  /** What a signal asked for. `null`: the job goes on. */
  #stopping: 'again' | 'stopped' | null = null
  #engine: Engine | null = null
  #history: History = historyOf([])
  #storedAt = Number.NEGATIVE_INFINITY

  constructor(
    folder: string,
    request: JobRequest,
    say: (words: string) => void,
    start: (request: JobRequest) => Engine,
  ) {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal)
    process.on('SIGUSR1', ignore) // Node would open its inspector
    this.#folder = folder
    this.#at = inJob(folder)
    this.#request = request
    this.#say = say
    this.#start = start
    const { SLURM_JOB_ID: id = 'job', SLURM_RESTART_COUNT: restarts = '0' } = process.env
    this.#token = `${id}-${restarts}-${randomUUID().slice(0, 8)}`
    this.#writer = writeEvents(this.#at.events, this.#token, this.#controller.signal)
    this.#listening = setInterval(() => this.#listen(), LISTEN_MS)
    this.#listening.unref()
  }

  dispose(): void {
    clearInterval(this.#listening)
    for (const signal of SIGNALS) process.off(signal, this.#onSignal)
    process.off('SIGUSR1', ignore)
    this.#engine?.dispose()
  }

  async carryOut(): Promise<number> {
    const { SLURM_JOB_ID: job = null } = process.env
    this.#say(`${job ? `Job ${job}` : 'The job'} begins on node ${nodeName()}.`)
    try {
      await this.#own()
      await this.#write({ begun: { node: nodeName(), job } })
      this.#listen()
      throwIfCancelled(this.#controller.signal)
      requireFiles(this.#request)
      const result = await this.#compute()
      await this.#store(this.#at.result, { result })
      this.#say('The job is done.')
      return JOB_EXIT.done
    } catch (error) {
      return this.#end(error)
    }
  }

  async #own(): Promise<void> {
    await this.#once(() => writeWhole(this.#at.owner, this.#token))
    rmSync(this.#at.end, { force: true })
  }

  #stop(how: 'again' | 'stopped', why: string): void {
    if (this.#stopping) return
    this.#stopping = how
    this.#say(`${why}: the state is being written.`)
    this.#controller.abort()
  }

  #listen(): void {
    if (!this.#owns()) this.#engine?.dispose()
    else if (existsSync(this.#at.cancel)) this.#stop('stopped', 'The job was cancelled')
  }

  /** A folder that cannot be read for a while says nothing about its owner. */
  #owns(): boolean {
    try {
      return readOwner(this.#folder) === this.#token
    } catch {
      return true
    }
  }

  #requireOwner(): void {
    if (this.#owns()) return
    this.#engine?.dispose() // a cancelled engine would write a state over files of the newer attempt
    throw new Superseded('A newer attempt has the folder of this job.')
  }

  #write(line: Parameters<EventWriter['write']>[0]): void | Promise<void> {
    this.#requireOwner()
    return this.#writer.write(line)
  }

  /** Waits for disk space. A signal ends the waiting. */
  #once(write: () => void): Promise<void> {
    const onWait = (words: string | null) => this.#say(words ?? 'There is space again.')
    return onceThereIsRoom(write, this.#controller.signal, onWait)
  }

  async #store(path: string, value: unknown): Promise<void> {
    await this.#writer.flush()
    await this.#once(() => {
      this.#requireOwner()
      writeWhole(path, value)
    })
  }

  /** The living engine. Starts another engine if the last one died. */
  async #living(): Promise<Engine> {
    if (this.#engine && !this.#engine.dead) return this.#engine
    this.#engine = this.#start(this.#request)
    await requireGpu(this.#engine, this.#request, this.#controller.signal)
    return this.#engine
  }

  async #compute(): Promise<unknown> {
    const { signal } = this.#controller
    if (this.#request.call === 'train') return this.#train(this.#request.params as unknown as TrainRequest)
    const engine = await this.#living()
    const onEvent = (event: unknown) => this.#hear(event as object, true)
    return engine.call(this.#request.call, this.#request.params as never, { signal, onEvent } as never)
  }

  /** Stores an event. Frequent events are stored once a second. */
  #hear(event: object, isFrequent: boolean): void | Promise<void> {
    const now = performance.now()
    if (isFrequent && now - this.#storedAt < STEP_MS) return
    if (isFrequent) this.#storedAt = now
    return this.#write({ event: event as Record<string, unknown> })
  }

  async #train(request: TrainRequest): Promise<TrainingSummary> {
    const lines = await allEvents(this.#at.events)
    this.#history = historyOf(lines.flatMap(({ event }) => TrainingEvent.safeParse(event).data ?? []))
    const trained = readJobFile(this.#at.trained, Trained)
    const summary = (trained?.summary as TrainingSummary | undefined) ?? (await this.#trainOn(request))
    if (!trained) await this.#store(this.#at.trained, { summary })
    await this.#score(request, summary)
    return summary
  }

  async #trainOn({ scores: _after, ...request }: TrainRequest): Promise<TrainingSummary> {
    const { signal } = this.#controller
    removePartialFiles(request.directory)
    const own = statesOf(this.#history)
    const [newest] = this.#history.states
    this.#say(own.length > 0 ? `Continues after step ${newest.at.step}.` : 'Trains.')
    const engine = await this.#living()
    return engine.call(
      'train',
      { ...request, states: own.length > 0 ? own : request.states },
      { signal, onEvent: event => this.#hearTraining(event) },
    )
  }

  #hearTraining(event: TrainingEvent): void | Promise<void> {
    const written = this.#hear(event, event.type === 'step')
    const { history, gone } = afterEvent(this.#history, event)
    this.#history = history
    for (const path of gone) rmSync(path, { force: true })
    if (event.type === 'state') this.#say(`State after epoch ${event.at.epoch}, step ${event.at.step}.`)
    return written
  }

  /** Computes the scores that are missing. A score that fails is stored with its reason. */
  async #score(request: TrainRequest, summary: TrainingSummary): Promise<void> {
    const { signal } = this.#controller
    for (const { file, params } of missingScores(this.#folder, request, summary, this.#history)) {
      mkdirSync(this.#at.scores, { recursive: true, mode: 0o700 })
      this.#say(`Scores ${params.files.length} volumes.`)
      const engine = await this.#living()
      const result = await engine.call('evaluate', params, { signal }).then(result => ({ result }), this.#scoreFailed)
      await this.#store(file, result)
    }
  }

  readonly #scoreFailed = (error: unknown): { error: ReturnType<typeof failureOf> } => {
    this.#requireOwner()
    if (this.#stopping) throw error
    this.#say(`A score failed: ${reasonOf(error)}`)
    return { error: failureOf(error) }
  }

  async #end(error: unknown): Promise<number> {
    if (error instanceof Superseded || !this.#owns()) {
      this.#say('A newer attempt has the folder of this job. This attempt ends, and writes no more.')
      return JOB_EXIT.failed
    }
    const code = error instanceof AppError ? error.code : null
    if (this.#stopping === 'again') return this.#requeue()
    if (this.#stopping === 'stopped') {
      this.#sayEnd({ how: 'stopped', words: 'The job was stopped.' })
      return JOB_EXIT.stopped
    }
    this.#say(code === null ? `This is a fault of the program: ${(error as Error).stack}` : reasonOf(error))
    if (code === 'ENGINE_DIED') this.#sayEnd({ how: 'died', words: reasonOf(error) })
    else await this.#store(this.#at.result, { error: failureOf(error) }).catch(fault => this.#say(reasonOf(fault)))
    return JOB_EXIT.failed
  }

  /** Says how this attempt ended. If the file cannot be written, the scheduler tells the end. */
  #sayEnd(end: JobEnd): void {
    try {
      writeWhole(this.#at.end, end)
    } catch (error) {
      this.#say(reasonOf(error))
    }
    this.#say(end.words)
  }

  /** The process ends at once after the requeue, because the node is not free before. */
  async #requeue(): Promise<number> {
    const fault = await requeueJob()
    if (fault === null) {
      this.#say('Slurm starts the job again.')
      return JOB_EXIT.done
    }
    this.#sayEnd({ how: 'again', words: fault })
    return JOB_EXIT.again
  }
}

const SIGNALS = ['SIGUSR2', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const
const ignore = () => {}
