/** A study of synthetic images of 64 × 64, for trainings of seconds. */
import { dirname, join } from 'node:path'
import { fft2Centred, ifft2Centred } from '../../../src/core/mri/fft-double.ts'
import { sizesOf, studyFiles, synthesizeSlice, volumeAttributes } from '../../../src/core/mri/phantom/index.ts'
import { stream } from '../../../src/core/mri/random.ts'
import { makeFolder } from '../../../src/engine/files/folders.ts'
import { writeFastMri } from '../../../src/engine/files/hdf5-write.ts'
import { SEED } from './computation.ts'

/** Height and width of the images. */
const SIDE = 64
/** Noise in k-space, as a share of the root mean square of k-space. */
const NOISE = 0.05

const SPACE = `<matrixSize><x>${SIDE}</x><y>${SIDE}</y><z>1</z></matrixSize>
      <fieldOfView_mm><x>160</x><y>160</y><z>4.5</z></fieldOfView_mm>`
const HEADER = `<?xml version="1.0" encoding="utf-8"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
  <encoding>
    <encodedSpace>${SPACE}</encodedSpace>
    <reconSpace>${SPACE}</reconSpace>
    <encodingLimits>
      <kspace_encoding_step_1>
        <minimum>0</minimum><maximum>${SIDE - 1}</maximum><center>${SIDE / 2}</center>
      </kspace_encoding_step_1>
    </encodingLimits>
    <trajectory>cartesian</trajectory>
  </encoding>
</ismrmrdHeader>
`

export interface SmallStudy {
  /** Folder of the files. */
  readonly files: string
  readonly patients: Readonly<Record<'train' | 'val' | 'test', number>>
  /** Slices that are drawn for each volume. Drawing a slice takes half a second. */
  readonly drawn: number
  /** How often each drawn slice is measured, with new noise. */
  readonly measured: number
}

/** The central `SIDE` × `SIDE` samples of the k-space of an image. @returns [SIDE, SIDE, 2] */
function lowFrequencies(image: Float32Array, side: number): Float64Array {
  const kspace = fft2Centred(
    Float64Array.from({ length: 2 * side * side }, (_, i) => (i % 2 ? 0 : image[i >> 1])),
    side,
    side,
  )
  const from = (side - SIDE) >> 1
  const low = new Float64Array(2 * SIDE * SIDE)
  for (let row = 0; row < SIDE; row++) {
    const start = 2 * ((from + row) * side + from)
    low.set(kspace.subarray(start, start + 2 * SIDE), 2 * SIDE * row)
  }
  return low
}

function magnitude(kspace: ArrayLike<number>): Float32Array {
  const image = ifft2Centred(Float64Array.from(kspace), SIDE, SIDE)
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => Math.hypot(image[2 * i], image[2 * i + 1]))
}

/** Writes the study in fastMRI's format, into folders train, val and test. */
export async function writeSmallStudy({ files, patients, drawn, measured }: SmallStudy): Promise<void> {
  const slices = drawn * measured
  const { crop } = sizesOf(2)
  for (const { path, file, volume } of studyFiles(SEED, patients)) {
    const noise = stream(SEED, 'bench', volume.patient, file.length)
    const clean = Array.from({ length: drawn }, (_, slice) =>
      lowFrequencies(synthesizeSlice({ ...volume, slice, slices: drawn, voxel: 2 }).noiseFree, crop),
    )
    const kspace = Array.from({ length: slices }, (_, slice) => {
      const signal = clean[slice % drawn]
      const sd = NOISE * Math.sqrt(signal.reduce((sum, value) => sum + value * value, 0) / signal.length)
      return Float32Array.from(signal, value => value + sd * noise.normal())
    })
    const reconstruction = kspace.map(magnitude)
    const noiseFree = Array.from({ length: slices }, (_, slice) => magnitude(clean[slice % drawn]))
    const maximum = reconstruction.reduce((most, image) => image.reduce((max, value) => Math.max(max, value), most), 0)
    makeFolder(dirname(join(files, path)))
    await writeFastMri(join(files, path), {
      matrix: [SIDE, SIDE],
      imageSize: [SIDE, SIDE],
      kspace,
      reconstruction,
      noiseFree,
      header: HEADER,
      attributes: { ...volumeAttributes(volume), max: maximum, norm: 0, generator: 'the bench' },
    })
  }
}
