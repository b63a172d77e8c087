/** Checks that all files that a profile names exist and are intact. Writes nothing. */
import { statSync } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import { copyOfMask } from '../../engine/files/masks.ts'
import { hashFile } from '../../engine/files/written-record.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import { databasePath } from './db/index.ts'
import { fileAt, masksDirectory, runFile } from './paths.ts'
import type { Profile } from './profile.ts'

/** A file that the profile names. */
interface Named {
  readonly kind: 'checkpoint' | 'state' | 'preview' | 'mask file' | 'study file'
  /** The run's number, or the study's name. Of a mask file: `run 3`, `evaluation 5` or `settings cg-sense:3`. */
  readonly of: string
  readonly path: string
  /** Of a mask file: the user's file, which is read if the copy at `path` is missing or damaged. */
  readonly original: string | null
  /** `null`: unknown. */
  readonly sha256: string | null
}

export interface ProfileFault extends Pick<Named, 'kind' | 'of' | 'path'> {
  /** `damaged`: the SHA-256 differs from the recorded one. */
  readonly fault: 'missing' | 'unreadable' | 'damaged'
}

export interface ProfileCheck {
  readonly profile: string
  readonly checked: Readonly<Record<Named['kind'], number>>
  /** Runs that train, perhaps as jobs. Their files are not checked, because they change during the training. */
  readonly training: readonly string[]
  readonly faults: readonly ProfileFault[]
}

/** The job of an interrupted run may go on. It deletes older states, which the profile still names. */
const TRAINS = `(status = 'running' OR (status IN ('queued', 'interrupted')
  AND coalesce(job ->> '$.state', '') IN ('submitted', 'pending', 'running')))`

/** All files that the profile names, except files of hidden studies and of runs that train. */
function namedFiles(profile: Profile): Named[] {
  const rows = profile.db
    .prepare(
      `WITH ended AS (SELECT id FROM runs WHERE NOT ${TRAINS})
        SELECT 'checkpoint' AS kind, run_id AS of, path, sha256 FROM checkpoints WHERE run_id IN ended
        UNION ALL SELECT 'state', run_id, path, sha256 FROM states WHERE run_id IN ended
        UNION ALL SELECT 'preview', run_id, event ->> '$.path', NULL FROM events
          WHERE event ->> '$.type' = 'preview' AND run_id IN ended
        UNION ALL SELECT 'mask file', of, mask ->> '$.file.path', mask ->> '$.file.sha256' FROM (
          SELECT 'run ' || id AS of, config -> '$.mask' AS mask FROM runs
          UNION ALL SELECT 'evaluation ' || id, result -> '$.protocol.mask' FROM evaluations
          UNION ALL SELECT 'settings ' || method || ':' || id, tuning -> '$.protocol.mask' FROM classical_settings
        ) WHERE mask ->> '$.kind' = 'file'
        UNION ALL SELECT 'study file', studies.name, path, NULL FROM volumes JOIN studies ON studies.id = study_id
          WHERE hidden_at IS NULL`,
    )
    .all() as (Omit<Named, 'of' | 'original'> & { readonly of: string | number })[]
  const seen = new Set<string>()
  function pathOf({ kind, path, sha256 }: (typeof rows)[number]): string {
    if (kind === 'mask file') return copyOfMask(masksDirectory(profile), sha256!)
    return kind === 'study file' ? fileAt(profile, path) : runFile(profile, path)
  }
  return rows.flatMap(row => {
    const { kind, of, sha256 } = row
    const original = kind === 'mask file' ? row.path : null
    const path = pathOf(row)
    const key = `${kind} ${of} ${path}`
    if (seen.has(key)) return [] // a resumed run logs an epoch's image twice
    seen.add(key)
    return [{ kind, of: String(of), path, original, sha256 }]
  })
}

async function faultOf({ path, original, sha256 }: Named): Promise<ProfileFault['fault'] | null> {
  const fault = await faultAt(path, sha256)
  return fault && original && (await faultAt(original, sha256)) === null ? null : fault
}

async function faultAt(path: string, sha256: string | null): Promise<ProfileFault['fault'] | null> {
  try {
    if (!(await stat(path)).isFile()) return 'missing'
    await access(path, constants.R_OK)
    if (sha256 === null) return null
    return (await hashFile(path)) === sha256 ? null : 'damaged'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable'
  }
}

export async function checkProfile(
  profile: Profile,
  { onProgress, signal }: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<ProfileCheck> {
  const { directory } = profile
  if (!statSync(databasePath(directory), { throwIfNoEntry: false })?.size)
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected a profile with its database, got no database in ${directory}. ` +
        'Name the profile’s folder with --profile DIR, or restore the database from a copy.',
    )
  const named = namedFiles(profile)
  const checked = { checkpoint: 0, state: 0, preview: 0, 'mask file': 0, 'study file': 0 }
  const faults: ProfileFault[] = []
  for (const [done, file] of named.entries()) {
    throwIfCancelled(signal)
    const { kind, of, path } = file
    onProgress?.({ done, total: named.length, label: kind })
    const fault = await faultOf(file)
    if (fault) faults.push({ kind, of, path, fault })
    checked[kind]++
  }
  const training = profile.db
    .prepare(`SELECT CAST(id AS TEXT) FROM runs WHERE ${TRAINS} ORDER BY id`)
    .pluck()
    .all() as string[]
  return { profile: directory, checked, training, faults }
}
