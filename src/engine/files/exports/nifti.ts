/**
 * Writes NIfTI-1 as one compressed file (`.nii.gz`): a header of 348 bytes, and float32 images. The settings of a
 * classical method are between them, as a comment (a header extension), because the description is too short.
 * Index i is the column and runs fastest, j is the row (downwards), k is the slice. The voxel size is in mm if known,
 * else 1 without a unit.
 * If it is known where the slices lie, sform and qform say so (code 1, the scanner's coordinates), and the size through
 * the slices is their distance. Slices that are not stacked along their normal have the sform alone.
 * Otherwise both codes are 0, and the size through the slices is the slice thickness, because the gap between slices is
 * not known. If the thickness is also unknown, the size is 1. If the distances of the slices differ, both codes are 0
 * too, because NIfTI knows one distance only. `aux_file` says these two cases.
 *
 * Source: nifti1.h, https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { classicalInWords } from '../../../contract/classical.ts'
import { affineOf, isUneven, type Placement, quaternionOf } from '../../../core/mri/geometry.ts'
import { writeAtomically } from '../whole-files.ts'
import { bytesOf, type Reconstruction, sourceInWords, type WriteReconstruction } from './reconstruction.ts'

const HEADER_BYTES = 348
/** The header, and four bytes that state whether extensions follow. */
const EXTENSIONS_OFFSET = 352
/** An extension's size is a multiple of 16, and begins with its size and its kind. */
const EXTENSION = { unit: 16, head: 8, comment: 6 } as const
const FLOAT32 = { code: 16, bits: 32 }
const UNKNOWN = 0
const SCANNER = 1
const MILLIMETRES = 2
const DESCRIPTION_BYTES = 80

/** Header offsets of the fields that are not 0. */
const AT = {
  sizeof_hdr: 0,
  dim: 40,
  datatype: 70,
  bitpix: 72,
  pixdim: 76,
  vox_offset: 108,
  scl_slope: 112,
  xyzt_units: 123,
  descrip: 148,
  aux_file: 228,
  qform_code: 252,
  sform_code: 254,
  quatern_b: 256,
  srow_x: 280,
  magic: 344,
  extension: 348,
} as const

/** At most 79 characters and a zero. */
function describe({ info, provenance }: Reconstruction): string {
  const parts = [
    'derived, research use only',
    ...(info.origin === 'measured' ? [] : [info.origin]),
    sourceInWords(provenance),
    ...(provenance.units === 'arbitrary' ? ['arbitrary units'] : []),
  ]
  return parts.join('; ').slice(0, DESCRIPTION_BYTES - 1)
}

/** A comment as a header extension. Empty without a classical method. */
function extensionOf({ provenance: { classical } }: Reconstruction): Buffer {
  if (!classical) return Buffer.alloc(0)
  const text = `Reconstruction: ${classicalInWords(classical)}`
  const { unit, head, comment } = EXTENSION
  const extension = Buffer.alloc(Math.ceil((head + text.length) / unit) * unit)
  extension.writeInt32LE(extension.length, 0)
  extension.writeInt32LE(comment, 4)
  extension.write(text, head, 'latin1')
  return extension
}

/** Writes sform, qform and the distance of the slices. */
function place(header: Buffer, placement: Placement | undefined): void {
  const affine = placement && affineOf(placement)
  header.writeInt16LE(affine ? SCANNER : UNKNOWN, AT.sform_code)
  if (!affine) return
  const numbers = (values: readonly number[], at: number) =>
    values.forEach((value, i) => {
      header.writeFloatLE(value, at + 4 * i)
    })
  numbers(affine.flat(), AT.srow_x)
  if (placement.step) numbers([Math.hypot(...placement.step)], AT.pixdim + 12)
  const form = quaternionOf(affine)
  if (!form) return
  header.writeInt16LE(SCANNER, AT.qform_code)
  numbers([form.handedness], AT.pixdim)
  numbers([...form.quaternion, ...affine.map(row => row[3])], AT.quatern_b)
}

/** The uncompressed file. */
export function encodeNifti(reconstruction: Reconstruction): Uint8Array {
  const { images, shape, info, placement } = reconstruction
  const [slices, height, width] = shape
  const extension = extensionOf(reconstruction)
  const header = Buffer.alloc(EXTENSIONS_OFFSET)
  header.writeInt32LE(HEADER_BYTES, AT.sizeof_hdr)
  for (const [i, size] of [3, width, height, slices, 1, 1, 1, 1].entries()) header.writeInt16LE(size, AT.dim + 2 * i)
  header.writeInt16LE(FLOAT32.code, AT.datatype)
  header.writeInt16LE(FLOAT32.bits, AT.bitpix)
  const [down, right, thickness] = info.voxelSize ?? [1, 1, 1]
  for (const [i, size] of [1, right, down, thickness ?? 1, 1, 1, 1, 1].entries())
    header.writeFloatLE(size, AT.pixdim + 4 * i)
  header.writeFloatLE(EXTENSIONS_OFFSET + extension.length, AT.vox_offset)
  header.writeFloatLE(1, AT.scl_slope)
  header.writeUInt8(info.voxelSize ? MILLIMETRES : UNKNOWN, AT.xyzt_units)
  header.write(describe(reconstruction), AT.descrip, 'latin1')
  if (placement && isUneven(placement)) header.write('unequal slice distances', AT.aux_file, 'latin1')
  else if (thickness === null && !placement?.step) header.write('slice thickness unknown', AT.aux_file, 'latin1')
  place(header, placement)
  header.write('n+1\0', AT.magic, 'latin1')
  if (extension.length > 0) header.writeUInt8(1, AT.extension)
  return Buffer.concat([header, extension, bytesOf(images)])
}

export const writeNifti: WriteReconstruction = async (path, reconstruction) =>
  writeAtomically(path, await promisify(gzip)(encodeNifti(reconstruction)))
