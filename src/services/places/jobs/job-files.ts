/**
 * The folder of a job. The job and the program that waits for the job share nothing else. All files are for the user
 * alone. A file is either complete or absent, except `events.jsonl`, whose last line may be cut short.
 *
 * `request.json`   one engine call
 * `job.json`       the scheduler's id. It is written without an id before the job is submitted.
 * `owner`          the newest attempt to carry out the job. An older attempt writes no more.
 * `events.jsonl`   the call's events
 * `trained.json`   the summary of a training whose scores are not complete yet
 * `scores/*.json`  scores after a training, each as soon as it is computed
 * `ended.json`     how the newest attempt ended, if it ended without a result
 * `result.json`    the result, or why there is none
 * `cancel`         asks the job to stop
 */
import { createHash, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { AppError, ERRORS, type ErrorCode } from '../../../contract/errors.ts'
import type { Calls } from '../../../engine/process/protocol.ts'
import { makeFolder } from '../../profile/paths.ts'

/** Calls that become jobs. */
export const JOB_CALLS = ['train', 'evaluate', 'compare'] as const
export type JobCall = (typeof JOB_CALLS)[number]

/** Version of the files. A job refuses the files of another version. */
export const FORMAT = 1

export const JobRequest = z.object({
  format: z.literal(FORMAT),
  call: z.enum(JOB_CALLS),
  params: z.looseObject({}),
  /** Whether XLA compiles graphs. */
  xla: z.boolean(),
  /** Above 0: the engine must compute on a GPU. */
  gpus: z.int(),
})
export type JobRequest = z.infer<typeof JobRequest>

/** What the driver knows of a job. */
export const JobRecord = z.object({
  executor: z.enum(['slurm', 'folder']),
  /** The scheduler's id. `null`: the scheduler has not answered, or has no ids. */
  id: z.string().nullable(),
  /** Name of the job in the scheduler's lists. */
  name: z.string(),
  /** Comment of the job in the scheduler's lists. It finds a job whose id was lost. */
  token: z.string(),
  /** Submissions since the training last went forward. */
  fruitless: z.int(),
  /** Number of finished steps in the newest state at the last submission. */
  step: z.int(),
  /** Whether somebody was told how the job ended. Who asks again then wants another job. */
  told: z.boolean(),
  /** Whether the user resumed the run after the job was cancelled. The job is then submitted again. */
  resumed: z.boolean().optional(),
})
export type JobRecord = z.infer<typeof JobRecord>

const Failure = z.object({ code: z.enum(Object.keys(ERRORS) as [ErrorCode]).nullable(), message: z.string() })

export const JobResult = z.union([z.object({ error: Failure }), z.object({ result: z.unknown() })])
export type JobResult = z.infer<typeof JobResult>

/** `again`: the job should be started again. `stopped`: somebody stopped the job. `died`: the engine died. */
export const JobEnd = z.object({ how: z.enum(['again', 'stopped', 'died']), words: z.string() })
export type JobEnd = z.infer<typeof JobEnd>

export const Trained = z.object({ summary: z.looseObject({}) })

export const inJob = (folder: string) => ({
  request: join(folder, 'request.json'),
  record: join(folder, 'job.json'),
  owner: join(folder, 'owner'),
  events: join(folder, 'events.jsonl'),
  trained: join(folder, 'trained.json'),
  scores: join(folder, 'scores'),
  end: join(folder, 'ended.json'),
  result: join(folder, 'result.json'),
  failure: join(folder, 'failed.json'),
  cancel: join(folder, 'cancel'),
  script: join(folder, 'job.sh'),
  log: join(folder, 'slurm.log'),
  /** Copies of mask files, because the profile's copies may lie on a disk of the driver alone. */
  masks: join(folder, 'masks'),
})

/** The job folder of a training. */
export const jobFolderOf = (runDirectory: string): string => join(runDirectory, 'job')

/** The job folder of another call. Equal calls have one folder. */
export const callFolder = (runs: string, call: JobCall, params: object): string =>
  join(runs, 'jobs', callKey(call, params))

/** Makes a folder that only its user can read. */
export function makePrivateFolder(folder: string): void {
  makeFolder(dirname(folder))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

const ARRAYS = { Float32Array, Float64Array, Uint8Array, Int32Array, Uint32Array } as const
type ArrayName = keyof typeof ARRAYS

/** JSON, in which typed arrays are base64 and numbers that are not finite are words. */
export const encode = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'number' && !Number.isFinite(each)) return { $number: String(each) }
    if (!ArrayBuffer.isView(each)) return each
    const { buffer, byteOffset, byteLength } = each
    return { $array: each.constructor.name, base64: Buffer.from(buffer, byteOffset, byteLength).toString('base64') }
  })

/** The inverse of `encode`. */
export const decode = (text: string): unknown =>
  JSON.parse(text, (_key, each) => {
    if (typeof each?.$number === 'string') return Number(each.$number)
    if (typeof each?.$array !== 'string') return each
    const make = ARRAYS[each.$array as ArrayName]
    const bytes = new Uint8Array(Buffer.from(each.base64, 'base64')) // a copy, which is aligned
    return new make(bytes.buffer)
  })

/** JSON with sorted keys, so that equal values have equal texts. The value is as a file would give it back. */
function canonical(value: unknown): string {
  const sorted = (_key: string, each: unknown): unknown =>
    each && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each
  return JSON.stringify(JSON.parse(encode(value)), sorted)
}

/** A hash of a call. Equal calls have equal hashes. */
export const callKey = (call: JobCall, params: object): string =>
  createHash('sha256')
    .update(`${FORMAT} ${call} ${canonical(params)}`)
    .digest('hex')
    .slice(0, 32)

type Scoring = Calls['evaluate']['params']

/**
 * The file of a score in the job folder of its training. The folder of the checkpoint does not matter, because runs may
 * be moved.
 */
export function scoreFile(folder: string, params: Scoring): string {
  const { reconstructor } = params
  const named =
    reconstructor && 'checkpoint' in reconstructor
      ? { ...reconstructor, checkpoint: basename(reconstructor.checkpoint) }
      : reconstructor
  return join(inJob(folder).scores, `${callKey('evaluate', { ...params, reconstructor: named })}.json`)
}

/**
 * Replaces a file in one step. Only a `lasting` file survives a power cut. Throws the system's error, whose `path` is
 * the file.
 */
export function writeWhole(path: string, value: unknown, { lasting = true } = {}): void {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`
  try {
    const file = openSync(part, 'w', 0o600)
    try {
      writeFileSync(file, `${typeof value === 'string' ? value : encode(value)}\n`)
      if (lasting) fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw Object.assign(error as Error, { path })
  }
}

const isMissing = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** The contents of a file. `null`: there is no file. Throws `FILE_UNREADABLE` for other contents. */
export function readJobFile<T>(path: string, schema: z.ZodType<T>): T | null {
  const text = readText(path)
  if (text === null) return null
  try {
    return schema.parse(decode(text))
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected a file of a job of this version of Self-MRI, got other contents, in ${path}. ` +
        'Move the job’s folder away, and resume the run.',
      cause,
    )
  }
}

/** What the driver knows of the job. `null`: the folder has no job. */
export const readRecord = (folder: string): JobRecord | null => readJobFile(inJob(folder).record, JobRecord)

/** The result of the job, or its error. `null`: there is none yet. */
export const readResult = (folder: string): JobResult | null => readJobFile(inJob(folder).result, JobResult)

/** Whether the folder has a job whose end nobody was told. The job may go on. */
export const mayGoOn = (folder: string): boolean => readRecord(folder)?.told === false

/** The newest attempt to carry out the job. `null`: there was none. */
export const readOwner = (folder: string): string | null => readText(inJob(folder).owner)?.trim() ?? null

/** The error that a job stored. */
export const errorOf = ({ code, message }: z.infer<typeof Failure>): Error =>
  code ? new AppError(code, message) : new Error(message)

export const failureOf = (error: unknown): z.infer<typeof Failure> => ({
  code: error instanceof AppError ? error.code : null,
  message: error instanceof Error ? error.message : String(error),
})
