/**
 * DICOM MR images, one file a slice: derived, anonymous, marked as research. Nothing is taken over from the scan but the direction of its
 * rows and columns and the size of a pixel where the file says them: what is not known (place in the patient, the sequence) is left out, not
 * made up.
 * Source: DICOM PS3.3 A.4 (MR Image IOD), PS3.5 B.2 (UIDs from UUIDs)
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { extremes } from '../../core/extremes.ts'
import { fileError } from '../file-errors.ts'
import { partialBeside, writeAtomically } from '../files.ts'
import { type Attributes, type DicomLibrary, loadDicom } from './dicom-library.ts'
import { bytesOf, imageOf, type Reconstruction, sourceInWords, type WriteReconstruction } from './reconstruction.ts'

const MR_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.4'
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
/** Of this program. */
const IMPLEMENTATION = { uid: '2.25.195201450130443214286241374740888734571', name: 'SELF_MRI' }

const NOTICE = 'Research use only, not for diagnosis.'
const MOST_STORED = 2 ** 16 - 1

/** PS3.5 B.2: `2.25.` and a UUID as a decimal number. */
const newUid = () => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`

/** A number in at most the 16 characters of a decimal string (PS3.5 6.2, DS). */
const decimal = (value: number) =>
  Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}` : value.toExponential(9)

/** How numbers are stored: value = slope · stored + intercept, stored 0 … 65535, slope and intercept as the file says them. */
interface Scale {
  readonly slope: number
  readonly intercept: number
}

/** One for all slices, so that they compare. Throws `NOT_FINITE`. */
function scaleOf(images: Float32Array): Scale {
  const { minimum, maximum } = extremes(images, 'an image of finite numbers')
  const intercept = Number(decimal(Math.min(minimum, 0)))
  return { slope: Number(decimal((maximum - intercept) / MOST_STORED)) || 1, intercept }
}

const store = (image: Float32Array, { slope, intercept }: Scale): Uint16Array =>
  Uint16Array.from(image, value => Math.min(Math.max(Math.round((value - intercept) / slope), 0), MOST_STORED))

/** What the files of one export share. */
function sharedAttributes({ shape, info, provenance }: Reconstruction, scale: Scale): Attributes {
  const [, rows, columns] = shape
  const source = sourceInWords(provenance)
  const notice = info.synthetic ? `Synthetic data. ${NOTICE}` : NOTICE
  const weights = provenance.checkpoint === null ? '' : ` (checkpoint SHA-256 ${provenance.checkpoint})`
  return {
    ImageType: ['DERIVED', 'SECONDARY', 'OTHER'],
    SOPClassUID: MR_IMAGE_STORAGE,
    // Type 2: there must be one, and it may be empty.
    StudyDate: '',
    StudyTime: '',
    AccessionNumber: '',
    ReferringPhysicianName: '',
    StudyID: '',
    PatientName: 'ANONYMOUS',
    PatientID: 'ANONYMOUS',
    PatientBirthDate: '',
    PatientSex: '',
    PatientIdentityRemoved: 'YES',
    DeidentificationMethod: 'Image made anew, nothing of the patient taken over',
    Modality: 'MR',
    Manufacturer: 'Self-MRI',
    StudyDescription: 'Self-MRI, research use only',
    SeriesDescription: `${info.synthetic ? 'Synthetic data: ' : ''}Self-MRI ${source}, research only`,
    DerivationDescription: `Reconstruction: ${source}${weights}. Mask: ${provenance.mask}. ${notice}`,
    ImageComments: `${notice} ${source}${weights}. Mask: ${provenance.mask}.`,
    ContentQualification: 'RESEARCH',
    ScanningSequence: 'RM', // research mode
    StudyInstanceUID: newUid(),
    SeriesInstanceUID: newUid(),
    FrameOfReferenceUID: newUid(),
    PositionReferenceIndicator: '',
    SeriesNumber: '1',
    PatientOrientation: info.orientation ? [...info.orientation] : '',
    ...(info.pixelSize && { PixelSpacing: info.pixelSize.map(decimal) }),
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 0,
    BurnedInAnnotation: 'NO',
    RescaleIntercept: decimal(scale.intercept),
    RescaleSlope: decimal(scale.slope),
    RescaleType: 'US', // unspecified
    // All that is stored, dark to bright.
    WindowCenter: decimal(scale.intercept + (scale.slope * MOST_STORED) / 2),
    WindowWidth: decimal(scale.slope * MOST_STORED),
  }
}

function encode({ data }: DicomLibrary, attributes: Attributes, pixels: Uint16Array): Uint8Array {
  const instance = newUid()
  const { denaturalizeDataset } = data.DicomMetaDictionary
  const file = new data.DicomDict(
    denaturalizeDataset({
      FileMetaInformationVersion: Uint8Array.of(0, 1).buffer,
      MediaStorageSOPClassUID: MR_IMAGE_STORAGE,
      MediaStorageSOPInstanceUID: instance,
      TransferSyntaxUID: EXPLICIT_LITTLE_ENDIAN,
      ImplementationClassUID: IMPLEMENTATION.uid,
      ImplementationVersionName: IMPLEMENTATION.name,
    }),
  )
  file.dict = denaturalizeDataset({
    _vrMap: { PixelData: 'OW' },
    ...attributes,
    SOPInstanceUID: instance,
    PixelData: [bytesOf(pixels).slice().buffer],
  })
  return new Uint8Array(file.write())
}

interface SliceFile {
  /** Says nothing but the slice, counted from 1. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** A file for each slice; their study and series are new, and the same for all. */
export async function encodeDicom(reconstruction: Reconstruction): Promise<SliceFile[]> {
  const library = await loadDicom()
  const scale = scaleOf(reconstruction.images)
  const shared = sharedAttributes(reconstruction, scale)
  return Array.from({ length: reconstruction.shape[0] }, (_, place) => {
    const number = (reconstruction.slice ?? place) + 1
    const pixels = store(imageOf(reconstruction, place), scale)
    return {
      name: `slice-${String(number).padStart(3, '0')}.dcm`,
      bytes: encode(library, { ...shared, InstanceNumber: `${number}` }, pixels),
    }
  })
}

/** Refuses a path where something is already, which other files could be mixed with or lost to. */
async function requireFree(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : null))
  if (found?.length === 0) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a new or an empty folder for the DICOM files, got ${folder}, which is neither. Give another one, or move it away.`,
  )
}

/** All files or none: written beside, then renamed. */
async function writeFolder(folder: string, files: readonly SliceFile[]): Promise<void> {
  await requireFree(folder)
  const partial = partialBeside(folder)
  try {
    await mkdir(partial, { recursive: true })
    for (const { name, bytes } of files) await writeAtomically(join(partial, name), bytes)
    await rmdir(folder).catch(() => {}) // an empty one, which Windows does not rename over
    await rename(partial, folder)
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {}) // the first error is the one to tell
    throw fileError(error, folder)
  }
}

/** One slice as a file, a volume as a folder of files. */
export const writeDicom: WriteReconstruction = async (path, reconstruction) => {
  const files = await encodeDicom(reconstruction)
  if (reconstruction.slice !== null) await writeAtomically(path, files[0].bytes)
  else await writeFolder(path, files)
}
