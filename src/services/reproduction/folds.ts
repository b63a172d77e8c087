/** Variants of a study with other roles, fewer training patients or fewer slices. Name and number stay the study's. */

import { AppError } from '../../contract/errors.ts'
import { stemOf } from '../../contract/exports.ts'
import { requireOneOrigin } from '../../contract/origin.ts'
import type { ReproductionReport, ReproductionRequest } from '../../contract/reproduction.ts'
import type { Study, StudyVolume } from '../../contract/studies.ts'
import { mayHaveTruth, type Role, type SliceSelection, selectSlices } from '../../contract/volumes.ts'
import { cropShape } from '../../core/mri/transform.ts'
import { requireSeparatePatients, volumesOf } from '../studies/studies.ts'

export interface Patient {
  /** Hash of the patient id. */
  readonly id: string
  /** Common start of the names of the patient's files. */
  readonly name: string
}

export interface Fold {
  readonly study: Study
  /** Names of the test patients. */
  readonly name: string
}

/** Amount of training data in a study. */
export interface Sizes {
  readonly pretextSlices: number
  /** Training slices with ground truth. */
  readonly trainingSlices: number
  readonly validationSlices: number
  /** Number of pixels of the largest image. */
  readonly pixels: number
  /** Number of pixels of the largest whole field, which networks of complex images and of k-space take. */
  readonly fieldPixels: number
  /** Number of coils of the volume with the most coils. */
  readonly coils: number
  /** Number of k-space samples of the slice with the most coils, without those of one coil. 0 for one coil. */
  readonly furtherSamples: number
  readonly trainingPatients: number
}

/** The common start of names, in whole words: `knee_001` for `knee_001_PD` and `knee_001_PDFS`. */
function commonStart([first, ...others]: readonly string[]): string {
  if (others.length === 0) return first
  let length = first.length
  while (others.some(name => name.slice(0, length) !== first.slice(0, length))) length--
  return first.slice(0, length).replace(/[^\p{L}\p{N}]*[\p{L}\p{N}]*$/u, '') || first
}

/** Patients in the order of their first files' names. The order of hashes would differ between profiles. */
export function patientsOf(volumes: readonly StudyVolume[]): Patient[] {
  const files = new Map<string, string[]>()
  for (const { patient, file } of volumes.toSorted((a, b) => (a.file < b.file ? -1 : 1)))
    files.set(patient, [...(files.get(patient) ?? []), stemOf(file)])
  return [...files].map(([id, names]) => ({ id, name: commonStart(names) }))
}

const inWords = (volumes: readonly StudyVolume[]) =>
  patientsOf(volumes)
    .map(({ name }) => name)
    .join(', ')

/**
 * The folds of a request. `leaveOneOut`: each patient is the test patient once, the next patient chooses the
 * checkpoint, and all other patients train. Otherwise one fold with the study's roles.
 * A demonstration needs no validation volumes, because it keeps the last weights.
 */
export function foldsOf(
  study: Study,
  { leaveOneOut, demo }: Pick<ReproductionRequest, 'leaveOneOut' | 'demo'>,
): Fold[] {
  requireOneOrigin(study.volumes, 'a reproduction')
  if (!leaveOneOut) {
    requireSeparatePatients(study)
    const needed = [
      ['train', 'to train on'],
      ...(demo ? [] : [['val', 'to choose checkpoints'] as const]),
      ['test', 'to test'],
    ] as const
    for (const [role, what] of needed) {
      if (volumesOf(study, role).some(mayHaveTruth)) continue
      throw new AppError(
        'INVALID_ARGUMENT',
        `Expected a study with volumes ${what}, with ground truth, got none in study "${study.name}". ` +
          'Leave one patient out in turn, which assigns all roles.',
      )
    }
    return [{ study, name: inWords(volumesOf(study, 'test')) }]
  }
  const patients = patientsOf(study.volumes.filter(mayHaveTruth))
  if (patients.length < 3) {
    throw new AppError(
      'INVALID_ARGUMENT',
      'Expected at least 3 patients with ground truth to leave one out, ' +
        `got ${patients.length} in study "${study.name}".`,
    )
  }
  return patients.map(({ name }, test) => {
    const roles = new Map<string, Role>(patients.map(({ id }) => [id, 'train']))
    roles.set(patients[test].id, 'test')
    roles.set(patients[(test + 1) % patients.length].id, 'val')
    const volumes = study.volumes.flatMap(volume => {
      const role = roles.get(volume.patient)
      return role ? [{ ...volume, role }] : []
    })
    return { study: { ...study, volumes }, name }
  })
}

/** The study with only the first `count` training patients. */
export function withTrainingPatients(study: Study, count: number): Study {
  const kept = new Set(
    patientsOf(trainable(study))
      .slice(0, count)
      .map(({ id }) => id),
  )
  return { ...study, volumes: study.volumes.filter(({ role, patient }) => role !== 'train' || kept.has(patient)) }
}

export const withSlices = (study: Study, slices: SliceSelection): Study => ({ ...study, slices })

/** Training volumes with ground truth. */
const trainable = (study: Study) => volumesOf(study, 'train').filter(mayHaveTruth)

export function sizesOf(study: Study): Sizes {
  const slicesOf = (volumes: readonly StudyVolume[]) =>
    volumes.reduce((sum, { slices }) => sum + selectSlices(study.slices, slices).length, 0)
  const areas = study.volumes.map(volume => cropShape(volume).reduce((area, side) => area * side, 1))
  return {
    pretextSlices: slicesOf(volumesOf(study, 'train')),
    trainingSlices: slicesOf(trainable(study)),
    validationSlices: slicesOf(volumesOf(study, 'val').filter(mayHaveTruth)),
    pixels: Math.max(...areas),
    fieldPixels: Math.max(...study.volumes.map(({ rows, columns }) => rows * columns)),
    coils: Math.max(...study.volumes.map(({ coils }) => coils)),
    furtherSamples: Math.max(...study.volumes.map(({ coils, rows, columns }) => (coils - 1) * rows * columns)),
    trainingPatients: patientsOf(trainable(study)).length,
  }
}

export function describeFold({ study, name }: Fold): ReproductionReport['folds'][number] {
  const files = (role: Role) => volumesOf(study, role).map(({ file }) => file)
  return { name, train: files('train'), val: files('val'), test: files('test') }
}
