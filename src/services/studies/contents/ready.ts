/** Checks a study's files before they are used for a result: reads them, and compares them with the study's record. */
import { basename } from 'node:path'
import { AppError } from '../../../contract/errors.ts'
import type { FileState, Study, StudyVolume } from '../../../contract/studies.ts'
import type { SkippedFile, VolumeContent, VolumeInfo } from '../../../contract/volumes.ts'
import { some } from '../../../contract/words.ts'
import { isSameVersion, versionNow } from '../../../engine/files/file-version.ts'
import type { VolumeFile } from '../../../engine/process/protocol.ts'
import { storedFile } from '../../profile/paths.ts'
import type { Profile } from '../../profile/profile.ts'
import { storedInfo, studyOfVolume, volumeById } from '../studies.ts'
import type { OpenProfile, ReadOptions, WholeVolume } from './reader.ts'

/** The result of a check of a study's files. */
export interface Checked {
  /** The study with the contents of newly read files. */
  readonly study: Study
  /** Volumes whose files have other contents now. */
  readonly changed: readonly { readonly volume: StudyVolume; readonly now: WholeVolume }[]
  readonly missing: readonly StudyVolume[]
  /** Unusable files. Files that were read for the first time are removed from the study's volumes. */
  readonly unusable: readonly SkippedFile[]
}

/** Whether a read file can be the listed file. An unread file has no better record than these facts. */
export const asListed = (listed: VolumeInfo, now: VolumeInfo): boolean =>
  (['slices', 'rows', 'columns', 'coils', 'patient', 'bytes'] as const).every(fact => listed[fact] === now[fact]) &&
  // A ground truth that is computed is known only after reading.
  String(listed.targetShape) === String(now.truth === 'computed' ? null : now.targetShape)

/**
 * Stores the contents of a study's volume. A volume whose file has moved keeps its place in the study. Flags of other
 * contents are no longer acknowledged.
 */
export function takeContent(profile: Profile, volume: number, now: VolumeInfo): void {
  profile.db
    .prepare(
      `UPDATE volumes SET first_path = coalesce(first_path, path), path = @path, info = @info, patient = @patient,
        identity = @identity, acknowledged = CASE WHEN identity IS @identity THEN acknowledged ELSE '[]' END
        WHERE id = @id`,
    )
    .run({
      id: volume,
      path: storedFile(profile, now.path),
      info: storedInfo(profile, now),
      patient: now.patient,
      identity: now.content?.identity ?? null,
    })
}

/** Moves an unusable file of a study to its skipped files. */
export function setAside(profile: Profile, study: number, volume: number, { path, reason }: SkippedFile): void {
  const { db } = profile
  db.prepare('DELETE FROM volumes WHERE id = ?').run(volume)
  db.prepare('INSERT OR REPLACE INTO skipped_files (study_id, path, reason) VALUES (?, ?, ?)').run(
    study,
    storedFile(profile, path),
    reason,
  )
}

/** Why a file of a study was set aside. */
export function reasonSetAside(profile: Profile, path: string): string {
  const [reason] = profile.db
    .prepare('SELECT reason FROM skipped_files WHERE path = ?')
    .pluck()
    .all(storedFile(profile, path)) as string[]
  return reason ?? `${path} cannot be used.`
}

export const isThere = ({ contents }: OpenProfile, { path }: StudyVolume): boolean => {
  try {
    contents.known(path)
    return true
  } catch {
    return false
  }
}

/** Stores the contents of a volume that was unread so far, if its file was read and can be the listed file. */
function takeKnown(opened: OpenProfile, volume: StudyVolume): void {
  const now = !volume.content && isThere(opened, volume) ? opened.contents.known(volume.path) : null
  if (now && asListed(volume, now)) takeContent(opened.profile, volume.id, now)
}

/** Reads files with unknown contents, and stores the contents of volumes that were unread so far. */
export async function checkVolumes(
  opened: OpenProfile,
  study: Study,
  volumes: readonly StudyVolume[],
  options: ReadOptions = {},
): Promise<Checked> {
  const there = volumes.filter(volume => isThere(opened, volume))
  const found = new Set(there)
  const missing = volumes.filter(volume => !found.has(volume))
  const paths = there.map(({ path }) => path)
  const read = await opened.contents.read(paths, options).catch(error => {
    // Contents that were read before the cancellation are stored.
    opened.profile.db.transaction(() => {
      for (const volume of there) takeKnown(opened, volume)
    })()
    opened.profile.bell.ring()
    throw error
  })
  const changed: { volume: StudyVolume; now: WholeVolume }[] = []
  const unusable: SkippedFile[] = []
  const facts = new Map<number, VolumeInfo | null>()
  opened.profile.db.transaction(() => {
    for (const [i, volume] of there.entries()) {
      const result = read[i]
      if ('reason' in result) {
        unusable.push({ path: volume.path, reason: result.reason })
        if (volume.content) continue
        facts.set(volume.id, null)
        setAside(opened.profile, study.id, volume.id, result)
        continue
      }
      const now = result.volume
      const same = volume.content ? volume.content.identity === now.content.identity : asListed(volume, now)
      if (!same) changed.push({ volume, now })
      else if (JSON.stringify(volume.content) !== JSON.stringify(now.content)) {
        takeContent(opened.profile, volume.id, now)
        facts.set(volume.id, now)
      }
    }
  })()
  if (facts.size > 0) opened.profile.bell.ring()
  const updated = {
    ...study,
    volumes: study.volumes.flatMap(volume => {
      const now = facts.get(volume.id)
      if (now === null) return []
      const { id, role, acknowledged } = volume
      return [now ? { ...now, id, role, ...(acknowledged && { acknowledged }) } : volume]
    }),
  }
  if (facts.size > 0) opened.contents.taken(study.id)
  return { study: updated, changed, missing, unusable }
}

const names = (volumes: readonly StudyVolume[]) => some(volumes.map(({ file }) => file))

/** Throws `DATA_CHANGED` or `FILE_UNREADABLE` if files have changed. The message names files and remedy. */
export function requireUnchanged(name: string, { changed, missing, unusable }: Omit<Checked, 'study'>): void {
  if (changed.length > 0) {
    const others = names(changed.map(({ volume }) => volume))
    throw new AppError(
      'DATA_CHANGED',
      `Expected the recorded files of study "${name}", got other contents: ${others}. Put the old files back, ` +
        `or take the new contents with: self-mri studies scan "${name}" (in the window: Scan again).`,
    )
  }
  if (missing.length > 0) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected the files of study "${name}", got none at ${some(missing.map(({ path }) => path))}. ` +
        'Put the files back, or find their new place with: ' +
        `self-mri studies locate "${name}" FOLDER (in the window: Locate files).`,
    )
  }
  const [first] = unusable
  if (first) {
    throw new AppError(
      'DATA_CHANGED',
      `Expected the recorded files of study "${name}", got an unusable file: ` +
        `${basename(first.path)}: ${first.reason}`,
    )
  }
}

/**
 * Reads volumes of a study (default: all) and checks that they are unchanged. Throws `DATA_CHANGED` for files with
 * other contents, and `FILE_UNREADABLE` for missing files.
 */
export async function readyStudy(
  opened: OpenProfile,
  study: Study,
  volumes: readonly StudyVolume[] = study.volumes,
  options: ReadOptions = {},
): Promise<Study> {
  const { study: ready, changed, missing, unusable } = await checkVolumes(opened, study, volumes, options)
  // An unusable file that was read for the first time is no error. The other files are used.
  const takenBefore = new Set(volumes.filter(({ content }) => content).map(({ path }) => path))
  requireUnchanged(study.name, { changed, missing, unusable: unusable.filter(({ path }) => takenBefore.has(path)) })
  return ready
}

/** Whether the file was not written since. Its contents may still be unknown, if an older program read the file. */
const isAsWritten = (path: string, { version }: VolumeContent) => isSameVersion(version, versionNow(path, version))

/** The state of each volume's file, by the volume's number. Reads only the files' times. */
export function fileStates(opened: OpenProfile, { volumes }: Study): Record<string, FileState> {
  const stateOf = (volume: StudyVolume): FileState => {
    let now: WholeVolume | null
    try {
      now = opened.contents.known(volume.path)
    } catch {
      return 'missing'
    }
    if (!volume.content) return now && !asListed(volume, now) ? 'changed' : 'unread'
    if (!now && opened.contents.isUnusable(volume.path)) return 'changed'
    if (!now) return isAsWritten(volume.path, volume.content) ? 'unread' : 'written since'
    return now.content.identity === volume.content.identity ? 'as taken' : 'changed'
  }
  return Object.fromEntries(volumes.map(volume => [volume.id, stateOf(volume)]))
}

/** Like `readyStudy`, for one volume of an image or a score. */
export async function readyVolume(opened: OpenProfile, id: number, signal?: AbortSignal): Promise<StudyVolume> {
  const volume = volumeById(opened.profile, id)
  const known = isThere(opened, volume) ? opened.contents.known(volume.path) : null
  if (known && volume.content && isSameVersion(known.content.version, volume.content.version)) return volume
  const { volumes } = await readyStudy(opened, studyOfVolume(opened.profile, id), [volume], { signal })
  const ready = volumes.find(each => each.id === id)
  if (ready) return ready
  throw new AppError('FILE_UNREADABLE', reasonSetAside(opened.profile, volume.path))
}

/** A volume's file in the form for engine calls. */
export const fileOf = ({ path, content }: VolumeInfo): VolumeFile => ({ path, content })
