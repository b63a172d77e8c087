/** What a reconstruction, a slice of it or the whole volume, can be exported as. */
import { z } from 'zod'

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

/** A file's name; `slice` counts from 0, its name from 1. */
export const exportName = (stem: string, format: ExportFormat, slice: number | null): string =>
  `${stem}${slice === null ? '' : `_slice-${slice + 1}`}${exportEnding(format, slice)}`
