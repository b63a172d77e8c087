/** Refuses patients and scans of a run's training in its test, and as held-out patients of its fine-tuning. */
import { AppError } from '../../contract/errors.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import type { Profile } from '../profile/profile.ts'
import { lineage } from './runs.ts'

/** Throws `PATIENT_LEAK` if the run or one of its ancestors was trained on a volume's patient or scan. */
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
