/** Resumes unfinished runs from their last state. */
import { AppError } from '../../contract/errors.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { Study } from '../../contract/studies.ts'
import type { Role } from '../../contract/volumes.ts'
import { jobFolderOf } from '../places/jobs/job-files.ts'
import { submitCancelledAgain } from '../places/jobs/job-folder.ts'
import { runDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import type { OpenProfile, ReadOptions } from '../studies/contents/reader.ts'
import { studyById } from '../studies/studies.ts'
import { requireHere, type StoredRun, startFile, statesOf, storedRun, toRunRow } from './runs.ts'
import { beginRun, claimRun, type Parent } from './store.ts'
import { type PreparedRun, prepareRun, type RunOptions, type RunRequest, readyRequest, trainNow } from './training.ts'

export interface Resumption {
  readonly prepared: PreparedRun
  /** Changes the run's status to `queued`, and gives the run to this process. */
  claim(): void
}

/** The study as it was when the run began: only the patients and the files of that time, in their roles. */
function studyOfRun(profile: Profile, { id, study_id }: StoredRun): Study {
  const study = studyById(profile, study_id)
  const rows = profile.db.prepare('SELECT patient, role FROM run_patients WHERE run_id = ?').raw().all(id)
  const roles = new Map(rows as [string, Role][])
  const used = profile.db.prepare('SELECT file FROM run_volumes WHERE run_id = ?').pluck().all(id) as string[]
  const files = new Set(used)
  const volumes = study.volumes.flatMap(volume => {
    const role = roles.get(volume.patient)
    return role && (files.size === 0 || files.has(volume.file)) ? [{ ...volume, role }] : []
  })
  return { ...study, volumes }
}

interface ResumeOptions extends ReadOptions, Pick<RunRequest, 'scores'> {
  readonly unasked?: boolean
  /** Whether a job that was cancelled starts again, because the user asked for this resumption. */
  readonly startsAgain?: boolean
}

/**
 * Prepares the resumption of a run. Throws `STATE_CONFLICT` if the run cannot be resumed.
 * Throws `DATA_CHANGED` if the study's volumes have changed since the run began.
 */
export async function prepareResumption(
  opened: OpenProfile,
  id: string,
  { unasked = false, startsAgain = false, scores, ...options }: ResumeOptions = {},
): Promise<Resumption> {
  requireHere(opened.profile, id)
  const row = storedRun(opened.profile, id)
  const { config, resumable, status } = toRunRow(opened.profile, row)
  const { recipe } = config
  if (!resumable || !recipe)
    throw new AppError('STATE_CONFLICT', `Expected a run that can be resumed, got run ${id}, which is ${status}.`)
  const states = statesOf(opened.profile, row.id)
  const request = {
    study: studyOfRun(opened.profile, row),
    config: { ...config, recipe },
    parent: parentOf(opened.profile, row),
    scores,
  }
  const prepared = prepareRun(opened.profile, await readyRequest(opened, request, options), states)
  requireSameContent(opened.profile, id, prepared)
  const step = states[0]?.step ?? 0
  const resumes = unasked ? (step > row.resumed_step ? 1 : row.resumes + 1) : 0
  function claim(): void {
    if (startsAgain) submitCancelledAgain(jobFolderOf(runDirectory(opened.profile, id)))
    claimRun(opened.profile, id, status, resumes, step)
  }
  return { prepared, claim }
}

/** Throws `DATA_CHANGED` if the present contents differ from the contents at the start of the run. */
function requireSameContent(profile: Profile, id: string, { study, train, validation, content }: PreparedRun): void {
  const { environment } = storedRun(profile, id)
  const began = JSON.parse(environment)
  if (began.content === content) return
  if (began.content === undefined || began.content === null) {
    throw new AppError(
      'DATA_CHANGED',
      `Expected a run whose contents are recorded, got run ${id}. Files of study "${study.name}" ` +
        'were written after the run began. Start the run again.',
    )
  }
  const used = profile.db.prepare('SELECT file, identity FROM run_volumes WHERE run_id = ?').raw().all(Number(id))
  const now = new Map([...train, ...validation].map(volume => [volume.file, volume.content?.identity]))
  const others = (used as [string, string][]).filter(([file, identity]) => now.get(file) !== identity)
  const which = others.length > 0 ? others.map(([file]) => file).join(', ') : 'more files'
  throw new AppError(
    'DATA_CHANGED',
    `Expected the contents at the start of run ${id}, got other contents in study "${study.name}": ${which}. ` +
      'Put the old files back, or start the run again.',
  )
}

/** The parent of a run. */
export function parentOf(profile: Profile, row: StoredRun): Parent {
  if (row.parent_id !== null) return { run: String(row.parent_id), epoch: row.parent_epoch }
  const file = startFile(profile, row)
  return file === null ? null : { file }
}

/** Resumes an unfinished run, and returns the finished run. */
export async function resumeRun(
  opened: OpenProfile,
  id: string,
  options: RunOptions & Pick<RunRequest, 'scores'> = {},
): Promise<RunRow> {
  const resumption = await prepareResumption(opened, id, { ...options, startsAgain: true })
  const begin = (status: 'queued' | 'running') => {
    resumption.claim()
    if (status === 'running') beginRun(opened.profile, id)
    return id
  }
  return trainNow(opened, resumption.prepared, begin, { ...options, run: id })
}
