/** The file formats that can be opened. A new format needs a file in this folder and a line in the table. */
import { AppError } from '../../../contract/errors.ts'
import type { VolumeContent } from '../../../contract/volumes.ts'
import type { Hdf5File } from '../hdf5.ts'
import type { Used, Volume, VolumeFormat } from '../volume.ts'
import { fastmriH5 } from './fastmri-h5.ts'

export const FORMATS = { fastmriH5 } satisfies Record<string, VolumeFormat>

/** File name endings of all formats. */
export const EXTENSIONS: readonly string[] = Object.values(FORMATS).flatMap(format => format.extensions)

/** The volume in a file, by the first format that recognises the file. Without `content`, sampling may be `unread`. */
export const openFormat = (file: Hdf5File, hashPatient: (id: string) => string, content?: VolumeContent): Volume =>
  formatOf(file).open(file, hashPatient, content)

/** The parts of a file that are used. */
export const usedOf = (file: Hdf5File): Used => formatOf(file).used(file)

function formatOf(file: Hdf5File): VolumeFormat {
  const format = Object.values(FORMATS).find(candidate => candidate.sniff(file))
  if (format) return format
  const found = file.datasets.length > 0 ? file.datasets.join(', ') : 'no dataset at all'
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `Expected a dataset "kspace", got ${found}, in ${file.path}. ` +
      'Choose a fastMRI single-coil file that carries its k-space.',
  )
}
