/** The synthetic knee study that the demonstration is made for. */
import type { Study } from '../../contract/studies.ts'
import type { Role } from '../../contract/volumes.ts'
import { sizesOf } from '../../core/mri/phantom/index.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { listStudies } from '../studies/studies.ts'
import { makeSyntheticKnee, nameFor } from '../studies/synthetic-knee.ts'
import { patientsOf } from './folds.ts'

/** Of coarse voxels: at fastMRI’s 640 × 372 all rows would take about 50 minutes on two cores. */
const KNEE = { seed: 0, patients: 3, slices: 4, voxel: 2 } as const
const COLUMNS = sizesOf(KNEE.voxel).columns
/** What it is called where no other has the name. */
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

/** The one that is there, or a new one: three patients train, one validates, one tests, two contrasts of four slices each. */
export const syntheticKneeStudy = async (
  opened: OpenProfile,
  options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<Study> => listStudies(opened.profile).find(isThatKnee) ?? makeSyntheticKnee(opened, KNEE, options)
