/**
 * Synthetic knees: fastMRI-like single-coil k-space of drawn anatomy, for a machine without real data.
 * k-space is simulated from the signal of solids on a finer grid, never by transforming a target image.
 * The noise-free image is kept too. The anatomy is knee-like, not a knee, so no result on synthetic knees says how well
 * a method works on patients.
 */
import { AppError } from '../../../contract/errors.ts'
import { stream } from '../random.ts'
import { acquire, drawReceiver } from './acquire.ts'
import { drawPatient } from './draw-patient.ts'
import type { Voxel } from './grid.ts'
import type { SyntheticVolume } from './header.ts'
import { renderPlane } from './render.ts'
import { tissueTable } from './tissues.ts'

export { studyFiles } from './files.ts'
export { type Sizes, sizesOf, type Voxel } from './grid.ts'
export { ismrmrdHeader, type SyntheticVolume, volumeAttributes } from './header.ts'
export type { Acquisition } from './tissues.ts'

/** Frozen: if a drawn bit changes, the test needs a new version and a new hash. */
export const GENERATOR = { name: 'Self-MRI synthetic knee', version: 1 } as const

/** Planes lie between these depths (mm, anterior positive): from the trochlea to the popliteal vessels. */
const FRONT_MM = 23
const BACK_MM = -35

export interface SyntheticSliceSpec extends SyntheticVolume {
  /** From 0, front to back. */
  readonly slice: number
  /** Number of the volume's slices. The planes divide the knee's depth evenly. */
  readonly slices: number
  /** Default: 1, fastMRI's voxel. */
  readonly voxel?: Voxel
}

export interface SyntheticSlice {
  /** Measured k-space, centred, [640, 372, 2]; a quarter of this for a voxel of 2. */
  readonly kspace: Float32Array
  /** Magnitude of the noise-free image, centre crop, [320, 320]; a quarter of this for a voxel of 2. */
  readonly noiseFree: Float32Array
  /** Standard deviation of the noise in the real and in the imaginary part of k-space. */
  readonly noiseSd: number
}

export function synthesizeSlice({
  seed,
  patient,
  acquisition,
  slice,
  slices,
  voxel,
}: SyntheticSliceSpec): SyntheticSlice {
  if (!Number.isInteger(slice) || !Number.isInteger(slices) || slice < 0 || slice >= slices)
    throw new AppError('INVALID_ARGUMENT', `Expected a slice from 0 to ${slices - 1}, got ${slice}`)
  const anatomy = drawPatient(seed, patient)
  const tissues = tissueTable(acquisition, anatomy.suppression)
  const depthMm = FRONT_MM + ((BACK_MM - FRONT_MM) * (slice + 0.5)) / slices
  const signal = renderPlane({ seed, index: patient, patient: anatomy, depthMm }, tissues)
  const noise = stream(seed, `phantom-noise-${acquisition}`, patient, slices, slice)
  return acquire(signal, drawReceiver(seed, patient, acquisition), tissues.muscle, noise, voxel)
}
