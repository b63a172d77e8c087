/** Two demonstration studies: measured brain k-space that ships with the program, and drawn multi-coil knees. */
import { join } from 'node:path'
import type { Role } from '../../contract/volumes.ts'
import { DEMONSTRATION_FOLDER } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import type { OpenProfile } from './contents/reader.ts'
import { freeName, importStudy, type Study, setStudyHidden, studyById } from './studies.ts'
import { findSyntheticKnee, makeSyntheticKnee } from './synthetic-knee.ts'

export const DEMONSTRATION = 'Brain, 0.055 T (demonstration)'

/** Path of a volume that every installation has. */
export const DEMONSTRATION_VOLUME = join(DEMONSTRATION_FOLDER, 'ulf055T_6A_FSE.h5')

const ROLE_OF_PATIENT: Readonly<Record<string, Role>> = { '6A': 'train', '6B': 'train', '7A': 'val', '7B': 'test' }

const ATTRIBUTION =
  'Measured at 0.055 T with one coil, 4 slices of 128 × 126 a volume; CC0, ' +
  'bispmri/Ultra-low-field-MRI-Scanner (Liu et al., Nature Communications 2021).'

function findDemonstration(profile: Profile): Study | null {
  const id = profile.db.prepare("SELECT id FROM studies WHERE kind = 'demonstration' ORDER BY id").pluck().get()
  return id === undefined ? null : studyById(profile, id as number)
}

async function importDemonstration(opened: OpenProfile, signal?: AbortSignal): Promise<Study> {
  const request = {
    paths: [DEMONSTRATION_FOLDER],
    name: freeName(opened.profile, DEMONSTRATION),
    kind: 'demonstration',
    slices: { kind: 'all' },
    splitSeed: 0,
    roles: (file: string) => ROLE_OF_PATIENT[file.split('_')[1]] ?? null,
    remarks: [ATTRIBUTION],
  } as const
  try {
    return await importStudy(opened, request, { signal })
  } catch (error) {
    const byAnother = findDemonstration(opened.profile) // another program imported the study at the same moment
    if (byAnother) return byAnother
    throw error
  }
}

/** The demonstration study. Imported at the first call. */
export const demonstrationStudy = async (opened: OpenProfile, signal?: AbortSignal): Promise<Study> =>
  findDemonstration(opened.profile) ?? importDemonstration(opened, signal)

/** Small enough to be drawn within a minute, and trained on within minutes, on two cores. */
const MULTI_COIL = {
  seed: 0,
  patients: { train: 4, val: 1, test: 2 },
  slices: 3,
  voxel: 2,
  coils: 8,
  name: 'Knee, 8 coils, synthetic (demonstration)',
} as const

/** The multi-coil demonstration study. Computed at the first call. */
export async function multiCoilDemonstration(
  opened: OpenProfile,
  options: Parameters<typeof makeSyntheticKnee>[2],
): Promise<Study> {
  const found = findSyntheticKnee(opened.profile, MULTI_COIL)
  if (!found) return makeSyntheticKnee(opened, MULTI_COIL, options)
  setStudyHidden(opened.profile, found.id, false)
  return found
}
