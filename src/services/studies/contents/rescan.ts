/** Scans a study's files again for new, changed, moved and missing files, and applies the findings to the study. */

import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { AppError } from '../../../contract/errors.ts'
import { ofOneOrigin, originsOf } from '../../../contract/origin.ts'
import type { Findings, Study, StudyVolume } from '../../../contract/studies.ts'
import { fileOfVolume, partOfVolume, volumePath } from '../../../contract/volume-path.ts'
import type { Role, SkippedFile } from '../../../contract/volumes.ts'
import { storedFile } from '../../profile/paths.ts'
import { assignRoles } from '../split.ts'
import { storedInfo, studyById } from '../studies.ts'
import type { OpenProfile } from './reader.ts'
import { type ReadOptions, sortOut, type WholeVolume } from './reader.ts'
import { asListed, checkVolumes, isThere, setAside, takeContent } from './ready.ts'

interface Found {
  readonly added: readonly (WholeVolume & { readonly role: Role })[]
  readonly changed: readonly { readonly volume: StudyVolume; readonly now: WholeVolume }[]
  readonly moved: readonly { readonly volume: StudyVolume; readonly now: WholeVolume }[]
  readonly missing: readonly StudyVolume[]
  readonly unusable: readonly SkippedFile[]
}

/** Folders and files to scan. */
const placesOf = ({ roots, volumes }: Study): string[] => [...roots, ...volumes.map(({ path }) => path)]

/** The real path of a volume. Equal for all links to its file. */
const realPlace = (path: string): string => {
  try {
    return volumePath(realpathSync(fileOfVolume(path)), partOfVolume(path))
  } catch {
    return path
  }
}

const isNamedAs = (volume: StudyVolume, { file }: WholeVolume) => file === volume.file

/**
 * Finds a file with the content of a missing volume. An unread volume is recognised by its name and its listed facts,
 * if all such files have equal contents.
 */
function holderOf(volume: StudyVolume, there: readonly WholeVolume[]): WholeVolume | undefined {
  const { content } = volume
  if (!content) {
    const alike = there.filter(now => isNamedAs(volume, now) && asListed(volume, now))
    return new Set(alike.map(now => now.content.identity)).size === 1 ? alike[0] : undefined
  }
  return there.find(now => now.content.identity === content.identity)
}

/**
 * Pairs missing volumes with files of equal content at other paths. A file with the volume's name is preferred, because
 * the name is the seed of its masks.
 */
function pairMoved(missing: readonly StudyVolume[], there: readonly WholeVolume[]) {
  const found = new Map<StudyVolume, WholeVolume>()
  const free = new Set(there)
  for (const named of [true, false]) {
    for (const volume of missing) {
      if (found.has(volume)) continue
      const now = holderOf(
        volume,
        [...free].filter(each => !named || isNamedAs(volume, each)),
      )
      if (!now) continue
      found.set(volume, now)
      free.delete(now)
    }
  }
  return {
    moved: [...found].map(([volume, now]) => ({ volume, now })),
    rest: missing.filter(volume => !found.has(volume)),
  }
}

async function look(opened: OpenProfile, study: Study, reading: ReadOptions): Promise<Found> {
  const options = { ...reading, examines: true }
  const checked = await checkVolumes(opened, study, study.volumes, options)
  const scan = await opened.engines.interactive.call(
    'scan',
    { paths: placesOf(study), salt: opened.profile.salt },
    { signal: options.signal },
  )
  const own = new Set(checked.study.volumes.map(({ path }) => realPlace(path)))
  const others = scan.volumes.filter(({ path }) => !own.has(realPlace(path)))
  const { volumes: whole, skipped } = sortOut(
    await opened.contents.read(
      others.map(({ path }) => path),
      options,
    ),
  )
  const { moved, rest } = pairMoved(checked.missing, whole)
  const taken = new Set(moved.map(({ now }) => now.path))
  const gone = checked.missing.map(({ path }) => path)
  const roleOf = new Map(scan.volumes.map(({ path, role }) => [path, role]))
  const { kept, others: ofOthers } = ofOneOrigin(
    whole.filter(({ path }) => !taken.has(path)),
    originsOf(checked.study.volumes)[0],
  )
  const fresh = kept.map(volume => ({ ...volume, role: roleOf.get(volume.path)! }))
  const dealt = assignRoles<{ patient: string; role: Role | null }>(
    [...checked.study.volumes, ...fresh].map(({ patient, role }) => ({ patient, role })),
    study.split.seed ?? 0,
  ).slice(checked.study.volumes.length)
  const told = new Set([...study.skipped.map(({ path }) => path), ...study.roots, ...gone])
  const unusable = new Map(
    [...checked.unusable, ...scan.skipped, ...skipped, ...ofOthers].map(each => [each.path, each]),
  )
  return {
    added: fresh.map((volume, i) => ({ ...volume, role: dealt[i].role })),
    changed: checked.changed,
    moved,
    missing: rest,
    unusable: [...unusable.values()].filter(({ path }) => !told.has(path)),
  }
}

/** Differences between a volume and its present file, in words. */
function differences({ volume, now }: Found['changed'][number]): string {
  const truth = (shape: StudyVolume['targetShape']) => (shape ? shape.join(' × ') : 'none')
  const facts: readonly (readonly [string, string, string])[] = [
    ['slices', `${volume.slices}`, `${now.slices}`],
    ['coils', `${volume.coils}`, `${now.coils}`],
    ['matrix', `${volume.rows} × ${volume.columns}`, `${now.rows} × ${now.columns}`],
    ['ground truth', truth(volume.targetShape), truth(now.targetShape)],
    ['acquisition', volume.acquisition ?? 'none', now.acquisition ?? 'none'],
  ]
  const words = facts.filter(([, before, after]) => before !== after).map(([what, a, b]) => `${what} ${a}, now ${b}`)
  if (volume.patient !== now.patient) words.push('another patient')
  return words.join('; ') || 'other numbers'
}

const place = ({ file, path }: { readonly file: string; readonly path: string }) => ({ file, path })

function describe(found: Found): Findings {
  const findings = {
    added: found.added.map(volume => ({ ...place(volume), role: volume.role })),
    changed: found.changed.map(each => ({ ...place(each.volume), what: differences(each) })),
    moved: found.moved.map(({ volume, now }) => ({ ...place(now), from: volume.path })),
    missing: found.missing.map(place),
    unusable: [...found.unusable],
  }
  const contents = [...found.added, ...found.changed.map(({ now }) => now)].map(({ content }) => content.identity)
  const token = createHash('sha256')
    .update(JSON.stringify([findings, contents]))
    .digest('hex')
  return { ...findings, token }
}

/** Scans the files of a study. Only volumes that were unread so far are updated. */
export const scanAgain = async (opened: OpenProfile, study: number, options: ReadOptions = {}): Promise<Findings> =>
  describe(await look(opened, studyById(opened.profile, study), options))

export interface TakeOptions extends ReadOptions {
  /** Token of the shown findings. If the findings have changed, `DATA_CHANGED` is thrown. */
  readonly token: string
  /** Removes missing files from the study. */
  readonly removeMissing: boolean
}

/** Applies findings to the study. The study's remarks then say if a patient has several roles. */
export async function takeFindings(
  opened: OpenProfile,
  study: number,
  { token, removeMissing, ...options }: TakeOptions,
): Promise<Study> {
  const found = await look(opened, studyById(opened.profile, study), options)
  if (describe(found).token !== token) {
    throw new AppError(
      'DATA_CHANGED',
      'Expected the files as the scan found them, but the files have changed since. Scan the study again.',
    )
  }
  const { db } = opened.profile
  const add = db.prepare(
    'INSERT INTO volumes (study_id, path, role, patient, info, identity) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const remove = db.prepare('DELETE FROM volumes WHERE id = ?')
  db.transaction(() => {
    for (const { volume, now } of [...found.changed, ...found.moved]) takeContent(opened.profile, volume.id, now)
    for (const { role, ...volume } of found.added) {
      add.run(
        study,
        storedFile(opened.profile, volume.path),
        role,
        volume.patient,
        storedInfo(opened.profile, volume),
        volume.content.identity,
      )
      db.prepare('DELETE FROM skipped_files WHERE study_id = ? AND path = ?').run(
        study,
        storedFile(opened.profile, volume.path),
      )
    }
    if (removeMissing) for (const { id } of found.missing) remove.run(id)
    for (const file of found.unusable) {
      const own = db
        .prepare('SELECT id FROM volumes WHERE study_id = ? AND path = ?')
        .pluck()
        .get(study, storedFile(opened.profile, file.path))
      setAside(opened.profile, study, Number(own ?? 0), file)
    }
  })()
  opened.contents.taken(study)
  opened.profile.bell.ring()
  return studyById(opened.profile, study)
}

/** Finds a study's missing files by their contents in a folder and below, and stores their new paths. */
export async function locateFiles(
  opened: OpenProfile,
  study: number,
  folder: string,
  options: ReadOptions = {},
): Promise<{ readonly moved: Findings['moved']; readonly missing: Findings['missing'] }> {
  const before = studyById(opened.profile, study)
  const missing = before.volumes.filter(volume => !isThere(opened, volume))
  const own = new Set(before.volumes.map(({ path }) => realPlace(path)))
  const scan = await opened.engines.interactive.call(
    'scan',
    { paths: [folder], salt: opened.profile.salt },
    { signal: options.signal },
  )
  const fault = scan.skipped.find(({ path }) => path === folder)
  if (fault) throw new AppError('FILE_UNREADABLE', fault.reason)
  const alike = scan.volumes.filter(
    found =>
      !own.has(realPlace(found.path)) &&
      missing.some(lost => (['slices', 'rows', 'columns'] as const).every(fact => lost[fact] === found[fact])),
  )
  const { volumes: whole } = sortOut(
    await opened.contents.read(
      alike.map(({ path }) => path),
      options,
    ),
  )
  const { moved, rest } = pairMoved(missing, whole)
  opened.profile.db.transaction(() => {
    for (const { volume, now } of moved) takeContent(opened.profile, volume.id, now)
  })()
  opened.profile.bell.ring()
  return {
    moved: moved.map(({ volume, now }) => ({ ...place(now), from: volume.path })),
    missing: rest.map(place),
  }
}
