/**
 * Export formats of reconstructions. A new format needs a file in this folder, a line here, and a line in
 * `contract/exports.ts`.
 */
import type { ExportFormat } from '../../../contract/exports.ts'
import { writeDicom } from './dicom.ts'
import { writeHdf5 } from './hdf5.ts'
import { writeNifti } from './nifti.ts'
import { writeNpy } from './npy.ts'
import type { WriteReconstruction } from './reconstruction.ts'

export const WRITERS: Readonly<Record<ExportFormat, WriteReconstruction>> = {
  hdf5: writeHdf5,
  npy: writeNpy,
  nifti: writeNifti,
  dicom: writeDicom,
}
