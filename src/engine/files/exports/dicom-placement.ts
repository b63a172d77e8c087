/**
 * What DICOM says of the place of images: the SOP class, and the attributes of its modules.
 * Source: PS3.3 C.7.4.1 (Frame of Reference), C.7.6.2 (Image Plane), C.8.3.1 (MR Image), C.8.6.1 (SC Equipment)
 */
import { dot, normalOf } from '../../../contract/directions.ts'
import { spacingOf } from '../../../core/mri/geometry.ts'
import type { Attributes } from './dicom-library.ts'
import { decimal, newUid } from './dicom-values.ts'
import type { Reconstruction } from './reconstruction.ts'

const SECONDARY_CAPTURE_STORAGE = '1.2.840.10008.5.1.4.1.1.7'
const MR_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.4'

/** Attributes that are equal in all files of an export. */
export function ofSopClass({ info: { orientation }, placement }: Reconstruction): Attributes {
  if (!placement)
    return {
      SOPClassUID: SECONDARY_CAPTURE_STORAGE,
      ConversionType: 'WSD', // workstation
      PatientOrientation: orientation ? [...orientation] : '',
    }
  const { right, down, voxelSize } = placement
  const spacing = spacingOf(placement)
  return {
    SOPClassUID: MR_IMAGE_STORAGE,
    FrameOfReferenceUID: newUid(),
    PositionReferenceIndicator: '',
    PatientPosition: '',
    ImageOrientationPatient: [...right, ...down].map(decimal),
    SliceThickness: voxelSize[2] === null ? '' : decimal(voxelSize[2]),
    ...(spacing !== null && { SpacingBetweenSlices: decimal(spacing) }),
    // The scan file does not state the sequence. DICOM demands a term, and has this one for research.
    ScanningSequence: 'RM',
    SequenceVariant: 'NONE',
    ScanOptions: '',
    MRAcquisitionType: '',
    RepetitionTime: '',
    EchoTime: '',
    EchoTrainLength: '',
  }
}

/** Attributes of one slice. */
export function ofSlice({ placement }: Reconstruction, place: number): Attributes {
  if (!placement) return {}
  const position = placement.positions[place]
  return {
    ImagePositionPatient: position.map(decimal),
    SliceLocation: decimal(dot(position, normalOf(placement))),
  }
}

/**
 * Numbers from 1, in the order of the slices in space, from the end where the first slice lies. One slice keeps its
 * number in the file. Slices of unknown position are numbered as in the file.
 */
export function instanceNumbers({ shape, slice, placement }: Reconstruction): number[] {
  if (slice !== null) return [slice + 1]
  const places = Array.from({ length: shape[0] }, (_, place) => place)
  if (!placement) return places.map(place => place + 1)
  const along = placement.positions.map(position => dot(position, normalOf(placement)))
  const sign = along.at(-1)! < along[0] ? -1 : 1
  const inSpace = places.toSorted((a, b) => sign * (along[a] - along[b]) || a - b)
  return places.map(place => inSpace.indexOf(place) + 1)
}
