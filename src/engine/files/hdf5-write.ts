/** Writes HDF5 files: reconstructions in fastMRI's submission format, and synthetic volumes. */
import fs from 'node:fs'
import { dirname, resolve } from 'node:path'
import { File } from 'h5wasm/node'
import { AppError } from '../../contract/errors.ts'
import { diskFull, fileError } from './file-errors.ts'
import { makeFolder } from './folders.ts'
import { type Hdf5Module, hyperslab, loadHdf5, takeReason, withMemory } from './hdf5-library.ts'
import { partialBeside } from './whole-files.ts'

/**
 * Writes fastMRI's submission format: `reconstruction`, float32 [slices, height, width]. Replaces the file in one step.
 */
export async function writeReconstruction(
  path: string,
  images: Float32Array,
  shape: readonly [slices: number, height: number, width: number],
  attributes: Readonly<Record<string, string | number>> = {},
): Promise<void> {
  const [slices, height, width] = shape
  const pixels = height * width
  const perSlice = Array.from({ length: slices }, (_, index) => images.subarray(index * pixels, (index + 1) * pixels))
  await writeFile(path, attributes, write => write.slices('reconstruction', perSlice, [height, width], 'float32'))
}

/** Content of a synthetic volume. Each array holds one slice. */
export interface FastMriContent {
  /** `matrix` is the size of k-space. `kspace` holds [rows, columns, 2] (re, im) per slice. */
  readonly matrix: readonly [rows: number, columns: number]
  readonly kspace: readonly Float32Array[]
  /** `reconstruction` is the ground truth per slice, written as `_esc` and `_rss`, which are equal for one coil. */
  readonly imageSize: readonly [height: number, width: number]
  readonly reconstruction: readonly Float32Array[]
  readonly noiseFree: readonly Float32Array[]
  /** ISMRMRD XML. */
  readonly header: string
  readonly attributes: {
    readonly acquisition: string
    readonly max: number
    readonly norm: number
    readonly patient_id: string
    readonly generator: string
  }
}

/** Writes a synthetic volume in fastMRI's single-coil format, marked as synthetic. Replaces the file in one step. */
export async function writeFastMri(path: string, content: FastMriContent): Promise<void> {
  await writeFile(path, { ...content.attributes, synthetic: 1 }, write => {
    write.slices('kspace', content.kspace, content.matrix, 'complex64')
    write.slices('reconstruction_esc', content.reconstruction, content.imageSize, 'float32')
    write.slices('reconstruction_rss', content.reconstruction, content.imageSize, 'float32')
    write.slices('reconstruction_noise_free', content.noiseFree, content.imageSize, 'float32')
    write.text('ismrmrd_header', content.header)
  })
}

/** Element types by h5wasm's names. complex64 is the compound type that h5py reads as complex64. */
const TYPES = {
  float32: { dtype: '<f', floats: 1, empty: () => new Float32Array(0) },
  complex64: {
    dtype: [['r', '<f'] as [string, string], ['i', '<f'] as [string, string]],
    floats: 2,
    empty: () =>
      new Map([
        ['r', new Float32Array(0)],
        ['i', new Float32Array(0)],
      ]),
  },
}

interface Writer {
  slices(name: string, slices: readonly Float32Array[], size: readonly [number, number], type: keyof typeof TYPES): void
  text(name: string, text: string): void
}

/**
 * Writes a hidden file in the target folder, then renames it. A reader never sees a partial file. An old file survives
 * a failure.
 */
async function writeFile(
  path: string,
  attributes: Readonly<Record<string, string | number>>,
  fill: (write: Writer) => void,
): Promise<void> {
  const library = await loadHdf5()
  const absolute = resolve(path)
  const partial = partialBeside(absolute)
  try {
    makeFolder(dirname(absolute))
    takeReason()
    const file = new File(partial, 'w')
    requireWritten(absolute)
    try {
      fill(writer(library, file, absolute))
      for (const [name, value] of Object.entries(attributes)) file.create_attribute(name, value)
      requireWritten(absolute)
    } finally {
      file.close()
    }
    requireWritten(absolute)
    syncToDisk(partial)
    fs.renameSync(partial, absolute)
  } catch (error) {
    try {
      fs.rmSync(partial, { force: true })
    } catch {} // the first error is thrown
    throw fileError(error, absolute)
  }
}

function writer(library: Hdf5Module, file: File, path: string): Writer {
  return {
    slices(name, slices, [rows, columns], type) {
      const { dtype, floats, empty } = TYPES[type]
      const shape = [0, rows, columns]
      const maxshape = [slices.length, rows, columns]
      const chunks = [1, rows, columns]
      // The dataset is created empty and then enlarged. h5wasm would otherwise build compound values sample by sample
      // from separate arrays.
      file.create_dataset({ name, data: empty(), shape, maxshape, chunks, dtype }).resize(maxshape)
      for (const [index, slice] of slices.entries()) {
        if (slice.length !== rows * columns * floats) {
          throw new Error(`Slice ${index} of ${name} has ${slice.length} numbers, not ${rows} × ${columns} × ${floats}`)
        }
        withMemory(library, slice.byteLength, path, pointer => {
          library.HEAPU8.set(new Uint8Array(slice.buffer, slice.byteOffset, slice.byteLength), pointer)
          const box = hyperslab(index, chunks)
          library.set_dataset_data(file.file_id, `/${name}`, ...box, BigInt(pointer))
        })
        requireWritten(path)
      }
    },
    text(name, text) {
      file.create_dataset({ name, data: text })
    },
  }
}

/** HDF5's write calls report a failure only by printing it. */
function requireWritten(path: string): void {
  const reason = takeReason()
  if (reason === '') return
  if (/no space left|quota exceeded/i.test(reason)) throw diskFull(path)
  throw new AppError('FILE_UNREADABLE', `Cannot write ${path}: ${reason}`)
}

function syncToDisk(path: string): void {
  const descriptor = fs.openSync(path, 'r+')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}
