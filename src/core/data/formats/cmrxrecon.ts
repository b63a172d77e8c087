/**
 * CMRxRecon's files: MATLAB 7.3, which is HDF5 behind 512 bytes of text. MATLAB's [x, y, coils, slices, frames] is
 * stored in reversed order, as pairs real and imag. Rows of k-space are x, the readout; columns are y.
 * Frames of one slice are slices of one volume: all slices of the first frame, then of the next.
 * Source: CMRxRecon 2023 to 2025, and DIRECT's reader of it.
 */
import { AppError } from '../../../contract/errors.ts'
import { place } from '../complex-array.ts'
import { fileMask } from '../file-mask.ts'
import { type Hdf5File, isComplex } from '../hdf5.ts'
import type { FileSource } from '../source.ts'
import { type FileMask, NUMBERS_ONLY, type Stack, type StoredVolume, type VolumeFormat } from '../volume.ts'

const MARK = 'MATLAB 7.3 MAT-file'
/** Names of k-space. Files with `single` in the name hold one coil, without an axis of coils. */
const OWN = /^kspace_(single_)?(full|sub\d+)$/
const KSPACE = /^kspace(_single)?(_full|_sub\d+)?$/

export const cmrxrecon: VolumeFormat = {
  label: 'CMRxRecon (.mat)',
  extensions: ['.mat'],
  sniff: source =>
    source.hdf5() !== null &&
    (new TextDecoder().decode(source.read(0, MARK.length)) === MARK ||
      source.hdf5()!.datasets.some(name => OWN.test(name))),
  read,
}

interface Layout {
  readonly dataset: string
  readonly frames: number
  readonly places: number
  readonly coils: number
  readonly columns: number
  readonly rows: number
}

function read(source: FileSource): StoredVolume {
  const file = source.hdf5()!
  const layout = layoutOf(file)
  const { frames, coils, rows, columns } = layout
  const beside = source.sibling('_mask.mat')
  const masks = [file, beside?.hdf5() ?? null].filter(each => each !== null)
  const kspace = stackOf(file, layout, beside ? [beside.path] : [])
  const volume = { matrix: { coils, rows, columns }, kspace }
  return {
    ...volume,
    ...NUMBERS_ONLY,
    mask: maskOf(masks, layout, volume),
    facts: { ...NUMBERS_ONLY.facts, ...(frames > 1 && { frames }) },
  }
}

const refuse = ({ path }: Hdf5File, expected: string, got: string, remedy: string): AppError =>
  new AppError('UNSUPPORTED_FORMAT', `Expected ${expected}, got ${got}, in ${path}. ${remedy}`)

function layoutOf(file: Hdf5File): Layout {
  const dataset = file.datasets.find(name => KSPACE.test(name))
  if (dataset === undefined)
    throw refuse(
      file,
      'k-space (kspace, kspace_full or kspace_sub04)',
      file.datasets.join(', ') || 'no array',
      'Choose the file of k-space. A mask is read from NAME_mask.mat beside NAME.mat.',
    )
  if (!isComplex(file.kind(dataset)))
    throw refuse(file, `complex k-space in ${dataset}`, file.typeName(dataset), 'Save k-space as complex single.')
  const shape = file.shape(dataset) ?? []
  const isSingle = dataset.startsWith('kspace_single')
  const most = isSingle ? 4 : 5
  if (shape.length < 2 || shape.length > most || shape.includes(0))
    throw refuse(
      file,
      `${dataset} of MATLAB's [x, y, ${isSingle ? '' : 'coils, '}slices, frames]`,
      `[${shape.toReversed().join(', ')}]`,
      'Save each further dimension in a file of its own.',
    )
  const whole = [...Array<number>(most - shape.length).fill(1), ...shape]
  const [frames, places, coils, columns, rows] = isSingle ? whole.toSpliced(2, 0, 1) : whole
  return { dataset, frames, places, coils, columns, rows }
}

function stackOf(file: Hdf5File, layout: Layout, sources: readonly string[]): Stack {
  const { dataset, frames, places, coils, rows, columns } = layout
  const slices = frames * places
  const axes = file.shape(dataset)!.length
  /** The axes of the dataset: MATLAB leaves out last dimensions of 1. */
  const stored = (whole: readonly number[]) =>
    (dataset.startsWith('kspace_single') ? whole.toSpliced(2, 1) : whole).slice(-axes)
  return {
    role: 'k-space',
    dataset: 'kspace',
    type: file.kind(dataset)!,
    shape: coils === 1 ? [slices, rows, columns] : [slices, coils, rows, columns],
    withSlice(index, use) {
      if (!(Number.isInteger(index) && index >= 0 && index < slices))
        throw new RangeError(`Slice ${index} of ${slices} in ${file.path}`)
      const first = stored([Math.floor(index / places), index % places, 0, 0, 0])
      const kspace = file.withBox(dataset, first, stored([1, 1, coils, columns, rows]), values => {
        const turned = new Float32Array(values.length)
        const plane = 2 * rows * columns
        for (let coil = 0; coil < coils; coil++)
          place(
            values.subarray(coil * plane, (coil + 1) * plane),
            { size: columns, stride: rows, to: 1 },
            { size: rows, stride: 1, to: columns },
            turned.subarray(coil * plane),
          )
        return turned
      })
      return use(kspace)
    },
    /** Of each frame that lacks a part, all slices. */
    unwritten() {
      const lacking = [...file.unwritten(dataset)]
      if (frames > 1)
        return new Set(lacking.flatMap(frame => Array.from({ length: places }, (_, i) => frame * places + i)))
      return new Set(places > 1 ? lacking : lacking.slice(0, 1).map(() => 0))
    },
    sources: () => [...file.virtualSources(dataset), ...sources],
  }
}

/** The mask of sub-sampled k-space: `mask04` of `kspace_sub04`, of y and x. `null`: none of the files has one. */
function maskOf(
  files: readonly Hdf5File[],
  { dataset, rows, columns }: Layout,
  volume: Pick<StoredVolume, 'kspace' | 'matrix'>,
): FileMask | null {
  const number = /_sub(\d+)$/.exec(dataset)?.[1]
  if (number === undefined) return null
  const name = `mask${number}`
  const file = files.find(each => each.shape(name) !== null)
  if (!file) return null
  const stored = file.readNumbers(name)
  const shape = file.shape(name)!
  const words = `the dataset ${name} of ${file.path}`
  if (shape.join() !== [columns, rows].join())
    return fileMask({ shape, values: stored }, volume, words, 'Remove the mask')
  const values = stored.map((_, i) => stored[(i % columns) * rows + Math.floor(i / columns)])
  return fileMask({ shape: [rows, columns], values }, volume, words, 'Remove the mask')
}
