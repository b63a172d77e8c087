/** The files of a synthetic study, by name. */
import { ROLES, type Role } from '../../../contract/volumes.ts'
import type { SyntheticVolume } from './header.ts'
import type { Acquisition } from './tissues.ts'

/** Every patient has a PD and a PDFS volume, like fastMRI's knees. */
const ACQUISITIONS: readonly Acquisition[] = ['CORPD_FBK', 'CORPDFS_FBK']

export interface StudyFile {
  /** Path within the study's folder, with `/`. */
  readonly path: string
  readonly file: string
  readonly volume: SyntheticVolume
}

/** Common start of the names of a study's files. It states several coils, so that studies of one seed differ. */
export const fileStart = (seed: number, coils: number): string =>
  `synthetic_knee_${coils === 1 ? '' : `${coils}coils_`}${seed}_`

/** One file per volume, in a folder for each role. Patients are counted over all roles. */
export function studyFiles(seed: number, patients: Readonly<Record<Role, number>>, coils = 1): StudyFile[] {
  const roles = ROLES.flatMap(role => Array.from({ length: patients[role] }, () => role))
  return roles.flatMap((role, patient) =>
    ACQUISITIONS.map(acquisition => {
      const file = `${fileStart(seed, coils)}${String(patient).padStart(3, '0')}_${acquisition}.h5`
      return { path: `${role}/${file}`, file, volume: { seed, patient, acquisition } }
    }),
  )
}
