/** What is said of a study's data wherever it is shown. */
import type { StudyVolume } from '../../contract/studies.ts'
import { faultInWords, type Role } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'

type Volume = Omit<StudyVolume, 'id'>

/** On single files. */
const MOST_REMARKS = 12

const range = (values: readonly number[]) => {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return low === high ? `${low}` : `${low} to ${high}`
}

/** What a user must know of the data, read off the files themselves. */
export function remarksOn(volumes: readonly Volume[]): string[] {
  const remarks: string[] = []
  if (volumes.some(volume => volume.synthetic))
    remarks.push('Synthetic data: nothing learned on it says how well anything images patients.')
  const nearlyEmpty = volumes.flatMap(({ sampling }) =>
    sampling.kind === 'full' && sampling.nearlyEmptyColumns > 0 ? [sampling.nearlyEmptyColumns] : [],
  )
  if (nearlyEmpty.length > 0) {
    const columns = range([...new Set(volumes.map(volume => volume.columns))])
    remarks.push(
      `${range(nearlyEmpty)} of the ${columns} k-space columns carry next to no signal in ${nearlyEmpty.length} of ${volumes.length} volumes.`,
    )
  }
  const subSampled = volumes.filter(volume => volume.sampling.kind === 'sub-sampled').length
  if (subSampled > 0)
    remarks.push(
      `${subSampled} of ${volumes.length} volumes are sub-sampled in the file: their own mask is used and none is added.`,
    )
  const irregular = volumes.flatMap(({ file, sampling }) =>
    sampling.kind === 'irregular' ? [`${file} (${sampling.pattern})`] : [],
  )
  if (irregular.length > 0)
    remarks.push(
      `Sub-sampled in the file, but not in one set of columns for all slices: ${some(irregular)}. They are scored as they are, and never trained on.`,
    )
  const unlabelled = volumes.filter(volume => !volume.targetShape).length
  if (unlabelled > 0)
    remarks.push(`${unlabelled} of ${volumes.length} volumes have no ground truth: they are reconstructed, not scored.`)
  for (const [patient, roles] of patientRoles(volumes)) {
    if (roles.size < 2) continue
    const files = volumes.filter(volume => volume.patient === patient).map(volume => volume.file)
    remarks.push(
      `One patient has several roles (${[...roles].join(', ')}): ${some(files)}. A training on this study is refused.`,
    )
  }
  return [...remarks, ...repeatedScans(volumes), ...contentRemarks(volumes)]
}

/** One scan in several files counts several times. */
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
  const consequence = refused ? 'A training on this study is refused.' : 'Each file counts: keep one of each scan.'
  return [`Files with the same k-space: ${some(named)}. ${consequence}`]
}

/** What reading whole files found odd: by file, or once for all files of which the same is said. */
function contentRemarks(volumes: readonly Volume[]): string[] {
  const files = new Map<string, string[]>()
  const say = (words: string, file: string) => files.set(words, [...(files.get(words) ?? []), file])
  for (const { file, content } of volumes) {
    if (!content) continue
    if (content.faults.length > 0)
      say(`left out of scores and trainings: ${some(content.faults.map(faultInWords))}.`, file)
    for (const remark of content.remarks) say(remark, file)
  }
  const remarks = [...files].map(([words, of]) => `${some(of)}: ${words}`)
  const rest = remarks.length - MOST_REMARKS
  return rest > 0
    ? [...remarks.slice(0, MOST_REMARKS), `${rest} more remarks on single files: see each file.`]
    : remarks
}

/** Fewer volumes than this are an ordinary number for one patient. */
const FEWEST_SHARING = 3

/**
 * That most volumes cannot be split because their files carry one patient id, as anonymous exports do. The id itself is not kept, and the
 * program does not guess which ids stand for nobody: two scans of one patient would be taken for two patients.
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
    `${sharing} of ${volumes.length} volumes carry one patient id: they count as one patient’s ${consequence}. If they are several patients (an anonymous export writes one id for all), write each patient’s own id into the attribute patient_id of its files, then import them again.`,
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

/** Of scans whose k-space is the same, whatever their files are called and whose they are said to be. */
export const scanRoles = (volumes: readonly Volume[]) => rolesBy(volumes, ({ content }) => content?.scan)
