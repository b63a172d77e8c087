/**
 * DICOM images, one file a slice: derived, anonymous, marked as research. They are secondary captures: no file says where its slices lie in
 * the patient, and an MR Image must. Of the scan they say the direction of rows and columns and the size of a voxel where the file does.
 * What is not known (the sequence, dates) is empty or left out, not made up.
 *
 * Three numbers belong to a pixel: what is stored, 0 … 65535; what viewers show, rescaled = slope · stored + intercept; the image's own value.
 * Viewers round, and a window narrower than 1 is not allowed (PS3.3 C.11.2.1.2), so images of fastMRI's magnitude (1e-5) cannot be shown
 * in their own values: the rescaled values are the image's, times a power of ten where those are too small or too large. The Real World
 * Value Mapping gives the image's own values from what is stored, in double precision.
 * Source: DICOM PS3.3 A.8.1 (Secondary Capture Image IOD), C.7.6.16-12b (Real World Value Mapping), PS3.5 B.2 (UIDs from UUIDs)
 */

import { randomUUID } from 'node:crypto'
import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../../contract/errors.ts'
import type { VoxelSize } from '../../../contract/volumes.ts'
import { allFinite, extremes } from '../../../core/extremes.ts'
import { fileError } from '../file-errors.ts'
import { makeFolder } from '../folders.ts'
import { partialBeside, writeAtomically } from '../whole-files.ts'
import { type Attributes, type DicomLibrary, loadDicom } from './dicom-library.ts'
import { bytesOf, imageOf, type Reconstruction, sourceInWords, type WriteReconstruction } from './reconstruction.ts'

const SECONDARY_CAPTURE_STORAGE = '1.2.840.10008.5.1.4.1.1.7'
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
/** Of this program. */
const IMPLEMENTATION = { uid: '2.25.195201450130443214286241374740888734571', name: 'SELF_MRI' }

const NOTICE = 'Research use only, not for diagnosis.'
const MOST_STORED = 2 ** 16 - 1

/** PS3.5 B.2: `2.25.` and a UUID as a decimal number. */
const newUid = () => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`

/** A number as exactly as the 16 characters of a decimal string allow (PS3.5 6.2, DS). */
function decimal(value: number): string {
  for (let digits = 17; ; digits--) {
    const text = String(Number(value.toPrecision(digits)))
    if (text.length <= 16) return text
  }
}

/** Largest magnitudes that viewers show well as they are: enough integers for the greys, and no overflow of 16 bits with a sign. */
const SHOWN_AS_THEY_ARE = { least: 1e3, most: 2 ** 15 - 1 }
/** Below this an image's integers are too few. */
const LEAST_SHOWN = 100

/** How numbers are stored: value · factor = slope · stored + intercept, slope and intercept as the file says them. */
interface Scale {
  readonly slope: number
  readonly intercept: number
  /** A power of ten. */
  readonly factor: number
  /** The one value that all pixels have, else `null`. */
  readonly constant: number | null
}

/** One for all slices, so that they compare. Throws `NOT_FINITE`. */
function scaleOf({ images, info }: Reconstruction): Scale {
  if (!allFinite(images))
    throw new AppError(
      'NOT_FINITE',
      `Expected an image of finite numbers, got ${images.find(value => !Number.isFinite(value))}, of ${info.file}. ` +
        'DICOM cannot hold it: look for the slice in the file, or export as NIfTI or NPY.',
    )
  const { minimum, maximum } = extremes(images, 'an image')
  const factor = factorFor(Math.max(Math.abs(minimum), Math.abs(maximum)), info.maximum)
  const intercept = Number(decimal(Math.min(minimum, 0) * factor))
  const slope = maximum > Math.min(minimum, 0) ? Number(decimal((maximum * factor - intercept) / MOST_STORED)) : 1
  return { slope, intercept, factor, constant: minimum === maximum ? minimum : null }
}

/**
 * By the volume's maximum where the file says it and it fits, so that the ground truth, runs and single slices of a scan have one factor and
 * their rescaled values compare.
 */
function factorFor(largest: number, volumeMaximum: number | null): number {
  const shared = factorOf(volumeMaximum ?? largest)
  const shown = largest * shared
  return shown >= LEAST_SHOWN && shown <= SHOWN_AS_THEY_ARE.most ? shared : factorOf(largest)
}

function factorOf(largest: number): number {
  const { least, most } = SHOWN_AS_THEY_ARE
  if (!(largest > 0) || (largest >= least && largest <= most)) return 1
  return Number(`1e${3 - Math.floor(Math.log10(largest))}`) // to 1000 … 10 000
}

const store = (image: Float32Array, { slope, intercept, factor }: Scale): Uint16Array =>
  Uint16Array.from(image, value => Math.min(Math.max(Math.round((value * factor - intercept) / slope), 0), MOST_STORED))

/** From stored to the image's own values; `_vrMap`, as dcmjs cannot know that stored values have no sign. */
const realWorldValues = ({ slope, intercept, factor }: Scale, units: Reconstruction['provenance']['units']) => ({
  _vrMap: { RealWorldValueFirstValueMapped: 'US', RealWorldValueLastValueMapped: 'US' },
  LUTExplanation: units === 'signal' ? 'Magnitude in the units of the k-space' : 'Magnitude in arbitrary units',
  LUTLabel: 'SELF_MRI',
  MeasurementUnitsCodeSequence: [{ CodeValue: '1', CodingSchemeDesignator: 'UCUM', CodeMeaning: 'no units' }],
  RealWorldValueFirstValueMapped: 0,
  RealWorldValueLastValueMapped: MOST_STORED,
  RealWorldValueIntercept: intercept / factor,
  RealWorldValueSlope: slope / factor,
})

/** What the numbers are, where it is not what a reader would expect. */
const valuesInWords = ({ factor, constant }: Scale): string =>
  [
    ...(constant === null ? [] : [` Every pixel has the value ${constant}.`]),
    ...(factor === 1 ? [] : [` Rescaled values are the image's times ${factor.toExponential()}.`]),
  ].join('')

/** What the files of one export share. */
function sharedAttributes({ shape, info, provenance }: Reconstruction, scale: Scale): Attributes {
  const [, rows, columns] = shape
  const source = sourceInWords(provenance)
  const notice = info.synthetic ? `Synthetic data. ${NOTICE}` : NOTICE
  const weights = provenance.checkpoint === null ? '' : ` (checkpoint SHA-256 ${provenance.checkpoint})`
  return {
    ImageType: ['DERIVED', 'SECONDARY', 'OTHER'],
    SOPClassUID: SECONDARY_CAPTURE_STORAGE,
    // Type 2: there must be one, and it may be empty.
    StudyDate: '',
    StudyTime: '',
    AccessionNumber: '',
    ReferringPhysicianName: '',
    StudyID: '',
    Laterality: '', // type 2C: of a paired body part, which is not known
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
    ImageComments: `${notice} ${source}${weights}. Mask: ${provenance.mask}.${valuesInWords(scale)}`,
    ContentQualification: 'RESEARCH',
    ConversionType: 'WSD', // workstation
    StudyInstanceUID: newUid(),
    SeriesInstanceUID: newUid(),
    SeriesNumber: '1',
    PatientOrientation: info.orientation ? [...info.orientation] : '',
    ...lengths(info.voxelSize),
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
    // All that is stored, dark to bright: LINEAR shows center − 0.5 ± (width − 1) / 2.
    VOILUTFunction: 'LINEAR',
    WindowCenter: decimal(scale.intercept + (scale.slope * MOST_STORED + 1) / 2),
    WindowWidth: decimal(scale.slope * MOST_STORED + 1),
    RealWorldValueMappingSequence: [realWorldValues(scale, provenance.units)],
  }
}

const lengths = (voxelSize?: VoxelSize): Attributes => {
  if (!voxelSize) return {}
  const [down, right, thickness] = voxelSize
  return {
    PixelSpacing: [decimal(down), decimal(right)],
    ...(thickness !== null && { SliceThickness: decimal(thickness) }),
  }
}

function encode({ data }: DicomLibrary, attributes: Attributes, pixels: Uint16Array): Uint8Array {
  const instance = newUid()
  const { denaturalizeDataset } = data.DicomMetaDictionary
  const file = new data.DicomDict(
    denaturalizeDataset({
      FileMetaInformationVersion: Uint8Array.of(0, 1).buffer,
      MediaStorageSOPClassUID: SECONDARY_CAPTURE_STORAGE,
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
  const scale = scaleOf(reconstruction)
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
    makeFolder(partial)
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
