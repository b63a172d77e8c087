/** Refuses patients and scans of a training, or of a tuning, in a test and as held-out patients of a fine-tuning. */
import { AppError } from '../../contract/errors.ts'
import type { TunedVolume } from '../../contract/tuning.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import { some } from '../../contract/words.ts'
import type { Profile } from '../profile/profile.ts'
import { lineage } from './runs.ts'

type Tested = Pick<VolumeInfo, 'file' | 'patient' | 'content'>

/** Throws `PATIENT_LEAK` if settings were tuned on a volume's patient or scan. */
export function requireUntuned(source: string, tuned: readonly TunedVolume[], tested: readonly Tested[]): void {
  const leaked = tested.filter(({ patient, content }) =>
    tuned.some(each => each.patient === patient || each.scan === content?.scan),
  )
  if (leaked.length === 0) return
  throw new AppError(
    'PATIENT_LEAK',
    `Expected patients that ${source} was not tuned on, got ${some(leaked.map(({ file }) => file))}, whose patients ` +
      'or scans were in the tuning. Use settings that were tuned on other patients, or test on other patients.',
  )
}

/** Throws `PATIENT_LEAK` if the run or one of its ancestors was trained on a volume's patient or scan. */
export function requireUnseen(profile: Profile, run: string, volumes: readonly Tested[]): void {
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
