/** Stored reproductions: request, status, and a lock of the program that carries out the reproduction. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../../contract/errors.ts'
import { type Reproduction, ReproductionRequest } from '../../contract/reproduction.ts'
import { lockOwner, tryLock } from '../profile/db/lock.ts'
import type { Profile } from '../profile/profile.ts'

export interface StoredReproduction {
  readonly id: number
  readonly request: ReproductionRequest
  readonly status: Reproduction['status']
  readonly reason: string | null
  readonly createdAt: string
}

interface Row extends Omit<StoredReproduction, 'request' | 'createdAt'> {
  readonly request: string
  readonly created_at: string
}

interface Ending {
  readonly reason?: string | null
  /** Whether the next window continues the reproduction. */
  readonly continues?: boolean
}

/** Path of the lock. The program that carries out the reproduction holds the lock until it ends. */
const lockPath = ({ directory }: Profile, id: number) => join(directory, 'reproductions', `${id}.lock`)

export function setStatus(
  { db, bell }: Profile,
  id: number,
  status: Reproduction['status'],
  { reason = null, continues = false }: Ending = {},
): void {
  const ended = status === 'running' ? null : new Date().toISOString()
  db.prepare('UPDATE reproductions SET status = ?, reason = ?, continues = ?, finished_at = ? WHERE id = ?').run(
    status,
    reason,
    Number(continues),
    ended,
    id,
  )
  bell.ring()
}

/** Numbers of the reproductions that the next window continues, in the order of their requests. */
export function continuedReproductions(profile: Profile): number[] {
  storedReproductions(profile) // marks those whose program was killed
  return profile.db
    .prepare("SELECT id FROM reproductions WHERE status = 'stopped' AND continues = 1 ORDER BY id")
    .pluck()
    .all() as number[]
}

/** Whether a training of the study has a job that may go on. */
const hasLivingJob = ({ db }: Profile, study: number): boolean =>
  db
    .prepare(
      `SELECT 1 FROM runs WHERE study_id = ? AND status IN ('queued', 'running', 'interrupted')
        AND job ->> '$.state' IN ('submitted', 'pending', 'running')`,
    )
    .get(study) !== undefined

/** Marks a running reproduction as stopped if no program holds its lock. It continues if its jobs go on. */
function toStored(profile: Profile, { id, status, reason, request, created_at }: Row): StoredReproduction {
  const stored = { id, request: ReproductionRequest.parse(JSON.parse(request)), createdAt: created_at }
  const lock = status === 'running' ? tryLock(lockPath(profile, id)) : null
  if (!lock) return { ...stored, status, reason }
  lock.release()
  const why = 'The program ended during the reproduction.'
  setStatus(profile, id, 'stopped', { reason: why, continues: hasLivingJob(profile, stored.request.study) })
  return { ...stored, status: 'stopped', reason: why }
}

/** All reproductions, newest first. */
export const storedReproductions = (profile: Profile): StoredReproduction[] =>
  (profile.db.prepare('SELECT * FROM reproductions ORDER BY id DESC').all() as Row[]).map(row => toStored(profile, row))

export function storedReproduction(profile: Profile, id: number): StoredReproduction {
  const row = profile.db.prepare('SELECT * FROM reproductions WHERE id = ?').get(id) as Row | undefined
  if (row) return toStored(profile, row)
  throw new AppError('INVALID_ARGUMENT', `Expected a reproduction’s number, got ${id}.`)
}

/** Number of the newest reproduction with this request, or of a new one. @param request from `spellOut` */
export function findOrAdd(profile: Profile, request: ReproductionRequest): number {
  const same = storedReproductions(profile).find(stored => isDeepStrictEqual(stored.request, request))
  if (same) return same.id
  const { lastInsertRowid } = profile.db
    .prepare("INSERT INTO reproductions (study_id, request, status, created_at) VALUES (?, ?, 'stopped', ?)")
    .run(request.study, JSON.stringify(request), new Date().toISOString())
  return Number(lastInsertRowid)
}

/** Locks a reproduction and marks it `running`. Returns the release. Throws `STATE_CONFLICT` if it is locked. */
export function claim(profile: Profile, id: number): () => void {
  const path = lockPath(profile, id)
  const lock = tryLock(path)
  if (!lock) {
    throw new AppError(
      'STATE_CONFLICT',
      `Expected a reproduction that no other program carries out, got reproduction ${id} of ${lockOwner(path)}. ` +
        'Stop the reproduction in that program.',
    )
  }
  setStatus(profile, id, 'running')
  return () => lock.release()
}
