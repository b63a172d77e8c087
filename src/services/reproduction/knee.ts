/** The synthetic knee study for reproductions at demonstration scale. */
import type { Study } from '../../contract/studies.ts'
import type { Role } from '../../contract/volumes.ts'
import { sizesOf } from '../../core/mri/phantom/index.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { listStudies } from '../studies/studies.ts'
import { makeSyntheticKnee, nameFor } from '../studies/synthetic-knee.ts'
import { patientsOf } from './folds.ts'

/** Coarse voxels, because all rows would take about 50 minutes on two cores at fastMRI’s 640 × 372. */
const KNEE = { seed: 0, patients: 3, slices: 4, voxel: 2 } as const
const COLUMNS = sizesOf(KNEE.voxel).columns
/** Name of the study, if the name is free. */
export const SYNTHETIC_KNEE = nameFor(KNEE)

const isThatKnee = ({ kind, volumes }: Study) => {
  const patients = (role: Role) => patientsOf(volumes.filter(volume => volume.role === role)).length
  return (
    kind === 'synthetic' &&
    volumes.every(
      ({ file, slices, columns }) =>
        file.startsWith(`synthetic_knee_${KNEE.seed}_`) && slices === KNEE.slices && columns === COLUMNS,
    ) &&
    [patients('train'), patients('val'), patients('test')].join() === `${KNEE.patients},1,1`
  )
}

/** Finds or makes the study: 3 training patients, 1 validation, 1 test, each with two contrasts of four slices. */
export const syntheticKneeStudy = async (
  opened: OpenProfile,
  options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<Study> => listStudies(opened.profile).find(isThatKnee) ?? makeSyntheticKnee(opened, KNEE, options)
