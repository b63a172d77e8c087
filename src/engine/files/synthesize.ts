/** Writes the synthetic knee study in fastMRI's format, into folders train, val and test, split by patient. */
import { join } from 'node:path'
import { ifft2Centred } from '../../core/mri/fft-double.ts'
import {
  GENERATOR,
  ismrmrdHeader,
  type Sizes,
  sizesOf,
  studyFiles,
  synthesizeSlice,
  volumeAttributes,
} from '../../core/mri/phantom/index.ts'
import type { Pause } from '../../core/pause.ts'
import type { Progress, SyntheticKneeSpec } from '../process/protocol.ts'
import { writeFastMri } from './hdf5-write.ts'
import { type Destination, inWorkshop, place } from './written.ts'

/**
 * Ground truth by fastMRI's definition: magnitude of the centred inverse transform of the measured k-space, centre
 * crop.
 */
function reconstruct(kspace: Float32Array, { rows, columns, crop }: Sizes): Float32Array {
  const image = ifft2Centred(Float64Array.from(kspace), rows, columns)
  const [top, left] = [(rows - crop) >> 1, (columns - crop) >> 1]
  const magnitude = new Float32Array(crop * crop)
  for (let i = 0; i < magnitude.length; i++) {
    const at = 2 * ((top + Math.floor(i / crop)) * columns + left + (i % crop))
    magnitude[i] = Math.hypot(image[at], image[at + 1])
  }
  return magnitude
}

const norm = (images: readonly Float32Array[]) =>
  Math.sqrt(images.reduce((sum, image) => sum + image.reduce((total, value) => total + value * value, 0), 0))

const largest = (images: readonly Float32Array[]) =>
  images.reduce((max, image) => image.reduce((most, value) => Math.max(most, value), max), 0)

/**
 * Writes the study volume by volume. After a cancellation, the files written so far are complete. Throws `FILE_EXISTS`.
 */
export async function synthesizeKnees(
  spec: SyntheticKneeSpec,
  report: (progress: Progress) => void,
  pause: Pause,
): Promise<string[]> {
  const { directory, seed, patients, slices, voxel = 1, overwrite = false } = spec
  const destination: Destination = {
    folder: directory,
    maker: 'synthetic knee',
    replaces: overwrite ? 'all' : 'none',
  }
  const planned = studyFiles(seed, patients)
  const total = planned.length * slices
  const sizes = sizesOf(voxel)
  const files: string[] = []
  let done = 0
  for (const { path, file, volume } of planned) {
    const kspace: Float32Array[] = []
    const noiseFree: Float32Array[] = []
    for (let slice = 0; slice < slices; slice++) {
      await pause()
      const made = synthesizeSlice({ ...volume, slice, slices, voxel })
      kspace.push(made.kspace)
      noiseFree.push(made.noiseFree)
      report({ done: ++done, total, label: file })
    }
    const reconstruction = kspace.map(measured => reconstruct(measured, sizes))
    await inWorkshop(directory, async workshop => {
      const finished = join(workshop, 'volume')
      await writeFastMri(finished, {
        matrix: [sizes.rows, sizes.columns],
        kspace,
        imageSize: [sizes.crop, sizes.crop],
        reconstruction,
        noiseFree,
        header: ismrmrdHeader(volume, slices, voxel),
        attributes: {
          ...volumeAttributes(volume),
          max: largest(reconstruction),
          norm: norm(reconstruction),
          generator: `${GENERATOR.name}, version ${GENERATOR.version}, seed ${seed}`,
        },
      })
      await place(finished, destination, path)
    })
    files.push(join(directory, path))
  }
  return files
}
