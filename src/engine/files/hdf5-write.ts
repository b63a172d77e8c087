/** Writes HDF5 files: reconstructions in fastMRI's submission format, synthetic volumes, and exported k-space. */
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
  attributes: Attributes = {},
): Promise<void> {
  const [slices, height, width] = shape
  const pixels = height * width
  await fillHdf5(path, write => {
    const put = write.stack('reconstruction', slices, [height, width], 'float32')
    for (let index = 0; index < slices; index++) put(index, images.subarray(index * pixels, (index + 1) * pixels))
    return attributes
  })
}

/** What is known of a synthetic volume before its slices. */
export interface FastMriFacts {
  /** Size of k-space. */
  readonly matrix: readonly [rows: number, columns: number]
  readonly imageSize: readonly [height: number, width: number]
  readonly slices: number
  /** ISMRMRD XML. */
  readonly header: string
  /** `null`: fastMRI's single-coil format. */
  readonly coils: {
    readonly count: number
    /** Covariance of the noise in k-space, [count, count, 2]. */
    readonly covariance: Float64Array
  } | null
}

export interface FastMriSlice {
  /** [rows, columns, 2] (re, im), or [coils, rows, columns, 2]. */
  readonly kspace: Float32Array
  /** The ground truth. */
  readonly reconstruction: Float32Array
  readonly noiseFree: Float32Array
  /** The true coil maps, [coils, height, width, 2]; absent for one coil. */
  readonly maps?: Float32Array
}

interface FastMriAttributes {
  readonly acquisition: string
  readonly max: number
  readonly norm: number
  readonly patient_id: string
  readonly generator: string
}

/**
 * Writes a synthetic volume in fastMRI's format, marked as synthetic, slice by slice. Replaces the file in one step.
 * With one coil, the ground truth is written as `_esc` and `_rss`, which are equal. With several coils, it is `_rss`.
 * Several coils add `coil_maps` and `noise_covariance`, which fastMRI's files do not have. `attributes` is called last.
 */
export async function writeFastMriSlices(
  path: string,
  { matrix, imageSize, slices, header, coils }: FastMriFacts,
  slice: (index: number) => FastMriSlice | Promise<FastMriSlice>,
  attributes: () => FastMriAttributes,
): Promise<void> {
  await fillHdf5(path, async write => {
    const ofCoils = (size: readonly number[]) => (coils ? [coils.count, ...size] : size)
    const images = (name: string) => write.stack(name, slices, imageSize, 'float32')
    const kspace = write.stack('kspace', slices, ofCoils(matrix), 'complex64')
    const truths = (coils ? ['_rss'] : ['_esc', '_rss']).map(ending => images(`reconstruction${ending}`))
    const noiseFree = images('reconstruction_noise_free')
    const maps = coils && write.stack('coil_maps', slices, ofCoils(imageSize), 'complex64')
    if (coils) {
      const put = write.stack('noise_covariance', coils.count, [coils.count], 'complex64')
      for (let c = 0; c < coils.count; c++)
        put(c, Float32Array.from(coils.covariance.subarray(2 * c * coils.count, 2 * (c + 1) * coils.count)))
    }
    for (let index = 0; index < slices; index++) {
      const made = await slice(index)
      kspace(index, made.kspace)
      for (const truth of truths) truth(index, made.reconstruction)
      noiseFree(index, made.noiseFree)
      if (maps && made.maps) maps(index, made.maps)
    }
    write.text('ismrmrd_header', header)
    return { ...attributes(), synthetic: 1 }
  })
}

/** Content of a small synthetic volume with one coil. Each array holds one slice. */
export interface FastMriContent extends Pick<FastMriFacts, 'matrix' | 'imageSize' | 'header'> {
  readonly kspace: readonly Float32Array[]
  readonly reconstruction: readonly Float32Array[]
  readonly noiseFree: readonly Float32Array[]
  readonly attributes: FastMriAttributes
}

/** `writeFastMriSlices` of slices that are in memory. */
export const writeFastMri = (path: string, content: FastMriContent): Promise<void> =>
  writeFastMriSlices(
    path,
    { ...content, slices: content.kspace.length, coils: null },
    index => ({
      kspace: content.kspace[index],
      reconstruction: content.reconstruction[index],
      noiseFree: content.noiseFree[index],
    }),
    () => content.attributes,
  )

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

type Attributes = Readonly<Record<string, string | number>>

interface Writer {
  /** Creates a dataset [count, …size]. Call the result with each index of the first axis, and its numbers. */
  stack(
    name: string,
    count: number,
    size: readonly number[],
    type: keyof typeof TYPES,
  ): (index: number, values: Float32Array) => void
  /** One axis of float32. */
  numbers(name: string, values: Float32Array): void
  text(name: string, text: string): void
}

/**
 * Writes a hidden file in the target folder, then renames it. A reader never sees a partial file. An old file survives
 * a failure. `fill` writes the datasets and returns the attributes.
 */
export async function fillHdf5(path: string, fill: (write: Writer) => Attributes | Promise<Attributes>): Promise<void> {
  const library = await loadHdf5()
  const absolute = resolve(path)
  const partial = partialBeside(absolute)
  try {
    makeFolder(dirname(absolute))
    takeReason()
    const file = new File(partial, 'w')
    requireWritten(absolute)
    try {
      const attributes = await fill(writer(library, file, absolute))
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
    stack(name, count, size, type) {
      const { dtype, floats, empty } = TYPES[type]
      const numbers = size.reduce((product, length) => product * length, floats)
      const maxshape = [count, ...size]
      // A chunk is an image. A slice with several coils has one chunk for each coil.
      const chunks = maxshape.map((length, axis) => (axis < maxshape.length - Math.min(2, size.length) ? 1 : length))
      // The dataset is created empty and then enlarged. h5wasm would otherwise build compound values sample by sample
      // from separate arrays.
      file.create_dataset({ name, data: empty(), shape: [0, ...size], maxshape, chunks, dtype }).resize(maxshape)
      return (index, values) => {
        if (values.length !== numbers) {
          throw new Error(`Slice ${index} of ${name} has ${values.length} numbers, not ${numbers}`)
        }
        withMemory(library, values.byteLength, path, pointer => {
          library.HEAPU8.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), pointer)
          const box = hyperslab([index], [1, ...size])
          library.set_dataset_data(file.file_id, `/${name}`, ...box, BigInt(pointer))
        })
        requireWritten(path)
      }
    },
    numbers(name, values) {
      file.create_dataset({ name, data: values, shape: [values.length], dtype: '<f' })
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
