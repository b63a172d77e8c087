/**
 * One engine call as a job: submits the job, follows its events, and returns its result.
 *
 * Nothing is computed twice. A folder with a result gives the result. A job that lives is followed from its first
 * event. Else the job is submitted again, and continues from its newest state. `job.json` is written before the job is
 * submitted, so that a program that died meanwhile finds the job in the scheduler's list.
 */
import { existsSync, renameSync } from 'node:fs'
import { basename } from 'node:path'
import { AppError, reasonOf, throwIfCancelled } from '../../../contract/errors.ts'
import type { RunJob } from '../../../contract/execution.ts'
import { cancelJob, NOT_ENDED } from './job-cancel.ts'
import { type EventReader, readEvents } from './job-events.ts'
import { isOver, type JobExecutor, Later, runsOn, type Seen } from './job-executor.ts'
import { errorOf, inJob, type JobRecord, type JobResult, makePrivateFolder, readResult } from './job-files.ts'
import {
  clearForeign,
  endInWords,
  filesIn,
  isFolderAway,
  mayStartAgain,
  nextRecord,
  prepareFolder,
  takeOver,
} from './job-folder.ts'
import { type JobTelling, type JobWork, makeTelling } from './job-work.ts'
import { asRefused, type KeptRecord, keepRecord, onceWritable } from './kept-record.ts'

export interface JobContext {
  /** The executor of new jobs. */
  readonly chosen: JobExecutor
  readonly executors: Readonly<Record<JobRecord['executor'], JobExecutor>>
  /** Waits until the files of a job should be read again, or until the signal is aborted. */
  pause(work: JobWork, isPending: boolean): Promise<void>
}

/** Answers without a job, or with its end, after which a missing result is final. Files of other machines come late. */
const GRACE = 3
/** Submissions of a job that goes no further. */
const MOST_FRUITLESS = 3
const FOLLOW_AGAIN = 'Resume the run to follow the job.'

const isRefused = (error: unknown): error is AppError => error instanceof AppError && error.code === 'JOB_REFUSED'

type Outcome = { readonly done: JobResult } | { readonly seen: Seen }

export class JobCall {
  readonly #work: JobWork
  readonly #context: JobContext
  readonly #at: ReturnType<typeof inJob>
  #reader: EventReader
  readonly #kept: KeptRecord
  /** Whether the scheduler has named the job as pending or running. */
  #lives = false
  #node: string | null = null
  readonly #telling: JobTelling

  constructor(work: JobWork, context: JobContext) {
    this.#work = work
    this.#context = context
    this.#at = inJob(work.folder)
    this.#reader = readEvents(this.#at.events)
    this.#kept = keepRecord(work.folder)
    this.#telling = makeTelling(work, this.#kept.withFault)
  }

  /** The result of the call. Throws the error of the call, or an error of the job. */
  async result(): Promise<unknown> {
    const { folder, request } = this.#work
    await this.#once(() => makePrivateFolder(folder))
    await clearForeign(folder, request, record => this.#executorOf(record).cancel({ folder, record }))
    this.#kept.read()
    if (this.#record || existsSync(this.#at.result)) {
      await this.#tell('submitted', `${this.#name} is looked for.`)
      const outcome = await this.#attach()
      if ('done' in outcome) return this.#deliver(outcome.done)
      const { told, resumed } = this.#record!
      if (!(outcome.seen.again || told || resumed || this.#work.here)) throw await this.#end(outcome.seen)
    }
    if (this.#work.here) return this.#computeHere(this.#work.here)
    while (true) {
      await this.#submit()
      const outcome = await this.#follow()
      if ('done' in outcome) return this.#deliver(outcome.done)
      const { seen } = outcome
      if (!seen.again || seen.state === 'missing' || this.#record!.fruitless >= MOST_FRUITLESS)
        throw await this.#end(seen)
    }
  }

  /** Follows the job of an earlier program. A machine without a scheduler continues a training without its job. */
  #attach(): Promise<Outcome> {
    return this.#follow().catch(error => {
      if (!this.#work.here || !this.#record || !isRefused(error)) throw error
      return { seen: { state: 'missing', id: this.#record.id, node: null, words: '', again: true } }
    })
  }

  async #computeHere(compute: () => Promise<unknown>): Promise<unknown> {
    await this.#once(() => takeOver(this.#work.folder))
    this.#kept.change({ told: true })
    await this.#tell('ended', `${this.#name} has ended. The training continues on this machine.`)
    return compute()
  }

  get #record(): JobRecord | null {
    return this.#kept.now
  }

  get #name(): string {
    const { label } = this.#work
    const id = this.#record?.id ?? null
    return id === null ? `The job of ${label}` : `Job ${id} of ${label}`
  }

  #executorOf({ executor }: JobRecord): JobExecutor {
    return this.#context.executors[executor]
  }

  get #executor(): JobExecutor {
    return this.#record ? this.#executorOf(this.#record) : this.#context.chosen
  }

  get #job() {
    return { folder: this.#work.folder, record: this.#record! }
  }

  async #tell(state: RunJob['state'], words: string, node: string | null = null): Promise<void> {
    const { folder } = this.#work
    await this.#telling.tell({ executor: this.#executor.id, id: this.#record?.id ?? null, state, node, words, folder })
  }

  /** Tells something about the job that does not change its state. */
  #mention(words: string): Promise<void> {
    const { state = 'submitted', node = null } = this.#telling.last ?? {}
    return this.#tell(state, words, node)
  }

  /** Waits for disk space. Throws `JOB_REFUSED` for a file that cannot be written. */
  #once(write: () => void): Promise<void> {
    const { signal, folder } = this.#work
    const onWait = (words: string | null) => void (words && this.#mention(`The job waits: ${words}.`).catch(() => {}))
    return onceWritable(write, folder, signal, onWait)
  }

  async #submit(): Promise<void> {
    const { folder, request, masks, name, signal } = this.#work
    throwIfCancelled(signal)
    const before = this.#record
    try {
      const record = await nextRecord(folder, { executor: this.#context.chosen.id, name }, before)
      await this.#once(() => {
        prepareFolder(folder, request, masks)
        this.#kept.begin(record)
      })
      this.#lives = false
      await this.#tell('submitted', `${this.#name} is being submitted.`)
      this.#kept.change({ id: await this.#id() })
    } catch (thrown) {
      const error = asRefused(thrown, folder)
      if (!isRefused(error)) throw error
      await this.#tell('ended', error.message)
      this.#kept.undo(before)
      throw error
    }
    await this.#tell('submitted', `${this.#name} was submitted.`)
  }

  /** Submits until the scheduler has taken the job. Before another attempt, the job is looked for. */
  async #id(): Promise<string | null> {
    const { signal } = this.#work
    while (true) {
      try {
        return await this.#executor.submit(this.#job)
      } catch (error) {
        if (!(error instanceof Later)) throw error
        await this.#tell('submitted', `${error.message} ${this.#name} is submitted again later.`)
      }
      for (let seen: Seen | null = null; seen === null || seen.state === 'unknown'; ) {
        if (signal.aborted) {
          await this.#leave()
          return this.#record!.id // the job was done before
        }
        await this.#context.pause(this.#work, true)
        seen = (await this.#executor.look()).find(this.#job)
        if (seen.state === 'pending' || seen.state === 'running') return seen.id
      }
    }
  }

  async #follow(): Promise<Outcome> {
    const { signal, folder } = this.#work
    let answered = 0
    let over = 0
    while (true) {
      if (signal.aborted && this.#record) return { done: await this.#leave() }
      if (this.#kept.retry()) await this.#telling.again()
      const read = await this.#read()
      if (typeof read === 'object') return { done: read }
      const look = this.#record ? await this.#executor.look() : null
      if (look && read === 'nothing' && look.number !== answered) {
        answered = look.number
        const seen = look.find(this.#job)
        await this.#see(seen)
        over = isOver(seen) ? over + 1 : 0
        const said = seen.state === 'ended' && existsSync(this.#at.end)
        if (over >= GRACE || (said && over > 0)) {
          const late = await this.#read()
          return typeof late === 'object' ? { done: late } : { seen: { ...seen, again: mayStartAgain(folder, seen) } }
        }
      }
      await this.#context.pause(this.#work, this.#telling.last?.state === 'pending')
    }
  }

  async #see(seen: Seen): Promise<void> {
    const { state, id, words } = seen
    if (id !== null && id !== this.#record?.id) this.#kept.change({ id })
    this.#lives = state === 'pending' || state === 'running'
    if (state === 'unknown') await this.#mention(words)
    else if (state === 'running') await this.#tell('running', words, seen.node ?? this.#node)
    else if (state === 'pending') await this.#tell('pending', words)
  }

  /** Passes new events on. Returns the result if there is one. `away`: the folder cannot be read now. */
  async #read(): Promise<JobResult | 'nothing' | 'away'> {
    const { folder } = this.#work
    try {
      const names = filesIn(folder)
      if (names.has(basename(this.#at.events))) while (await this.#pass());
      const result = names.has(basename(this.#at.result)) ? readResult(folder) : null
      if (result) while (await this.#pass());
      return result ?? 'nothing'
    } catch (error) {
      if (!isFolderAway(error, folder)) throw error
      await this.#mention(`The folder ${folder} cannot be read now (${reasonOf(error)}). ${this.#name} goes on.`)
      return 'away'
    }
  }

  async #pass(): Promise<boolean> {
    const lines = await this.#reader.next()
    for (const [i, { begun, event }] of lines.entries()) {
      // Of steps that were read together only the last is passed on, because each is stored.
      if (event?.type === 'step' && lines[i + 1]?.event?.type === 'step') continue
      if (begun) this.#node = begun.node
      if (begun && this.#lives) await this.#tell('running', runsOn(this.#record?.id ?? null, begun.node), begun.node)
      if (event) await this.#work.hear(event)
    }
    return lines.length > 0
  }

  async #deliver(done: JobResult): Promise<unknown> {
    if ('result' in done) {
      await this.#tell('ended', `${this.#name} is done.`, this.#node)
      return done.result
    }
    // An error is told once. Who asks again wants another attempt.
    renameSync(this.#at.result, this.#at.failure)
    if (this.#record) this.#kept.change({ told: true })
    await this.#tell('ended', `${this.#name} ended with an error.`, this.#node)
    throw errorOf(done.error)
  }

  async #end(seen: Seen): Promise<AppError> {
    const message = endInWords(this.#work.folder, seen)
    this.#kept.change({ told: true })
    await this.#tell(seen.state === 'missing' ? 'lost' : 'ended', message, seen.node ?? this.#node)
    return new AppError('JOB_ENDED', this.#kept.withFault(message))
  }

  /** The signal is aborted: cancels the job, or lets it go on without this program. */
  #leave(): Promise<JobResult> {
    const { reason } = this.#work.signal
    if (reason === 'cancel' || reason === 'pause') return this.#cancel()
    throw new AppError('JOB_CONTINUES', this.#kept.withFault(`${this.#name} goes on. ${FOLLOW_AGAIN}`))
  }

  /**
   * Throws `CANCELLED` when the job has stored its state, and `JOB_CONTINUES` if the job does not end. If the job was
   * done before, returns its result.
   */
  async #cancel(): Promise<JobResult> {
    await this.#mention(`${this.#name} is being cancelled.`)
    const outcome = await cancelJob(this.#job, this.#executor, async () => {
      const read = await this.#read()
      return typeof read === 'object' ? read : null
    })
    if (typeof outcome === 'object') return outcome
    if (outcome === 'goes on') {
      const words = `${this.#name} was asked to stop, and ${NOT_ENDED} ${FOLLOW_AGAIN}`
      await this.#mention(words)
      throw new AppError('JOB_CONTINUES', words)
    }
    this.#kept.change({ told: true })
    await this.#tell('ended', `${this.#name} was cancelled.`, this.#node)
    throw new AppError('CANCELLED', 'Cancelled')
  }
}
