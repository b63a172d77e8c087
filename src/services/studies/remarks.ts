/** Remarks on a study's data, shown with the study. */
import { originsOf, originWords } from '../../contract/origin.ts'
import type { StudyVolume } from '../../contract/studies.ts'
import { faultInWords, mayHaveTruth, type Role } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'

type Volume = Omit<StudyVolume, 'id'>

/** Largest number of remarks on single files. */
const MOST_REMARKS = 12

const range = (values: readonly number[]) => {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return low === high ? `${low}` : `${low} to ${high}`
}

/** Files with irregular sampling, each with its pattern. */
export const irregularFiles = (volumes: readonly Volume[]): string[] =>
  volumes.flatMap(({ file, sampling }) => (sampling.kind === 'irregular' ? [`${file} (${sampling.pattern})`] : []))

/** Remarks computed from the volumes. */
export function remarksOn(volumes: readonly Volume[]): string[] {
  const remarks: string[] = []
  for (const origin of originsOf(volumes)) {
    const words = originWords(origin)
    if (words) remarks.push(`${words.notice} ${words.why}`)
  }
  const nearlyEmpty = volumes.flatMap(({ sampling }) =>
    sampling.kind === 'full' && sampling.nearlyEmptyColumns > 0 ? [sampling.nearlyEmptyColumns] : [],
  )
  if (nearlyEmpty.length > 0) {
    const columns = range([...new Set(volumes.map(volume => volume.columns))])
    remarks.push(
      `In ${nearlyEmpty.length} of ${volumes.length} volumes, ${range(nearlyEmpty)} of the ${columns} ` +
        'k-space columns contain almost no signal.',
    )
  }
  const subSampled = volumes.filter(volume => volume.sampling.kind === 'sub-sampled').length
  if (subSampled > 0)
    remarks.push(
      `${subSampled} of ${volumes.length} volumes are sub-sampled in the file. Their own mask is used, and no other ` +
        'mask is applied.',
    )
  const irregular = irregularFiles(volumes)
  if (irregular.length > 0)
    remarks.push(
      `Sub-sampled in the file, without a common set of columns for all slices: ${some(irregular)}. ` +
        'These files are scored without another mask, and never used for training.',
    )
  const unlabelled = volumes.filter(volume => !mayHaveTruth(volume)).length
  if (unlabelled > 0)
    remarks.push(
      `${unlabelled} of ${volumes.length} volumes have no ground truth. They can be reconstructed, but not scored.`,
    )
  const computed = volumes.filter(({ truth }) => truth === 'computed').length
  if (computed > 0)
    remarks.push(
      `In ${computed} of ${volumes.length} volumes, the ground truth is computed from full k-space: the root sum of ` +
        'squares over coils.',
    )
  for (const [patient, roles] of patientRoles(volumes)) {
    if (roles.size < 2) continue
    const files = volumes.filter(volume => volume.patient === patient).map(volume => volume.file)
    remarks.push(
      `One patient has several roles (${[...roles].join(', ')}): ${some(files)}. ` +
        'The study cannot be used for training.',
    )
  }
  return [...remarks, ...repeatedScans(volumes), ...contentRemarks(volumes)]
}

/** Remarks on scans that occur in several files. Such a scan counts several times. */
function repeatedScans(volumes: readonly Volume[]): string[] {
  const scans = new Map<string, Volume[]>()
  for (const volume of volumes) {
    const { scan } = volume.content ?? {}
    if (scan !== undefined) scans.set(scan, [...(scans.get(scan) ?? []), volume])
  }
  const repeated = [...scans.values()].filter(({ length }) => length > 1)
  if (repeated.length === 0) return []
  const named = repeated.map(alike => alike.map(({ file, role }) => `${file} (${role})`).join(' = '))
  const refused = repeated.some(alike => new Set(alike.map(({ role }) => role)).size > 1)
  const consequence = refused
    ? 'The study cannot be used for training.'
    : 'Each file counts separately. Keep one file of each scan.'
  return [`Files with the same k-space: ${some(named)}. ${consequence}`]
}

/** Remarks on the contents of files. Files with equal remarks share one line. */
function contentRemarks(volumes: readonly Volume[]): string[] {
  const files = new Map<string, string[]>()
  const say = (words: string, file: string) => files.set(words, [...(files.get(words) ?? []), file])
  for (const { file, content } of volumes) {
    if (!content) continue
    if (content.faults.length > 0)
      say(`not used in scores and trainings: ${some(content.faults.map(faultInWords))}.`, file)
    for (const remark of content.remarks) say(remark, file)
  }
  const remarks = [...files].map(([words, of]) => `${some(of)}: ${words}`)
  const rest = remarks.length - MOST_REMARKS
  return rest > 0
    ? [...remarks.slice(0, MOST_REMARKS), `${rest} more remarks on single files. Each file shows its remarks.`]
    : remarks
}

/** Least number of volumes for the remark, because a patient often has one or two volumes. */
const FEWEST_SHARING = 3

/**
 * A remark if most volumes have one patient id, as in anonymous exports. Such volumes cannot be split by patient.
 * Self-MRI does not guess which ids are placeholders, because scans of one patient could then count as several
 * patients.
 */
export function sharedPatientRemarks(volumes: readonly Volume[]): string[] {
  const counts = new Map<string, number>()
  for (const { patient } of volumes) counts.set(patient, (counts.get(patient) ?? 0) + 1)
  const shared = [...counts].find(([, count]) => count >= FEWEST_SHARING && 2 * count > volumes.length)
  if (!shared) return []
  const [patient, sharing] = shared
  const roles = patientRoles(volumes).get(patient)!
  const consequence = roles.size > 1 ? 'and may have one role only' : `and all have the role ${[...roles].join()}`
  return [
    `${sharing} of ${volumes.length} volumes have one patient id. They count as one patient’s ${consequence}. ` +
      'An anonymous export may write one id for several patients. If so, write each patient’s own id into the ' +
      'attribute patient_id of the files, and import the files again.',
  ]
}

function rolesBy(volumes: readonly Volume[], keyOf: (volume: Volume) => string | undefined): Map<string, Set<Role>> {
  const roles = new Map<string, Set<Role>>()
  for (const volume of volumes) {
    const key = keyOf(volume)
    if (key !== undefined) roles.set(key, (roles.get(key) ?? new Set()).add(volume.role))
  }
  return roles
}

export const patientRoles = (volumes: readonly Volume[]) => rolesBy(volumes, ({ patient }) => patient)

/** Roles of each scan. Files with equal k-space are one scan, whatever their names and patient ids. */
export const scanRoles = (volumes: readonly Volume[]) => rolesBy(volumes, ({ content }) => content?.scan)
