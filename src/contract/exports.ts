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

/** What a name begins with; `slice` counts from 0, the name from 1. */
export const sliceStem = (stem: string, slice: number | null): string =>
  slice === null ? stem : `${stem}_slice-${slice + 1}`

/** A file's name. */
export const exportName = (stem: string, format: ExportFormat, slice: number | null): string =>
  `${sliceStem(stem, slice)}${exportEnding(format, slice)}`
