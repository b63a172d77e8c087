/** The ISMRMRD header of an exported volume. It states matrices and lengths, and nothing of the patient. */
import type { VolumeInfo, VoxelSize } from '../../../contract/volumes.ts'
import { cropShape } from '../../../core/mri/transform.ts'

/** Lengths that are unknown are left out. */
function space(name: string, [height, width]: readonly [number, number], voxelSize?: VoxelSize): string {
  const [down, right, thickness] = voxelSize ?? [0, 0, null]
  const view = voxelSize
    ? `<fieldOfView_mm><x>${down * height}</x><y>${right * width}</y>` +
      `${thickness === null ? '' : `<z>${thickness}</z>`}</fieldOfView_mm>`
    : ''
  return `
    <${name}><matrixSize><x>${height}</x><y>${width}</y><z>1</z></matrixSize>${view}</${name}>`
}

const limit = (name: string, maximum: number, center: number): string => `
      <${name}><minimum>0</minimum><maximum>${maximum}</maximum><center>${center}</center></${name}>`

/** `encodedSpace` is k-space's matrix, `reconSpace` the crop of the images. */
export function kspaceHeader(info: VolumeInfo): string {
  const { rows, columns, slices, coils, voxelSize, padding } = info
  const [left, right] = padding ?? [0, columns]
  const steps = limit('kspace_encoding_step_1', right - left - 1, Math.floor(columns / 2) - left)
  return `<?xml version="1.0" encoding="utf-8"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
  <acquisitionSystemInformation><receiverChannels>${coils}</receiverChannels></acquisitionSystemInformation>
  <encoding>${space('encodedSpace', [rows, columns], voxelSize)}${space('reconSpace', cropShape(info), voxelSize)}
    <encodingLimits>${steps}${limit('slice', slices - 1, Math.floor(slices / 2))}
    </encodingLimits>
    <trajectory>cartesian</trajectory>
  </encoding>
</ismrmrdHeader>
`
}
