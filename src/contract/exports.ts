/** The export formats of a slice or a volume, and the names of exported files. */
import { z } from 'zod'
import { AppError } from './errors.ts'
import { BESIDE_ENDINGS, VOLUME_ENDINGS } from './file-endings.ts'
import { fileOfVolume, partOfVolume } from './volume-path.ts'

export const ExportFormat = z.enum(['hdf5', 'npy', 'nifti', 'dicom'])
export type ExportFormat = z.infer<typeof ExportFormat>

const ENDINGS: Readonly<Record<ExportFormat, string>> = {
  hdf5: '.h5',
  npy: '.npy',
  nifti: '.nii.gz',
  dicom: '.dcm',
}

/**
 * The ending of an export's name. Empty for a DICOM volume (`slice` is `null`), because DICOM has one file per slice
 * and the volume is a folder.
 */
export const exportEnding = (format: ExportFormat, slice: number | null): string =>
  format === 'dicom' && slice === null ? '' : ENDINGS[format]

/** Endings of data files. Any other text behind a dot belongs to the name: `scan_1.5`. */
const DATA_ENDING = new RegExp(
  `(?<=.)(?:${[...VOLUME_ENDINGS, ...BESIDE_ENDINGS, '.hdf', '.he5'].join('|').replaceAll('.', '\\.')})$`,
  'i',
)

/** The name of a volume for results: without the file's ending, and with its part behind `_`. */
export function stemOf(file: string): string {
  const stem = fileOfVolume(file).replace(DATA_ENDING, '')
  const part = partOfVolume(file)
  return part === null ? stem : `${stem}_${part}`
}

/** Longest file name of ext4, XFS, Btrfs, APFS and NTFS, in bytes. */
const MOST_NAME_BYTES = 255

/** Length in UTF-8. */
const bytesOf = (name: string) => encodeURIComponent(name.toWellFormed()).replaceAll(/%../g, '.').length

export const isFittingName = (name: string): boolean => bytesOf(name) <= MOST_NAME_BYTES

/** Throws `INVALID_ARGUMENT` for a name that is too long for a file. Called before the export is computed. */
export function requireFittingName(name: string): void {
  if (isFittingName(name)) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a file’s name of at most ${MOST_NAME_BYTES} bytes, got ${bytesOf(name)} bytes: ${name}. ` +
      'Choose a shorter name, or rename the scan.',
  )
}

/** An export's name without its ending. `slice` counts from 0, the slice in the name counts from 1. */
export const sliceStem = (stem: string, slice: number | null): string =>
  slice === null ? stem : `${stem}_slice-${slice + 1}`

/** An export's name with its ending. */
export const exportName = (stem: string, format: ExportFormat, slice: number | null): string =>
  `${sliceStem(stem, slice)}${exportEnding(format, slice)}`

/** The name of a volume's k-space as fastMRI HDF5. */
export const kspaceName = (file: string): string => `${stemOf(file)}.h5`
