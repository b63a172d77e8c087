/** What is said of a study's data wherever it is shown. */
import type { StudyVolume } from '../contract/studies.ts'
import type { Role } from '../contract/volumes.ts'

type Volume = Omit<StudyVolume, 'id'>

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
  const unlabelled = volumes.filter(volume => !volume.targetShape).length
  if (unlabelled > 0)
    remarks.push(`${unlabelled} of ${volumes.length} volumes have no ground truth: they are reconstructed, not scored.`)
  for (const [patient, roles] of patientRoles(volumes)) {
    if (roles.size < 2) continue
    const files = volumes.filter(volume => volume.patient === patient).map(volume => volume.file)
    remarks.push(
      `One patient has several roles (${[...roles].join(', ')}): ${files.join(', ')}. A training on this study is refused.`,
    )
  }
  return remarks
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

/** Of scans that are the same, whatever their files are called and whose they are said to be. */
export const contentRoles = (volumes: readonly Volume[]) => rolesBy(volumes, ({ content }) => content?.identity)
