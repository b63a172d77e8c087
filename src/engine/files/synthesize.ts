/** Writes the synthetic knee study in fastMRI's format, into folders train, val and test, split by patient. */
import { join } from 'node:path'
import { ifft2Centred } from '../../core/mri/fft-double.ts'
import {
  coilNoise,
  generatorInWords,
  ismrmrdHeader,
  type Sizes,
  type SyntheticSliceSpec,
  sizesOf,
  studyFiles,
  synthesizeCoils,
  synthesizeSlice,
  volumeAttributes,
} from '../../core/mri/phantom/index.ts'
import type { Pause } from '../../core/pause.ts'
import type { Progress, SyntheticKneeSpec } from '../process/protocol.ts'
import { type FastMriSlice, writeFastMriSlices } from './hdf5-write.ts'
import { type Destination, inWorkshop, place } from './written.ts'

/**
 * Ground truth by fastMRI's definition: root sum of squares, over coils, of the centred inverse transform of the
 * measured k-space, centre crop. With one coil, this is the magnitude.
 */
function reconstruct(kspace: Float32Array, { rows, columns, crop }: Sizes): Float32Array {
  const [top, left] = [(rows - crop) >> 1, (columns - crop) >> 1]
  const length = 2 * rows * columns
  const magnitude = new Float64Array(crop * crop)
  for (let start = 0; start < kspace.length; start += length) {
    const image = ifft2Centred(Float64Array.from(kspace.subarray(start, start + length)), rows, columns)
    for (let i = 0; i < magnitude.length; i++) {
      const at = 2 * ((top + Math.floor(i / crop)) * columns + left + (i % crop))
      magnitude[i] = Math.hypot(magnitude[i], image[at], image[at + 1])
    }
  }
  return Float32Array.from(magnitude)
}

function makeSlice(spec: SyntheticSliceSpec, coils: number, sizes: Sizes): FastMriSlice {
  const made = coils === 1 ? synthesizeSlice(spec) : synthesizeCoils({ ...spec, coils })
  return { ...made, reconstruction: reconstruct(made.kspace, sizes) }
}

/**
 * Writes the study volume by volume. After a cancellation, the files written so far are complete. Throws `FILE_EXISTS`.
 */
export async function synthesizeKnees(
  spec: SyntheticKneeSpec,
  report: (progress: Progress) => void,
  pause: Pause,
): Promise<string[]> {
  const { directory, seed, patients, slices, voxel = 1, coils = 1, overwrite = false } = spec
  const destination: Destination = {
    folder: directory,
    maker: 'synthetic knee',
    replaces: overwrite ? 'all' : 'none',
  }
  const planned = studyFiles(seed, patients, coils)
  const total = planned.length * slices
  const sizes = sizesOf(voxel)
  const files: string[] = []
  let done = 0
  for (const { path, file, volume } of planned) {
    let [maximum, power] = [0, 0]
    const facts = {
      matrix: [sizes.rows, sizes.columns],
      imageSize: [sizes.crop, sizes.crop],
      slices,
      header: ismrmrdHeader(volume, slices, voxel, coils),
      coils: coils === 1 ? null : { count: coils, covariance: coilNoise({ ...volume, voxel, coils }) },
    } as const
    const next = async (slice: number) => {
      await pause()
      const made = makeSlice({ ...volume, slice, slices, voxel }, coils, sizes)
      maximum = made.reconstruction.reduce((most, value) => Math.max(most, value), maximum)
      power += made.reconstruction.reduce((total, value) => total + value * value, 0)
      report({ done: ++done, total, label: file })
      return made
    }
    await inWorkshop(directory, async workshop => {
      const finished = join(workshop, 'volume')
      await writeFastMriSlices(finished, facts, next, () => ({
        ...volumeAttributes(volume),
        max: maximum,
        norm: Math.sqrt(power),
        generator: generatorInWords(seed, coils),
      }))
      await place(finished, destination, path)
    })
    files.push(join(directory, path))
  }
  return files
}
