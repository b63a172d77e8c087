/** What a fastMRI file holds beside its arrays, for a synthetic scan: attributes and the ISMRMRD header. */
import { CROP, FIELD_OF_VIEW_MM, PIXEL_MM, SLICE_THICKNESS_MM, sizesOf, type Voxel } from './grid.ts'
import type { Acquisition } from './tissues.ts'

export interface SyntheticVolume {
  readonly seed: number
  readonly patient: number
  readonly acquisition: Acquisition
}

/** Root attributes that are known without the slices (`max` and `norm` come from the ground truth). */
export function volumeAttributes({ seed, patient, acquisition }: SyntheticVolume) {
  return { acquisition, patient_id: `synthetic-${seed}-${patient}` }
}

/**
 * `ismrmrd_header`. Every column (0 to 371 for a voxel of 1) is encoded, and the middle column (186) is the centre.
 * A reader therefore finds no padding.
 */
export function ismrmrdHeader(volume: SyntheticVolume, slices: number, voxel: Voxel = 1, coils = 1): string {
  const { rows, columns, crop } = sizesOf(voxel)
  const space = (height: number, width: number, heightMm: number, widthMm: number) => `
      <matrixSize><x>${height}</x><y>${width}</y><z>1</z></matrixSize>
      <fieldOfView_mm><x>${heightMm}</x><y>${widthMm}</y><z>${SLICE_THICKNESS_MM}</z></fieldOfView_mm>`
  const limit = (name: string, maximum: number, center: number) =>
    `<${name}><minimum>0</minimum><maximum>${maximum}</maximum><center>${center}</center></${name}>`
  return `<?xml version="1.0" encoding="utf-8"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
  <patientInformation><patientID>${volumeAttributes(volume).patient_id}</patientID></patientInformation>
  <measurementInformation><protocolName>${volume.acquisition} (synthetic)</protocolName></measurementInformation>
  <acquisitionSystemInformation>
    <systemVendor>Self-MRI synthetic</systemVendor>
    <receiverChannels>${coils}</receiverChannels>
  </acquisitionSystemInformation>
  <experimentalConditions><H1resonanceFrequency_Hz>123200000</H1resonanceFrequency_Hz></experimentalConditions>
  <encoding>
    <encodedSpace>${space(rows, columns, FIELD_OF_VIEW_MM.rows, FIELD_OF_VIEW_MM.columns)}
    </encodedSpace>
    <reconSpace>${space(crop, crop, CROP * PIXEL_MM, CROP * PIXEL_MM)}
    </reconSpace>
    <encodingLimits>
      ${limit('kspace_encoding_step_1', columns - 1, columns / 2)}
      ${limit('slice', slices - 1, Math.floor(slices / 2))}
    </encodingLimits>
    <trajectory>cartesian</trajectory>
  </encoding>
</ismrmrdHeader>
`
}
