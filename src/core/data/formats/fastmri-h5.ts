/**
 * fastMRI's HDF5 files (Zbontar et al., arXiv 1811.08839; Knoll et al., Radiol. Artif. Intell. 2020).
 * Datasets: `kspace` complex [slices, coils, rows, columns], or [slices, rows, columns] for one coil,
 * `reconstruction_rss` and `reconstruction_esc` [slices, height, width], `ismrmrd_header`, and in sub-sampled files
 * `mask` (in fastMRI over columns). Attributes: acquisition, max, norm, patient_id.
 * This project also reads masks of other kinds, the attribute `patient_orientation` and the dataset `image_geometry`.
 * Its synthetic files add the dataset `reconstruction_noise_free` and the attribute `synthetic`. K-space that was
 * computed from images has the attribute `simulated`.
 */
import type { Origin } from '../../../contract/origin.ts'
import type { FileSource } from '../source.ts'
import type { StoredVolume, VolumeFormat } from '../volume.ts'
import { layoutOf, layoutRemarks, readMask } from './fastmri-layout.ts'
import { headerRemarks, parseIsmrmrdHeader } from './ismrmrd-header.ts'
import { GEOMETRY_DATASET, readGeometry } from './stored-geometry.ts'

export const fastmriH5: VolumeFormat = {
  label: 'fastMRI HDF5',
  extensions: ['.h5', '.hdf5'],
  sniff: source => (source.hdf5()?.shape('kspace') ?? null) !== null,
  read,
}

/** Attributes that are used. */
const ATTRIBUTES = ['acquisition', 'max', 'patient_id', 'patient_orientation', 'synthetic'] as const

function read(source: FileSource): StoredVolume {
  const file = source.hdf5()!
  const layout = layoutOf(file)
  const { matrix, target } = layout
  const header = file.readText('ismrmrd_header')
  const stated = parseIsmrmrdHeader(header, matrix)
  const attributes = Object.fromEntries(ATTRIBUTES.map(name => [name, file.attribute(name)]))
  const { acquisition, max } = attributes
  const simulated = file.attribute('simulated')
  const orientation = parseOrientation(attributes.patient_orientation)
  const stored = file.readText(GEOMETRY_DATASET)
  const { geometry, remarks } = readGeometry(stored, layout.kspace.shape[0], orientation)
  return {
    ...layout,
    mask: readMask(file, layout),
    header,
    // A file without the dataset or the attribute keeps the identity that older programs gave it.
    attributes: {
      ...attributes,
      ...(stored !== null && { [GEOMETRY_DATASET]: stored }),
      ...(simulated !== null && { simulated }),
    },
    facts: {
      reconSize: stated?.reconSize ?? null,
      acquisition: acquisition === null ? null : String(acquisition),
      orientation,
      ...(geometry && { geometry }),
      ...(stated?.voxelSize && { voxelSize: stated.voxelSize }),
      ...(stated?.padding && { padding: stated.padding }),
      maximum: typeof max === 'number' && Number.isFinite(max) ? max : null,
      origin: originOf(attributes.synthetic, simulated),
      patientId: String(attributes.patient_id ?? '').trim() || (stated?.patientId ?? null),
    },
    remarks: [...headerRemarks(header, matrix), ...layoutRemarks(file, { matrix, target }), ...remarks],
  }
}

const originOf = (synthetic: string | number | null, simulated: string | number | null): Origin =>
  Number(synthetic) === 1 ? 'synthetic' : Number(simulated) === 1 ? 'simulated' : 'measured'

/** A patient direction: the letter of the nearest axis' end. An oblique plane adds the letter of a second axis. */
const DIRECTION = /^(?:[LR][APHF]?|[AP][LRHF]?|[HF][LRAP]?)$/

const axisOf = (direction: string) => ['LR', 'AP', 'HF'].find(ends => ends.includes(direction[0]))

/** DICOM's Patient Orientation, such as `L\F` or `LA\F`; `null` for a text that does not say two directions. */
function parseOrientation(text: string | number | null): [rows: string, columns: string] | null {
  const directions = String(text ?? '').split('\\')
  if (directions.length !== 2 || !directions.every(direction => DIRECTION.test(direction))) return null
  const [rows, columns] = directions
  return axisOf(rows) === axisOf(columns) ? null : [rows, columns]
}
