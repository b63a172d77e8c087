/**
 * Synthetic knees: fastMRI-like k-space of drawn anatomy, with one coil or several, for a machine without real data.
 * k-space is simulated from the signal of solids on a finer grid, never by transforming a target image.
 * The noise-free image is kept too. The anatomy is knee-like, not a knee, so no result on synthetic knees says how well
 * a method works on patients.
 */
import { AppError } from '../../../contract/errors.ts'
import { stream } from '../random.ts'
import { acquire, acquireCoils, drawReceiver } from './acquire.ts'
import { noiseCovariance } from './coil-noise.ts'
import { drawCoils, normalisedMaps } from './coils.ts'
import { drawPatient } from './draw-patient.ts'
import { pixelPositions, sizesOf, type Voxel } from './grid.ts'
import type { SyntheticVolume } from './header.ts'
import { renderPlane } from './render.ts'
import { tissueTable } from './tissues.ts'

export { fileStart, studyFiles } from './files.ts'
export { type Sizes, sizesOf, type Voxel } from './grid.ts'
export { ismrmrdHeader, type SyntheticVolume, volumeAttributes } from './header.ts'
export type { Acquisition } from './tissues.ts'

/** Frozen: if a drawn bit changes, the test needs a new version and a new hash. */
export const GENERATOR = { name: 'Self-MRI synthetic knee', version: 1, versionOfCoils: 2 } as const

/** The generator of a file in words, for the file. */
export const generatorInWords = (seed: number, coils: number): string =>
  `${GENERATOR.name}, version ${coils === 1 ? GENERATOR.version : GENERATOR.versionOfCoils}, seed ${seed}`

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

/** One slice of version 1: one coil. */
export function synthesizeSlice(spec: SyntheticSliceSpec): SyntheticSlice {
  const { seed, patient, acquisition, slice, slices, voxel } = spec
  const signal = signalOf(spec)
  const noise = stream(seed, `phantom-noise-${acquisition}`, patient, slices, slice)
  return acquire(signal, drawReceiver(seed, patient, acquisition), tissuesOf(spec).muscle, noise, voxel)
}

const tissuesOf = ({ seed, patient, acquisition }: SyntheticVolume) =>
  tissueTable(acquisition, drawPatient(seed, patient).suppression)

/** The plane's signal on the fine grid. */
function signalOf(spec: SyntheticSliceSpec): Float32Array {
  const { seed, patient } = spec
  const plane = { seed, index: patient, patient: drawPatient(seed, patient), depthMm: depthOf(spec) }
  return renderPlane(plane, tissuesOf(spec))
}

function depthOf({ slice, slices }: SyntheticSliceSpec): number {
  if (!Number.isInteger(slice) || !Number.isInteger(slices) || slice < 0 || slice >= slices)
    throw new AppError('INVALID_ARGUMENT', `Expected a slice from 0 to ${slices - 1}, got ${slice}`)
  return FRONT_MM + ((BACK_MM - FRONT_MM) * (slice + 0.5)) / slices
}

export interface SyntheticCoilsSpec extends SyntheticSliceSpec {
  /** Number of coils, from 2. */
  readonly coils: number
}

export interface SyntheticCoilsSlice {
  /** Measured k-space, centred, [coils, rows, columns, 2]. */
  readonly kspace: Float32Array
  /** Root sum of squares of the noise-free coil images, centre crop. */
  readonly noiseFree: Float32Array
  /** `coilMaps` of the centre crop, [coils, crop, crop, 2]. */
  readonly maps: Float32Array
}

/** One slice of version 2: the anatomy of version 1, measured with several coils. */
export function synthesizeCoils(spec: SyntheticCoilsSpec): SyntheticCoilsSlice {
  const { seed, patient, acquisition, slice, slices, voxel = 1, coils } = spec
  const around = {
    elements: drawCoils(seed, patient, coils),
    covariance: coilNoise(spec),
    depthMm: depthOf(spec),
  }
  const noise = stream(seed, `phantom-coil-noise-${acquisition}`, patient, slices, slice, coils)
  const { crop } = sizesOf(voxel)
  return {
    ...acquireCoils(signalOf(spec), drawReceiver(seed, patient, acquisition), around, noise, voxel),
    maps: coilMaps(spec, [crop, crop]),
  }
}

/** Ψ = E[n nᴴ] of the noise n in a volume's k-space, [coils, coils, 2]. */
export function coilNoise(volume: SyntheticVolume & Pick<SyntheticCoilsSpec, 'coils' | 'voxel'>): Float64Array {
  const { seed, patient, acquisition, coils, voxel = 1 } = volume
  const { gain, snr } = drawReceiver(seed, patient, acquisition)
  const sd = (tissuesOf(volume).muscle * gain) / snr / voxel
  return noiseCovariance(drawCoils(seed, patient, coils), sd)
}

/**
 * The true coil maps of the image's central [height, width] pixels (both even), [coils, height, width, 2]. Their root
 * sum of squares is 1 at every pixel, also outside the knee.
 */
export function coilMaps(spec: SyntheticCoilsSpec, [height, width]: readonly [number, number]): Float32Array {
  const positions = pixelPositions(depthOf(spec), spec.voxel ?? 1, height, width)
  return normalisedMaps(drawCoils(spec.seed, spec.patient, spec.coils), positions)
}
