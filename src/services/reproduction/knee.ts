/** The synthetic knee study for reproductions at demonstration scale. */
import type { Study } from '../../contract/studies.ts'
import type { Progress } from '../../engine/process/protocol.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { findSyntheticKnee, makeSyntheticKnee, nameFor, patientsOfRoles } from '../studies/synthetic-knee.ts'

/** Coarse voxels, because all rows would take about 50 minutes on two cores at fastMRI’s 640 × 372. */
const KNEE = { seed: 0, patients: patientsOfRoles(3), slices: 4, voxel: 2 } as const
/** Name of the study, if the name is free. */
export const SYNTHETIC_KNEE = nameFor(KNEE)

/** Finds or makes the study: 3 training patients, 1 validation, 1 test, each with two contrasts of four slices. */
export const syntheticKneeStudy = async (
  opened: OpenProfile,
  options: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<Study> => findSyntheticKnee(opened.profile, KNEE) ?? makeSyntheticKnee(opened, KNEE, options)
