/** What a file format opens. The engine implements this interface, so core opens no file. */
import type { Hdf5File } from './hdf5.ts'

export interface FileSource {
  /** Absolute path. */
  readonly path: string
  /** File name with extension. */
  readonly name: string
  readonly bytes: number
  /** The file's datasets and attributes; `null` if the file is not HDF5. */
  hdf5(): Hdf5File | null
  dispose(): void
}
