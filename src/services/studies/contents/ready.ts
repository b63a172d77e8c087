/** A study's files before they are used for a result: read whole, and found to be the files that the study took. */
import { basename } from 'node:path'
import { AppError } from '../../../contract/errors.ts'
import type { FileState, Study, StudyVolume } from '../../../contract/studies.ts'
import type { SkippedFile, VolumeInfo } from '../../../contract/volumes.ts'
import { some } from '../../../contract/words.ts'
import { isSameVersion } from '../../../engine/files/file-version.ts'
import type { VolumeFile } from '../../../engine/process/protocol.ts'
import { storedFile } from '../../profile/paths.ts'
import type { Profile } from '../../profile/profile.ts'
import { storedInfo, studyOfVolume, volumeById } from '../studies.ts'
import type { OpenProfile, ReadOptions, WholeVolume } from './reader.ts'

/** What was found out about a study's files. */
export interface Checked {
  /** The study with what is known of its files now. */
  readonly study: Study
  /** Their content is another one now. */
  readonly changed: readonly { readonly volume: StudyVolume; readonly now: WholeVolume }[]
  readonly missing: readonly StudyVolume[]
  /** They were never read before, and cannot be used: they are no volumes of the study any more. */
  readonly unusable: readonly SkippedFile[]
}

/** Whether a whole file can be the one that was listed: until it is read there is no better mark. */
export const asListed = (listed: VolumeInfo, now: VolumeInfo): boolean =>
  (['slices', 'rows', 'columns', 'patient', 'bytes'] as const).every(fact => listed[fact] === now[fact]) &&
  String(listed.targetShape) === String(now.targetShape)

/** Writes down what a study's volume is. */
export function takeContent(profile: Profile, volume: number, now: VolumeInfo): void {
  profile.db
    .prepare('UPDATE volumes SET path = @path, info = @info, patient = @patient, identity = @identity WHERE id = @id')
    .run({
      id: volume,
      path: storedFile(profile, now.path),
      info: storedInfo(profile, now),
      patient: now.patient,
      identity: now.content?.identity ?? null,
    })
}

/** A file of a study that turned out to be of no use. */
export function setAside(profile: Profile, study: number, volume: number, { path, reason }: SkippedFile): void {
  const { db } = profile
  db.prepare('DELETE FROM volumes WHERE id = ?').run(volume)
  db.prepare('INSERT OR REPLACE INTO skipped_files (study_id, path, reason) VALUES (?, ?, ?)').run(
    study,
    storedFile(profile, path),
    reason,
  )
}

export const isThere = ({ contents }: OpenProfile, { path }: StudyVolume): boolean => {
  try {
    contents.known(path)
    return true
  } catch {
    return false
  }
}

/**
 * Of a volume that was only listed so far: what is known of its file by now, if the file can be the one that was
 * listed.
 */
function takeKnown(opened: OpenProfile, volume: StudyVolume): void {
  const now = !volume.content && isThere(opened, volume) ? opened.contents.known(volume.path) : null
  if (now && asListed(volume, now)) takeContent(opened.profile, volume.id, now)
}

/** Reads what is not known of these volumes, and takes the content of those that were only listed so far. */
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
    // What was read before a cancel is taken.
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
      return [now ? { ...now, id: volume.id, role: volume.role } : volume]
    }),
  }
  if (facts.size > 0) opened.contents.taken(study.id)
  return { study: updated, changed, missing, unusable }
}

const names = (volumes: readonly StudyVolume[]) => some(volumes.map(({ file }) => file))

/** Throws `DATA_CHANGED` or `FILE_UNREADABLE`, naming the files and the remedy. */
export function requireUnchanged(name: string, { changed, missing, unusable }: Omit<Checked, 'study'>): void {
  if (changed.length > 0) {
    const others = names(changed.map(({ volume }) => volume))
    throw new AppError(
      'DATA_CHANGED',
      `Expected the files of study "${name}" as it took them, got other contents: ${others}. Put the old files back, ` +
        `or take the new contents with: self-mri studies scan "${name}" (in the window: Scan again).`,
    )
  }
  if (missing.length > 0) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected the files of study "${name}", got none at ${some(missing.map(({ path }) => path))}. Put them back, ` +
        `or find them elsewhere with: self-mri studies locate "${name}" FOLDER (in the window: Locate files).`,
    )
  }
  const [first] = unusable
  if (first) {
    throw new AppError(
      'DATA_CHANGED',
      `Expected the files of study "${name}" as it took them, got one that cannot be used: ${basename(first.path)}: ` +
        `${first.reason}`,
    )
  }
}

/**
 * The study with these volumes (all where none are given) read and found unchanged. Throws `DATA_CHANGED` for files
 * with other contents, `FILE_UNREADABLE` for those that are gone.
 */
export async function readyStudy(
  opened: OpenProfile,
  study: Study,
  volumes: readonly StudyVolume[] = study.volumes,
  options: ReadOptions = {},
): Promise<Study> {
  const { study: ready, changed, missing, unusable } = await checkVolumes(opened, study, volumes, options)
  // A file that was only listed and turned out to be of no use is listed as such; the others go on.
  const takenBefore = new Set(volumes.filter(({ content }) => content).map(({ path }) => path))
  requireUnchanged(study.name, { changed, missing, unusable: unusable.filter(({ path }) => takenBefore.has(path)) })
  return ready
}

/** The state of each volume's file, by the volume's number. Nothing is read but times. */
export function fileStates(opened: OpenProfile, { volumes }: Study): Record<string, FileState> {
  const stateOf = (volume: StudyVolume): FileState => {
    let now: WholeVolume | null
    try {
      now = opened.contents.known(volume.path)
    } catch {
      return 'missing'
    }
    if (!volume.content) return now && !asListed(volume, now) ? 'changed' : 'unread'
    if (!now) return opened.contents.isUnusable(volume.path) ? 'changed' : 'written since'
    return now.content.identity === volume.content.identity ? 'as taken' : 'changed'
  }
  return Object.fromEntries(volumes.map(volume => [volume.id, stateOf(volume)]))
}

/** One volume, as `readyStudy`, for an image or a score. */
export async function readyVolume(opened: OpenProfile, id: number, signal?: AbortSignal): Promise<StudyVolume> {
  const volume = volumeById(opened.profile, id)
  const known = isThere(opened, volume) ? opened.contents.known(volume.path) : null
  if (known && volume.content && isSameVersion(known.content.version, volume.content.version)) return volume
  const { volumes } = await readyStudy(opened, studyOfVolume(opened.profile, id), [volume], { signal })
  const ready = volumes.find(each => each.id === id)
  if (ready) return ready
  const [reason] = opened.profile.db
    .prepare('SELECT reason FROM skipped_files WHERE path = ?')
    .pluck()
    .all(storedFile(opened.profile, volume.path))
  throw new AppError('FILE_UNREADABLE', `${reason ?? `${volume.path} cannot be used.`}`)
}

/** What an engine is told of a file. */
export const fileOf = ({ path, content }: VolumeInfo): VolumeFile => ({ path, content })
