/** Studies: volumes with their roles, and skipped files. */
import { flagsOf } from '../../contract/crimes.ts'
import { AppError } from '../../contract/errors.ts'
import { VOLUME_ENDINGS } from '../../contract/file-endings.ts'
import { ofOneOrigin } from '../../contract/origin.ts'
import type { Split, Study, StudySummary, StudyVolume } from '../../contract/studies.ts'
import { ROLES, type Role, SliceSelection, selectsAny, VolumeInfo } from '../../contract/volumes.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import { isTaken } from '../profile/db/errors.ts'
import { fileAt, storedFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { onceThereIsRoom } from '../profile/room.ts'
import type { OpenProfile } from './contents/reader.ts'
import { chosenByNumberOrName, type NamedThing, requireUsableName } from './names.ts'
import { patientRoles, remarksOn, scanRoles, sharedPatientRemarks } from './remarks.ts'
import { assignRoles, FRACTIONS } from './split.ts'

export type { Study, StudyVolume } from '../../contract/studies.ts'

export interface ImportRequest {
  readonly paths: readonly string[]
  readonly name: string
  readonly slices: SliceSelection
  readonly splitSeed: number
  readonly kind?: Study['kind']
  /** Role of a file by its name. `null`: the file is split by patient. */
  readonly roles?: (file: string) => Role | null
  readonly remarks?: readonly string[]
}

const nameTaken = (name: string, cause?: unknown) =>
  new AppError(
    'INVALID_ARGUMENT',
    `Expected a new study’s name, got "${name}", which exists already. Choose another name.`,
    cause,
  )

/** Scans files and stores a study. Throws if the name exists, or with all reasons if no file can be used. */
export async function importStudy(
  opened: OpenProfile,
  request: ImportRequest,
  options: { onProgress?: (progress: Progress) => void; signal?: AbortSignal } = {},
): Promise<Study> {
  requireUsableName(request.name)
  if (opened.profile.db.prepare('SELECT 1 FROM studies WHERE name = ?').get(request.name)) throw nameTaken(request.name)
  const scan = await opened.engines.interactive.call(
    'scan',
    { paths: request.paths, salt: opened.profile.salt },
    { onEvent: options.onProgress, signal: options.signal },
  )
  if (scan.volumes.length === 0) {
    const reasons = scan.skipped.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('')
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected at least one file of k-space (${VOLUME_ENDINGS.join(', ')}), got none that can be used in ` +
        `${request.paths.join(', ')}${reasons}`,
    )
  }
  const { kept, others } = ofOneOrigin(scan.volumes)
  const found = kept.map(volume => ({ ...volume, role: request.roles?.(volume.file) ?? volume.role }))
  const volumes = assignRoles(found, request.splitSeed)
  const dealt = found.some(volume => volume.role === null)
  const split: Split = {
    by: request.roles ? 'the study' : dealt ? 'patients' : 'folders',
    seed: dealt ? request.splitSeed : null,
    fractions: dealt ? FRACTIONS : null,
  }
  const { db } = opened.profile
  const store = db.transaction(() => {
    const { lastInsertRowid } = db
      .prepare(
        'INSERT INTO studies (name, kind, roots, split, slices, remarks, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        request.name,
        request.kind ?? 'folder',
        JSON.stringify(request.paths.map(path => storedFile(opened.profile, path))),
        JSON.stringify(split),
        JSON.stringify(request.slices),
        JSON.stringify(request.remarks ?? []),
        new Date().toISOString(),
      )
    const addVolume = db.prepare('INSERT INTO volumes (study_id, path, role, patient, info) VALUES (?, ?, ?, ?, ?)')
    for (const volume of volumes)
      addVolume.run(
        lastInsertRowid,
        storedFile(opened.profile, volume.path),
        volume.role,
        volume.patient,
        storedInfo(opened.profile, volume),
      )
    const addSkipped = db.prepare('INSERT INTO skipped_files (study_id, path, reason) VALUES (?, ?, ?)')
    for (const { path, reason } of [...scan.skipped, ...others])
      addSkipped.run(lastInsertRowid, storedFile(opened.profile, path), reason)
    return Number(lastInsertRowid)
  })
  const id = await onceThereIsRoom(store, options.signal, opened.profile.onBusy).catch((error: unknown) => {
    throw isTaken(error) ? nameTaken(request.name, error) : error // two programs may import at the same moment
  })
  opened.profile.bell.ring()
  return studyById(opened.profile, id)
}

interface StudyRow {
  readonly id: number
  readonly name: string
  readonly kind: Study['kind']
  readonly roots: string
  readonly split: string
  readonly slices: string
  readonly remarks: string
  readonly created_at: string
  readonly hidden_at: string | null
}

interface VolumeRow {
  readonly id: number
  readonly role: Role
  readonly info: string
  /** JSON. */
  readonly acknowledged: string
}

/** A volume's facts as JSON for its row. The path of its file comes from `storedFile`. */
export const storedInfo = (profile: Profile, volume: VolumeInfo): string =>
  JSON.stringify({ ...VolumeInfo.parse(volume), path: storedFile(profile, volume.path) })

/** A volume from its row. An unread file has the sampling `unread`, because header and middle slice do not show it. */
function toVolume(profile: Profile, { id, role, info, acknowledged }: VolumeRow): StudyVolume {
  const parsed = VolumeInfo.parse(JSON.parse(info))
  const sampling = parsed.content ? parsed.sampling : ({ kind: 'unread' } as const)
  const flags = JSON.parse(acknowledged) as StudyVolume['acknowledged'] & object
  return {
    ...parsed,
    ...{ sampling, path: fileAt(profile, parsed.path), id, role },
    ...(flags.length > 0 && { acknowledged: flags }),
  }
}

function readStudy(profile: Profile, row: StudyRow): Study {
  const { db } = profile
  const volumes = db
    .prepare(
      'SELECT id, role, info, acknowledged FROM volumes WHERE study_id = ? ORDER BY coalesce(first_path, path), id',
    )
    .all(row.id)
  const skipped = db.prepare('SELECT path, reason FROM skipped_files WHERE study_id = ? ORDER BY path').all(row.id)
  const known = (volumes as VolumeRow[]).map(volume => toVolume(profile, volume))
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    roots: (JSON.parse(row.roots) as string[]).map(root => fileAt(profile, root)),
    split: JSON.parse(row.split),
    slices: SliceSelection.parse(JSON.parse(row.slices)),
    remarks: [
      ...JSON.parse(row.remarks),
      ...remarksOn(known),
      ...(row.kind === 'scans' ? [] : sharedPatientRemarks(known)), // new scans are never split
    ],
    createdAt: row.created_at,
    volumes: known,
    skipped: (skipped as Study['skipped']).map(file => ({ ...file, path: fileAt(profile, file.path) })),
  }
}

export const listStudies = (profile: Profile): Study[] =>
  (profile.db.prepare('SELECT * FROM studies ORDER BY id').all() as StudyRow[]).map(row => readStudy(profile, row))

/** All studies that are not hidden. */
export function summariseStudies({ db }: Profile): StudySummary[] {
  // The order of the alphabet is that of ORIGINS.
  return db
    .prepare(`
      SELECT id, name, kind, created_at AS createdAt,
        (SELECT COUNT(*) FROM volumes WHERE study_id = studies.id) AS volumes,
        (SELECT COUNT(*) FROM skipped_files WHERE study_id = studies.id) AS skipped,
        (SELECT COALESCE(MAX(json_extract(info, '$.coils')), 1) FROM volumes WHERE study_id = studies.id) AS coils,
        (SELECT COALESCE(MAX(json_extract(info, '$.origin')), 'measured') FROM volumes WHERE study_id = studies.id)
          AS origin
      FROM studies WHERE hidden_at IS NULL ORDER BY id`)
    .all() as StudySummary[]
}

export function studyById(profile: Profile, id: number): Study {
  const row = profile.db.prepare('SELECT * FROM studies WHERE id = ?').get(id) as StudyRow | undefined
  if (row) return readStudy(profile, row)
  throw new AppError('STUDY_NOT_FOUND', `Expected a study’s number, got ${id}`)
}

/** Hides a study, or shows it again. */
export function setStudyHidden(profile: Profile, id: number, hidden: boolean): void {
  studyById(profile, id)
  profile.db.prepare('UPDATE studies SET hidden_at = ? WHERE id = ?').run(hidden ? new Date().toISOString() : null, id)
  profile.bell.ring()
}

/** Acknowledges all present flags of a study's volumes, or none of them. */
export function setAcknowledged(profile: Profile, id: number, acknowledged: boolean): void {
  const { volumes } = studyById(profile, id)
  const store = profile.db.prepare('UPDATE volumes SET acknowledged = ? WHERE id = ?')
  profile.db.transaction(() => {
    for (const volume of volumes)
      store.run(JSON.stringify(acknowledged ? flagsOf(volume.content?.crimes) : []), volume.id)
  })()
  profile.bell.ring()
}

/** The name, or if the name exists, the name with a number: 'knees (2)'. */
export function freeName({ db }: Profile, name: string): string {
  const taken = db.prepare('SELECT 1 FROM studies WHERE name = ?')
  let free = name
  for (let n = 2; taken.get(free); n++) free = `${name} (${n})`
  return free
}

export function volumeById(profile: Profile, id: number): StudyVolume {
  const row = profile.db.prepare('SELECT id, role, info, acknowledged FROM volumes WHERE id = ?').get(id) as
    | VolumeRow
    | undefined
  if (row) return toVolume(profile, row)
  throw new AppError('STUDY_NOT_FOUND', `Expected a volume’s number, got ${id}: it is in no study any more.`)
}

/** The study of a volume. */
export function studyOfVolume(profile: Profile, id: number): Study {
  const study = profile.db.prepare('SELECT study_id FROM volumes WHERE id = ?').pluck().get(id) as number | undefined
  if (study !== undefined) return studyById(profile, study)
  throw new AppError('STUDY_NOT_FOUND', `Expected a volume’s number, got ${id}: it is in no study any more.`)
}

/** Finds a study by name, number, `number:22` or `name:22`. Throws `AMBIGUOUS` if several studies match. */
export function findStudy(profile: Profile, which: string): Study {
  const all = profile.db.prepare('SELECT id, name FROM studies ORDER BY id').all() as NamedThing[]
  const named = chosenByNumberOrName(which, all)
  if (named) return studyById(profile, named.id)
  const names = all.map(({ name }) => `"${name}"`)
  throw new AppError(
    'STUDY_NOT_FOUND',
    `Expected a study’s name or number${names.length > 0 ? ` (${names.join(', ')})` : ''}, got "${which}". ` +
      'Import one with: self-mri import PATH',
  )
}

/** Volumes of a role with at least one selected slice. */
export const volumesOf = (study: Pick<Study, 'volumes' | 'slices'>, role: Role): StudyVolume[] =>
  study.volumes.filter(volume => volume.role === role && selectsAny(study.slices, volume.slices))

/** Throws `PATIENT_LEAK` if a patient or a scan of the study has several roles. The message names the files. */
export function requireSeparatePatients(study: Study): void {
  const inSeveral = (what: string, isOne: (volume: StudyVolume) => boolean) => {
    const files = study.volumes.filter(isOne).map(({ file, role }) => `${file} (${role})`)
    return new AppError(
      'PATIENT_LEAK',
      `Expected every ${what} in one role of ${ROLES.join(', ')}, got several roles, in ${files.join(', ')}. ` +
        'Move the files of a patient into one folder and import again.',
    )
  }
  for (const [patient, roles] of patientRoles(study.volumes))
    if (roles.size > 1) throw inSeveral('patient', volume => volume.patient === patient)
  for (const [scan, roles] of scanRoles(study.volumes))
    if (roles.size > 1) throw inSeveral('scan', ({ content }) => content?.scan === scan)
}
