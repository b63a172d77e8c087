/** What a reconstruction, a slice of it or the whole volume, can be exported as. */
import { z } from 'zod'
import { AppError } from './errors.ts'

export const ExportFormat = z.enum(['hdf5', 'npy', 'nifti', 'dicom'])
export type ExportFormat = z.infer<typeof ExportFormat>

const ENDINGS: Readonly<Record<ExportFormat, string>> = {
  hdf5: '.h5',
  npy: '.npy',
  nifti: '.nii.gz',
  dicom: '.dcm',
}

/** What an export's name ends in. DICOM has one file a slice, so a volume (`slice` null) is a folder, and has none. */
export const exportEnding = (format: ExportFormat, slice: number | null): string =>
  format === 'dicom' && slice === null ? '' : ENDINGS[format]

/** Of files that are read; anything else behind a dot is part of a name: `scan_1.5`. */
const DATA_ENDING = /(?<=.)\.(?:h5|hdf5?|he5)$/i

/** A data file's name without its ending. */
export const stemOf = (file: string): string => file.replace(DATA_ENDING, '')

/** Of the usual file systems: ext4, XFS, Btrfs, APFS, NTFS. */
const MOST_NAME_BYTES = 255

const bytesOf = (name: string) => encodeURIComponent(name.toWellFormed()).replaceAll(/%../g, '.').length // of UTF-8

export const isFittingName = (name: string): boolean => bytesOf(name) <= MOST_NAME_BYTES

/** Throws `INVALID_ARGUMENT` for a name that no file can have, before anything is computed for it. */
export function requireFittingName(name: string): void {
  if (isFittingName(name)) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a file’s name of at most ${MOST_NAME_BYTES} bytes, got ${bytesOf(name)} bytes: ${name}. Choose a shorter name, or rename the scan.`,
  )
}

/** What a name begins with; `slice` counts from 0, the name from 1. */
export const sliceStem = (stem: string, slice: number | null): string =>
  slice === null ? stem : `${stem}_slice-${slice + 1}`

/** A file's name. */
export const exportName = (stem: string, format: ExportFormat, slice: number | null): string =>
  `${sliceStem(stem, slice)}${exportEnding(format, slice)}`
