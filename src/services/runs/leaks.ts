/** Patients and scans that a run was trained on are not scored with the run, and not held out from its fine-tuning. */
import { AppError } from '../../contract/errors.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import type { Profile } from '../profile/profile.ts'
import { lineage } from './runs.ts'

/** Refuses volumes of patients, and scans, that the run, or a run it came from, was trained on; names files and run. */
export function requireUnseen(
  profile: Profile,
  run: string,
  volumes: readonly Pick<VolumeInfo, 'file' | 'patient' | 'content'>[],
): void {
  const patientTrained = profile.db.prepare(
    "SELECT 1 FROM run_patients WHERE run_id = ? AND patient = ? AND role = 'train'",
  )
  const scanTrained = profile.db.prepare("SELECT 1 FROM run_volumes WHERE run_id = ? AND scan = ? AND role = 'train'")
  for (const ancestor of lineage(profile, run)) {
    const leaked = volumes
      .filter(
        ({ patient, content }) =>
          patientTrained.get(ancestor, patient) || (content && scanTrained.get(ancestor, content.scan)),
      )
      .map(({ file }) => file)
    if (leaked.length === 0) continue
    throw new AppError(
      'PATIENT_LEAK',
      `Expected patients that run ${run} has not been trained on, got ${leaked.join(', ')}, whose patients or scans ` +
        `were in the training of run ${ancestor}. Score it on other patients.`,
    )
  }
}
