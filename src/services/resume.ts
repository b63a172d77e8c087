/** Runs that ended before their end go on where they were. */
import { AppError } from '../contract/errors.ts'
import type { RunRow } from '../contract/runs.ts'
import type { Study } from '../contract/studies.ts'
import type { Role } from '../contract/volumes.ts'
import { locateEngine } from '../engine/install.ts'
import type { ReadOptions } from './contents/reader.ts'
import type { Services } from './context.ts'
import { beginRun, claimRun, type Parent } from './runs/store.ts'
import { type StoredRun, startFile, statesOf, storedRun, storedRuns, toRunRow } from './runs.ts'
import { readSettings } from './settings.ts'
import { studyById } from './studies.ts'
import { type PreparedRun, prepareRun, type RunOptions, readyRequest, trainNow } from './training.ts'

export interface Resumption {
  readonly prepared: PreparedRun
  /** Queues it again. */
  claim(): void
}

/** The study as the run began with it: its patients in the roles that they had then, nobody else, and no file that came later. */
function studyOfRun(services: Services, { id, study_id }: StoredRun): Study {
  const study = studyById(services, study_id)
  const rows = services.db.prepare('SELECT patient, role FROM run_patients WHERE run_id = ?').raw().all(id)
  const roles = new Map(rows as [string, Role][])
  const used = services.db.prepare('SELECT file FROM run_volumes WHERE run_id = ?').pluck().all(id) as string[]
  const files = new Set(used)
  const volumes = study.volumes.flatMap(volume => {
    const role = roles.get(volume.patient)
    return role && (files.size === 0 || files.has(volume.file)) ? [{ ...volume, role }] : []
  })
  return { ...study, volumes }
}

interface ResumeOptions extends ReadOptions {
  readonly unasked?: boolean
}

/**
 * Where a run can go on. Throws `STATE_CONFLICT` where it cannot, `DATA_CHANGED` where its study's volumes are no longer those that it
 * began with.
 */
export async function prepareResumption(
  services: Services,
  id: string,
  { unasked = false, ...options }: ResumeOptions = {},
): Promise<Resumption> {
  const row = storedRun(services, id)
  const { config, resumable, status } = toRunRow(services, row)
  const { recipe } = config
  if (!resumable || !recipe)
    throw new AppError('STATE_CONFLICT', `Expected a run that can be resumed, got run ${id}, which is ${status}.`)
  const states = statesOf(services, row.id)
  const request = { study: studyOfRun(services, row), config: { ...config, recipe }, parent: parentOf(services, row) }
  const prepared = prepareRun(services, await readyRequest(services, request, options), states)
  requireSameContent(services, id, prepared)
  const step = states[0]?.step ?? 0
  const resumes = unasked ? (step > row.resumed_step ? 1 : row.resumes + 1) : 0
  return { prepared, claim: () => claimRun(services, id, status, resumes, step) }
}

/** Throws `DATA_CHANGED` where a run would go on with other contents than it began with. */
function requireSameContent(services: Services, id: string, { study, train, validation, content }: PreparedRun): void {
  const { environment } = storedRun(services, id)
  const began = JSON.parse(environment)
  if (began.content === content) return
  if (began.content === undefined || began.content === null) {
    throw new AppError(
      'DATA_CHANGED',
      `Expected a run whose contents are recorded, got run ${id}: files of study "${study.name}" were written since it began. Start it again.`,
    )
  }
  const used = services.db.prepare('SELECT file, identity FROM run_volumes WHERE run_id = ?').raw().all(Number(id))
  const now = new Map([...train, ...validation].map(volume => [volume.file, volume.content?.identity]))
  const others = (used as [string, string][]).filter(([file, identity]) => now.get(file) !== identity)
  const which = others.length > 0 ? others.map(([file]) => file).join(', ') : 'more files'
  throw new AppError(
    'DATA_CHANGED',
    `Expected the contents that run ${id} began with, got others in study "${study.name}": ${which}. Put the old files back, or start the run again.`,
  )
}

/** Where the row's weights came from. */
export function parentOf(services: Services, row: StoredRun): Parent {
  if (row.parent_id !== null) return { run: String(row.parent_id), epoch: row.parent_epoch }
  const file = startFile(services, row)
  return file === null ? null : { file }
}

/** Goes on with a run that has ended before its end, and returns it finished. */
export async function resumeRun(services: Services, id: string, options: RunOptions = {}): Promise<RunRow> {
  const resumption = await prepareResumption(services, id, options)
  const begin = () => {
    resumption.claim()
    beginRun(services, id)
    return id
  }
  return trainNow(services, resumption.prepared, begin, options)
}

/** Unasked, a run that comes no further is resumed so often. */
const MOST_RESUMES = 3

/**
 * Queues again, in their order, runs that waited when a signal stopped the program; before them, where the profile's settings say so, those
 * that were in training. One that cannot go on stays as it is.
 */
export async function resumeInterrupted(services: Services): Promise<void> {
  if (!locateEngine()) return
  const { autoResume } = readSettings(services)
  const rows = storedRuns(services).filter(({ status, hidden_at }) => status === 'interrupted' && hidden_at === null)
  for (const row of rows.toSorted((a, b) => (a.queue_place ?? 0) - (b.queue_place ?? 0))) {
    const waited = row.queue_place !== null
    if (!(waited || autoResume) || !toRunRow(services, row).resumable) continue
    const step = statesOf(services, row.id)[0]?.step ?? 0
    if (!waited && row.resumes >= MOST_RESUMES && step <= row.resumed_step) continue
    try {
      const run = String(row.id)
      services.queue.resume(run, await prepareResumption(services, run, { unasked: !waited }))
    } catch (error) {
      if (!services.db.open) return
      if (!(error instanceof AppError)) throw error
    }
  }
}
