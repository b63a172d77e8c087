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
  /** Bytes `from` ≤ byte < `from` + `length`, fewer if the file ends before. A fresh array. */
  read(from: number, length: number): Uint8Array
  /** The file with this file's name and another ending, such as `.hdr`. `null`: none. This source closes it. */
  sibling(ending: string): FileSource | null
  dispose(): void
}
