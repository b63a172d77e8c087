/** The program's side of a job folder: makes it ready for a job, and looks at what a job left. */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { TrainingEvent } from '../../../contract/runs.ts'
import type { TrainRequest, WrittenFile } from '../../../engine/process/protocol.ts'
import { allEvents, type JobLine } from './job-events.ts'
import type { Seen } from './job-executor.ts'
import { inJob, JobEnd, JobRecord, JobRequest, readJobFile, readOwner, readRecord, writeWhole } from './job-files.ts'
import { historyOf, statesOf } from './job-history.ts'
import { asRefused } from './kept-record.ts'

const trainingEvents = (lines: readonly JobLine[]): TrainingEvent[] =>
  lines.flatMap(({ event }) => TrainingEvent.safeParse(event).data ?? [])

/** The record of the next submission. It counts submissions between which the training did not go forward. */
export async function nextRecord(
  folder: string,
  job: Pick<JobRecord, 'executor' | 'name'>,
  before: JobRecord | null,
): Promise<JobRecord> {
  const { states } = historyOf(trainingEvents(await allEvents(inJob(folder).events)))
  const step = states[0]?.at.step ?? 0
  const fruitless = before && !before.told && step <= before.step ? before.fruitless + 1 : 1
  return { ...job, id: null, token: before?.token ?? `self-mri-${randomUUID()}`, fruitless, step, told: false }
}

/**
 * Writes the request. Removes what earlier attempts said of their ends, and their ownership: an attempt on a node that
 * the scheduler has lost then writes no more.
 */
export function prepareFolder(folder: string, request: JobRequest, masks: readonly string[]): void {
  const at = inJob(folder)
  for (const path of [at.cancel, at.end, at.failure, at.owner]) rmSync(path, { force: true })
  if (masks.length > 0) mkdirSync(at.masks, { recursive: true, mode: 0o700 })
  for (const path of masks) {
    const copy = join(at.masks, basename(path))
    if (!existsSync(path) || existsSync(copy)) continue
    const part = `${copy}.part` // a full disk may cut a copy short
    copyFileSync(path, part)
    renameSync(part, copy)
  }
  writeWhole(at.request, request, { lasting: false })
}

const isStopped = (folder: string) => readJobFile(inJob(folder).end, JobEnd)?.how === 'stopped'

/** Whether an ended job may be started again. A job that was cancelled starts again only if the user asks for it. */
export function mayStartAgain(folder: string, seen: Seen): boolean {
  const at = inJob(folder)
  if (existsSync(at.cancel) || (seen.state === 'missing' && isStopped(folder))) return false
  return seen.again || readJobFile(at.end, JobEnd)?.how === 'again'
}

/** Whether the user cancelled the job, and has not resumed its run since. */
export const staysCancelled = (folder: string): boolean =>
  existsSync(inJob(folder).cancel) && !readRecord(folder)?.resumed

/**
 * The user resumes the run of a job: a job that was cancelled is then submitted again. Throws `JOB_REFUSED` if the
 * folder cannot be written. A folder that is away tells the job's end once more.
 */
export function submitCancelledAgain(folder: string): void {
  const { record: path, cancel } = inJob(folder)
  const record = readJobFile(path, JobRecord)
  if (!record || !(existsSync(cancel) || isStopped(folder))) return
  try {
    writeWhole(path, { ...record, resumed: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asRefused(error, folder)
  }
}

/** An attempt that the scheduler has lost then writes no more, because this program computes the training. */
export const takeOver = (folder: string): void => writeWhole(inJob(folder).owner, `here-${randomUUID()}`)

/**
 * Removes the events of a run that is stored as finished, because they have megabytes and nobody reads them again. The
 * result and the scores stay.
 */
export function removeEvents(folder: string): void {
  try {
    rmSync(inJob(folder).events, { force: true })
  } catch {
    // The folder is away. The run is finished nevertheless.
  }
}

/** The newest states of a job whose training continues on this machine, newest first. */
export const statesOfJob = async (folder: string): Promise<WrittenFile[]> =>
  statesOf(historyOf(trainingEvents(await allEvents(inJob(folder).events))))

/**
 * Clears a folder whose training went on elsewhere since: the newest state of the run is neither one of the job's nor
 * one of its request. The events of the folder would then take the run back.
 */
export async function clearForeign(
  folder: string,
  { call, params }: JobRequest,
  cancel: (record: JobRecord) => Promise<void>,
): Promise<void> {
  if (call !== 'train') return
  const [newest] = (params as unknown as TrainRequest).states
  const at = inJob(folder)
  const lines = newest ? await allEvents(at.events) : []
  if (lines.length === 0) return
  const before = readJobFile(at.request, JobRequest)
  const given = (before?.params as unknown as TrainRequest | undefined)?.states ?? []
  const own = trainingEvents(lines).filter(event => event.type === 'state')
  if ([...own, ...given].some(({ sha256 }) => sha256 === newest.sha256)) return
  const record = readRecord(folder)
  if (record) await cancel(record).catch(() => {}) // without an owner, the old attempt writes no more
  for (const path of [at.owner, at.events, at.trained, at.scores, at.result, at.end, at.record])
    rmSync(path, { recursive: true, force: true })
}

/**
 * The names of the files. Throws the system's error if the folder is not there, because its disk is not mounted. On a
 * network file system this also renews what this machine knows of the folder.
 */
export const filesIn = (folder: string): ReadonlySet<string> => new Set(readdirSync(folder))

/** Whether the system could not read the folder, in contrast to a fault of a file or of another folder. */
export function isFolderAway(error: unknown, folder: string): boolean {
  if (!(error instanceof Error) || !('syscall' in error)) return false
  const { path, syscall } = error as NodeJS.ErrnoException
  return path === undefined ? ['read', 'fstat', 'close'].includes(syscall!) : path.startsWith(folder)
}

/** How a job ended without a result, and what to do. */
export function endInWords(folder: string, { words, node }: Seen): string {
  const at = inJob(folder)
  const end = readJobFile(at.end, JobEnd)
  const log = lastLines(at.log)
  const leftNothing = node !== null && readOwner(folder) === null && log === ''
  const all = [
    words,
    existsSync(at.cancel) && 'The job was cancelled. Resume the run to start the job again.',
    end?.words,
    end?.how === 'died' && 'If memory ran out, ask for more with --memory.',
    leftNothing &&
      `The job left nothing in ${folder}. Perhaps its node does not have this folder. Put the runs on a file system ` +
        'that all nodes share: --runs FOLDER.',
    log && (end?.how === 'stopped' ? `Its log: ${at.log}` : `Its log ends with “${log}” (${at.log}).`),
  ]
  return [...new Set(all)].filter(Boolean).join(' ')
}

const LOG_BYTES = 2000
const LOG_LINES = 3

/** The last lines of a log. Empty: there is none. */
function lastLines(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, LOG_BYTES))
      readSync(file, bytes, 0, bytes.length, size - bytes.length)
      const lines = bytes
        .toString()
        .split('\n')
        .map(line => line.trim())
        .filter(Boolean)
      return lines.slice(-LOG_LINES).join(' / ')
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}
