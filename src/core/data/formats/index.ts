/** The file formats that can be opened. A new format needs a file in this folder and a line in the table. */
import { AppError } from '../../../contract/errors.ts'
import type { VolumeContent } from '../../../contract/volumes.ts'
import type { FileSource } from '../source.ts'
import type { Used, Volume, VolumeFormat } from '../volume.ts'
import { fastmriH5 } from './fastmri-h5.ts'

export const FORMATS = { fastmriH5 } satisfies Record<string, VolumeFormat>

const formats: readonly VolumeFormat[] = Object.values(FORMATS)

/** File name endings of all formats. */
export const EXTENSIONS: readonly string[] = formats.flatMap(format => format.extensions)

/** The volume in a file, by the first format that recognises the file. Without `content`, sampling may be `unread`. */
export const openFormat = (source: FileSource, hashPatient: (id: string) => string, content?: VolumeContent): Volume =>
  formatOf(source).open(source, hashPatient, content)

/** The parts of a file that are used. */
export const usedOf = (source: FileSource): Used => formatOf(source).used(source)

function formatOf(source: FileSource): VolumeFormat {
  const format = formats.find(candidate => candidate.sniff(source))
  if (format) return format
  const datasets = source.hdf5()?.datasets
  const labels = formats.map(({ label }) => label).join(' or ')
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    datasets
      ? `Expected a dataset "kspace", got ${datasets.join(', ') || 'no dataset at all'}, in ${source.path}. ` +
          'Choose a fastMRI file that carries its k-space.'
      : `Expected a file of the format ${labels}, got a file of another kind: ${source.path}. ` +
          `Choose a ${labels} file (${EXTENSIONS.join(', ')}).`,
  )
}
