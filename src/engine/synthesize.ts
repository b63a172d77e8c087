/** The synthetic knee study as files: fastMRI's format, in train, val and test folders, split by patient. */
import { join } from 'node:path'
import { ROLES } from '../contract/volumes.ts'
import { ifft2Centred } from '../core/mri/fft-double.ts'
import {
  type Acquisition,
  GENERATOR,
  ismrmrdHeader,
  synthesizeSlice,
  volumeAttributes,
} from '../core/mri/phantom/index.ts'
import type { Pause } from '../core/pause.ts'
import { writeFastMri } from './hdf5-write.ts'
import type { Progress, SyntheticKneeSpec } from './protocol.ts'

const MATRIX: readonly [number, number] = [640, 372]
const CROP: readonly [number, number] = [320, 320]
const ACQUISITIONS: readonly Acquisition[] = ['CORPD_FBK', 'CORPDFS_FBK']

/** Ground truth as fastMRI's: the magnitude of the centred inverse transform of the measured k-space, centre crop. */
function reconstruct(kspace: Float32Array): Float32Array {
  const [rows, columns] = MATRIX
  const image = ifft2Centred(Float64Array.from(kspace), rows, columns)
  const [top, left] = [(rows - CROP[0]) >> 1, (columns - CROP[1]) >> 1]
  const magnitude = new Float32Array(CROP[0] * CROP[1])
  for (let i = 0; i < magnitude.length; i++) {
    const at = 2 * ((top + Math.floor(i / CROP[1])) * columns + left + (i % CROP[1]))
    magnitude[i] = Math.hypot(image[at], image[at + 1])
  }
  return magnitude
}

const norm = (images: readonly Float32Array[]) =>
  Math.sqrt(images.reduce((sum, image) => sum + image.reduce((total, value) => total + value * value, 0), 0))

const largest = (images: readonly Float32Array[]) =>
  images.reduce((max, image) => image.reduce((most, value) => Math.max(most, value), max), 0)

/** Writes the study, volume by volume; files written before a cancellation stay whole. */
export async function synthesizeKnees(
  spec: SyntheticKneeSpec,
  report: (progress: Progress) => void,
  pause: Pause,
): Promise<string[]> {
  const roles = ROLES.flatMap(role => Array.from({ length: spec.patients[role] }, () => role))
  const total = roles.length * ACQUISITIONS.length * spec.slices
  const files: string[] = []
  let done = 0
  for (const [patient, role] of roles.entries()) {
    for (const acquisition of ACQUISITIONS) {
      const volume = { seed: spec.seed, patient, acquisition }
      const kspace: Float32Array[] = []
      const noiseFree: Float32Array[] = []
      const file = `synthetic_knee_${spec.seed}_${String(patient).padStart(3, '0')}_${acquisition}.h5`
      for (let slice = 0; slice < spec.slices; slice++) {
        await pause()
        const made = synthesizeSlice({ ...volume, slice, slices: spec.slices })
        kspace.push(made.kspace)
        noiseFree.push(made.noiseFree)
        report({ done: ++done, total, label: file })
      }
      const reconstruction = kspace.map(reconstruct)
      const path = join(spec.directory, role, file)
      await writeFastMri(path, {
        matrix: MATRIX,
        kspace,
        imageSize: CROP,
        reconstruction,
        noiseFree,
        header: ismrmrdHeader(volume, spec.slices),
        attributes: {
          ...volumeAttributes(volume),
          max: largest(reconstruction),
          norm: norm(reconstruction),
          generator: `${GENERATOR.name}, version ${GENERATOR.version}, seed ${spec.seed}`,
        },
      })
      files.push(path)
    }
  }
  return files
}
