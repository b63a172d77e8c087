/** Runs that ended before their end go on where they were. */
import { AppError } from '../../contract/errors.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { Study } from '../../contract/studies.ts'
import type { Role } from '../../contract/volumes.ts'
import type { Profile } from '../profile/profile.ts'
import type { OpenProfile, ReadOptions } from '../studies/contents/reader.ts'
import { studyById } from '../studies/studies.ts'
import { type StoredRun, startFile, statesOf, storedRun, toRunRow } from './runs.ts'
import { beginRun, claimRun, type Parent } from './store.ts'
import { type PreparedRun, prepareRun, type RunOptions, readyRequest, trainNow } from './training.ts'

export interface Resumption {
  readonly prepared: PreparedRun
  /** Queues it again. */
  claim(): void
}

/**
 * The study as the run began with it: its patients in the roles that they had then, nobody else, and no file that came
 * later.
 */
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

interface ResumeOptions extends ReadOptions {
  readonly unasked?: boolean
}

/**
 * Where a run can go on. Throws `STATE_CONFLICT` where it cannot, `DATA_CHANGED` where its study's volumes are no
 * longer those that it began with.
 */
export async function prepareResumption(
  opened: OpenProfile,
  id: string,
  { unasked = false, ...options }: ResumeOptions = {},
): Promise<Resumption> {
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
  }
  const prepared = prepareRun(opened.profile, await readyRequest(opened, request, options), states)
  requireSameContent(opened.profile, id, prepared)
  const step = states[0]?.step ?? 0
  const resumes = unasked ? (step > row.resumed_step ? 1 : row.resumes + 1) : 0
  return { prepared, claim: () => claimRun(opened.profile, id, status, resumes, step) }
}

/** Throws `DATA_CHANGED` where a run would go on with other contents than it began with. */
function requireSameContent(profile: Profile, id: string, { study, train, validation, content }: PreparedRun): void {
  const { environment } = storedRun(profile, id)
  const began = JSON.parse(environment)
  if (began.content === content) return
  if (began.content === undefined || began.content === null) {
    throw new AppError(
      'DATA_CHANGED',
      `Expected a run whose contents are recorded, got run ${id}: files of study "${study.name}" were written since ` +
        `it began. Start it again.`,
    )
  }
  const used = profile.db.prepare('SELECT file, identity FROM run_volumes WHERE run_id = ?').raw().all(Number(id))
  const now = new Map([...train, ...validation].map(volume => [volume.file, volume.content?.identity]))
  const others = (used as [string, string][]).filter(([file, identity]) => now.get(file) !== identity)
  const which = others.length > 0 ? others.map(([file]) => file).join(', ') : 'more files'
  throw new AppError(
    'DATA_CHANGED',
    `Expected the contents that run ${id} began with, got others in study "${study.name}": ${which}. Put the old ` +
      `files back, or start the run again.`,
  )
}

/** Where the row's weights came from. */
export function parentOf(profile: Profile, row: StoredRun): Parent {
  if (row.parent_id !== null) return { run: String(row.parent_id), epoch: row.parent_epoch }
  const file = startFile(profile, row)
  return file === null ? null : { file }
}

/** Goes on with a run that has ended before its end, and returns it finished. */
export async function resumeRun(opened: OpenProfile, id: string, options: RunOptions = {}): Promise<RunRow> {
  const resumption = await prepareResumption(opened, id, options)
  const begin = () => {
    resumption.claim()
    beginRun(opened.profile, id)
    return id
  }
  return trainNow(opened, resumption.prepared, begin, options)
}
