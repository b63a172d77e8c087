/** Reproductions as they are written down: what was asked for, and whether somebody works on it. */
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

/** Held by who works on it, however that ends. */
const lockPath = ({ directory }: Profile, id: number) => join(directory, 'reproductions', `${id}.lock`)

export function setStatus(
  { db, bell }: Profile,
  id: number,
  status: Reproduction['status'],
  reason: string | null = null,
): void {
  const ended = status === 'running' ? null : new Date().toISOString()
  db.prepare('UPDATE reproductions SET status = ?, reason = ?, finished_at = ? WHERE id = ?').run(
    status,
    reason,
    ended,
    id,
  )
  bell.ring()
}

/** One that nobody works on any more was stopped. */
function toStored(profile: Profile, { id, status, reason, request, created_at }: Row): StoredReproduction {
  const stored = { id, request: ReproductionRequest.parse(JSON.parse(request)), createdAt: created_at }
  const lock = status === 'running' ? tryLock(lockPath(profile, id)) : null
  if (!lock) return { ...stored, status, reason }
  lock.release()
  const why = 'The program ended while it was going on.'
  setStatus(profile, id, 'stopped', why)
  return { ...stored, status: 'stopped', reason: why }
}

/** Newest first. */
export const storedReproductions = (profile: Profile): StoredReproduction[] =>
  (profile.db.prepare('SELECT * FROM reproductions ORDER BY id DESC').all() as Row[]).map(row => toStored(profile, row))

export function storedReproduction(profile: Profile, id: number): StoredReproduction {
  const row = profile.db.prepare('SELECT * FROM reproductions WHERE id = ?').get(id) as Row | undefined
  if (row) return toStored(profile, row)
  throw new AppError('INVALID_ARGUMENT', `Expected a reproduction’s number, got ${id}.`)
}

/** Its number; the newest one of the same request is taken up again. `request`: every choice spelt out. */
export function findOrAdd(profile: Profile, request: ReproductionRequest): number {
  const same = storedReproductions(profile).find(stored => isDeepStrictEqual(stored.request, request))
  if (same) return same.id
  const { lastInsertRowid } = profile.db
    .prepare("INSERT INTO reproductions (study_id, request, status, created_at) VALUES (?, ?, 'stopped', ?)")
    .run(request.study, JSON.stringify(request), new Date().toISOString())
  return Number(lastInsertRowid)
}

/** Marks it as being worked on; returns what ends that. Throws `STATE_CONFLICT` where another program does. */
export function claim(profile: Profile, id: number): () => void {
  const path = lockPath(profile, id)
  const lock = tryLock(path)
  if (!lock) {
    throw new AppError(
      'STATE_CONFLICT',
      `Expected a reproduction that nobody works on, got number ${id}, on which ${lockOwner(path)} does. Stop it ` +
        `there.`,
    )
  }
  setStatus(profile, id, 'running')
  return () => lock.release()
}
