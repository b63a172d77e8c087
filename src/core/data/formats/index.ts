/** The file formats that can be opened. A new format needs a file in this folder and a line in the table. */
import { AppError } from '../../../contract/errors.ts'
import { volumePath } from '../../../contract/volume-path.ts'
import type { FileSource } from '../source.ts'
import type { StoredVolume, VolumeFormat } from '../volume.ts'
import { bart } from './bart.ts'
import { calgary } from './calgary.ts'
import { cmrxrecon } from './cmrxrecon.ts'
import { fastmriH5 } from './fastmri-h5.ts'
import { mrd } from './mrd.ts'
import { numpy } from './numpy.ts'
import { refuseKnown } from './refused.ts'

/** The first format that recognises a file reads it. Of HDF5, fastMRI's comes last: it takes any file with `kspace`. */
export const FORMATS = { mrd, cmrxrecon, calgary, fastmriH5, numpy, bart } satisfies Record<string, VolumeFormat>

const formats: readonly VolumeFormat[] = Object.values(FORMATS)

/** File name endings of all formats. */
export const EXTENSIONS: readonly string[] = [...new Set(formats.flatMap(format => format.extensions))]

/** Endings of files that belong to a volume, with the ending of the file that is the volume. */
export const BESIDE: readonly (readonly [ending: string, volume: string])[] = formats.flatMap(
  format => format.beside ?? [],
)

/** Paths of the volumes in a file. */
export function volumePaths(source: FileSource): string[] {
  const parts = formatOf(source).parts?.(source)
  return parts ? parts.map(part => volumePath(source.path, part)) : [source.path]
}

/** The volume of a file, by the first format that recognises the file. Throws if the file has no such part. */
export function readStored(source: FileSource, part: string | null): StoredVolume {
  const format = formatOf(source)
  const parts = format.parts?.(source)
  if (parts ? part !== null && parts.includes(part) : part === null) return format.read(source, part)
  const expected = parts ? `one of its parts (${parts.join(', ')})` : 'the whole file, which holds one volume'
  throw new AppError(
    'FILE_UNREADABLE',
    `Expected ${expected}, got ${part === null ? 'no part' : `the part ${part}`}, of ${source.path}. ` +
      `Name ${volumePath(source.path, parts?.[0] ?? null)}.`,
  )
}

function formatOf(source: FileSource): VolumeFormat {
  refuseKnown(source)
  const format = formats.find(candidate => candidate.sniff(source))
  if (format) return format
  const datasets = source.hdf5()?.datasets
  const labels = formats.map(({ label }) => label).join(', ')
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    datasets
      ? `Expected a dataset "kspace", got ${datasets.join(', ') || 'no dataset at all'}, in ${source.path}. ` +
          'Choose a file that carries its k-space.'
      : `Expected k-space of one of the formats ${labels}, got a file of another kind: ${source.path}. ` +
          `Choose a file that ends in one of ${EXTENSIONS.join(', ')}.`,
  )
}
