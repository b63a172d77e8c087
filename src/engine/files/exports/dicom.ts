/**
 * Writes DICOM images, one file per slice: derived, anonymous, marked as research. An MR Image must state its position
 * in the patient. Images whose position is known are MR Images, all others are secondary captures.
 * The direction of rows and columns and the voxel size are written if known. Unknown values (the sequence, dates) are
 * empty or omitted. Headers are written anew: nothing of the scan's header is copied.
 *
 * A pixel has three numbers: the stored number, 0 … 65535; the rescaled number that viewers show, slope · stored +
 * intercept; and the image's value. Viewers round, and a window narrower than 1 is not allowed (PS3.3 C.11.2.1.2).
 * Images of fastMRI's magnitude (1e-5) cannot be shown in their own values. Such images are rescaled by a power of ten.
 * The Real World Value Mapping converts stored numbers to the image's values in double precision.
 *
 * Source: DICOM PS3.3 A.8.1 (Secondary Capture Image IOD), A.4.3 (MR Image IOD), C.7.6.16-12b (Real World Value
 * Mapping), PS3.5 B.2 (UIDs from UUIDs)
 */
import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { classicalInWords } from '../../../contract/classical.ts'
import { AppError } from '../../../contract/errors.ts'
import { originWords } from '../../../contract/origin.ts'
import type { VoxelSize } from '../../../contract/volumes.ts'
import { allFinite, extremes } from '../../../core/extremes.ts'
import { fileError } from '../file-errors.ts'
import { makeFolder } from '../folders.ts'
import { partialBeside, writeAtomically } from '../whole-files.ts'
import { type Attributes, type DicomLibrary, loadDicom } from './dicom-library.ts'
import { instanceNumbers, ofSlice, ofSopClass } from './dicom-placement.ts'
import { decimal, newUid } from './dicom-values.ts'
import { bytesOf, imageOf, type Reconstruction, sourceInWords, type WriteReconstruction } from './reconstruction.ts'

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
/** Identifies this program as the writer of a file. */
const IMPLEMENTATION = { uid: '2.25.195201450130443214286241374740888734571', name: 'SELF_MRI' }

const NOTICE = 'Research use only, not for diagnosis.'
const MOST_STORED = 2 ** 16 - 1

/**
 * Range of an image's largest magnitude in which viewers show the image well without a factor. The lower end gives
 * enough integers for the grey levels. The upper end avoids an overflow of signed 16-bit numbers.
 */
const SHOWN_AS_THEY_ARE = { least: 1e3, most: 2 ** 15 - 1 }
/** With a largest magnitude below this, an image has too few integers. */
const LEAST_SHOWN = 100

/** Scaling of stored numbers: value · factor = slope · stored + intercept. The file states slope and intercept. */
interface Scale {
  readonly slope: number
  readonly intercept: number
  /** A power of ten. */
  readonly factor: number
  /** The value of all pixels if they are equal, else `null`. */
  readonly constant: number | null
}

/** One scale for all slices, so that slices can be compared. Throws `NOT_FINITE`. */
function scaleOf({ images, info }: Reconstruction): Scale {
  if (!allFinite(images))
    throw new AppError(
      'NOT_FINITE',
      `Expected an image of finite numbers, got ${images.find(value => !Number.isFinite(value))}, of ${info.file}. ` +
        'DICOM cannot hold this number. Inspect the slices of the file, or export as NIfTI or NPY.',
    )
  const { minimum, maximum } = extremes(images, 'an image')
  const factor = factorFor(Math.max(Math.abs(minimum), Math.abs(maximum)), info.maximum)
  const intercept = Number(decimal(Math.min(minimum, 0) * factor))
  const slope = maximum > Math.min(minimum, 0) ? Number(decimal((maximum * factor - intercept) / MOST_STORED)) : 1
  return { slope, intercept, factor, constant: minimum === maximum ? minimum : null }
}

/**
 * The factor follows the volume's maximum if the file states it and the image stays in range. The factor is then equal
 * for the ground truth, runs and single slices of a scan. Their rescaled values can be compared.
 */
function factorFor(largest: number, volumeMaximum: number | null): number {
  const shared = factorOf(volumeMaximum ?? largest)
  const shown = largest * shared
  return shown >= LEAST_SHOWN && shown <= SHOWN_AS_THEY_ARE.most ? shared : factorOf(largest)
}

function factorOf(largest: number): number {
  const { least, most } = SHOWN_AS_THEY_ARE
  if (!(largest > 0) || (largest >= least && largest <= most)) return 1
  return Number(`1e${3 - Math.floor(Math.log10(largest))}`) // scales to 1000 … 10 000
}

const store = (image: Float32Array, { slope, intercept, factor }: Scale): Uint16Array =>
  Uint16Array.from(image, value => Math.min(Math.max(Math.round((value * factor - intercept) / slope), 0), MOST_STORED))

/**
 * The mapping from stored numbers to the image's values. `_vrMap` is needed, because dcmjs does not know that stored
 * numbers are unsigned.
 */
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

/** Describes pixel values in words if a reader would not expect them. */
const valuesInWords = ({ factor, constant }: Scale): string =>
  [
    ...(constant === null ? [] : [` Every pixel has the value ${constant}.`]),
    ...(factor === 1 ? [] : [` Rescaled values are the image's times ${factor.toExponential()}.`]),
  ].join('')

/** Attributes that are equal in all files of an export. */
function sharedAttributes(reconstruction: Reconstruction, scale: Scale): Attributes {
  const { shape, info, provenance } = reconstruction
  const [, rows, columns] = shape
  const source = sourceInWords(provenance)
  const origin = originWords(info.origin)?.notice
  const notice = [origin, NOTICE].filter(Boolean).join(' ')
  const weights = provenance.checkpoint === null ? '' : ` (checkpoint SHA-256 ${provenance.checkpoint})`
  const made = provenance.classical ? classicalInWords(provenance.classical) : `${source}${weights}`
  return {
    ImageType: ['DERIVED', 'SECONDARY', 'OTHER'],
    ...ofSopClass(reconstruction),
    // Type 2 attributes must be present, and may be empty.
    StudyDate: '',
    StudyTime: '',
    AccessionNumber: '',
    ReferringPhysicianName: '',
    StudyID: '',
    Laterality: '', // type 2C, for paired body parts, because the body part is not known
    PatientName: 'ANONYMOUS',
    PatientID: 'ANONYMOUS',
    PatientBirthDate: '',
    PatientSex: '',
    PatientIdentityRemoved: 'YES',
    DeidentificationMethod: 'Image made anew, nothing of the patient taken over',
    Modality: 'MR',
    Manufacturer: 'Self-MRI',
    StudyDescription: 'Self-MRI, research use only',
    SeriesDescription: `${origin ? `${origin.slice(0, -1)}: ` : ''}Self-MRI ${source}, research only`,
    DerivationDescription: `Reconstruction: ${made}. Mask: ${provenance.mask}. ${notice}`,
    ImageComments: `${notice} ${made}. Mask: ${provenance.mask}.${valuesInWords(scale)}`,
    ContentQualification: 'RESEARCH',
    StudyInstanceUID: newUid(),
    SeriesInstanceUID: newUid(),
    SeriesNumber: '1',
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
    // The window covers all stored numbers. LINEAR shows center − 0.5 ± (width − 1) / 2.
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
      MediaStorageSOPClassUID: attributes.SOPClassUID,
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
  /** States only the slice, counted from 1. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Encodes one file per slice. All files have one new study UID and one new series UID. */
export async function encodeDicom(reconstruction: Reconstruction): Promise<SliceFile[]> {
  const library = await loadDicom()
  const scale = scaleOf(reconstruction)
  const shared = sharedAttributes(reconstruction, scale)
  const numbers = instanceNumbers(reconstruction)
  return Array.from({ length: reconstruction.shape[0] }, (_, place) => {
    const number = (reconstruction.slice ?? place) + 1
    const pixels = store(imageOf(reconstruction, place), scale)
    return {
      name: `slice-${String(number).padStart(3, '0')}.dcm`,
      bytes: encode(
        library,
        { ...shared, ...ofSlice(reconstruction, place), InstanceNumber: `${numbers[place]}` },
        pixels,
      ),
    }
  })
}

/** Refuses a path that is taken, because its files could be mixed with the new files, or lost. */
async function requireFree(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : null))
  if (found?.length === 0) return
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a new or an empty folder for the DICOM files, got ${folder}, which is neither. ` +
      'Choose another folder, or move this one away.',
  )
}

/** Writes all files or none, into a hidden folder that is then renamed. */
async function writeFolder(folder: string, files: readonly SliceFile[]): Promise<void> {
  await requireFree(folder)
  const partial = partialBeside(folder)
  try {
    makeFolder(partial)
    for (const { name, bytes } of files) await writeAtomically(join(partial, name), bytes)
    await rmdir(folder).catch(() => {}) // removes an empty folder, because Windows does not rename over it
    await rename(partial, folder)
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {}) // the first error is thrown
    throw fileError(error, folder)
  }
}

/** Writes a slice as a file, and a volume as a folder of files. */
export const writeDicom: WriteReconstruction = async (path, reconstruction) => {
  const files = await encodeDicom(reconstruction)
  if (reconstruction.slice !== null) await writeAtomically(path, files[0].bytes)
  else await writeFolder(path, files)
}
