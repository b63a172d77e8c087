/** Reads exported files with other programs' libraries, in Python. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pythonWith } from '../python.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const found = await pythonWith(
  {
    folder: 'test',
    requirements: here('requirements.txt'),
    imports: 'import pydicom, nibabel, SimpleITK, h5py, numpy',
    label: 'what reads exports: pydicom, nibabel, SimpleITK, h5py and NumPy (80 MB to fetch, 400 MB on disk)',
  },
  line => console.error(line),
).catch((error: Error) => error)

/** The sentence about missing packages, or `null` if all are installed. */
export const missingReaders: string | null = found instanceof Error ? found.message : null

async function runOn(script: string, folder: string): Promise<Readonly<Record<string, unknown>>> {
  if (found instanceof Error) throw found
  const { stdout } = await promisify(execFile)(found, ['-I', '-B', here(script), folder], { maxBuffer: 2 ** 28 })
  return JSON.parse(stdout)
}

/** The contents of a folder's files as these libraries read them, by file name. Throws if a package is missing. */
export const readFolder = (folder: string): Promise<Readonly<Record<string, unknown>>> => runOn('read.py', folder)

/** Where these libraries place the three brightest voxels of each volume in a folder, see places.py. */
export const placesOf = (folder: string): Promise<Readonly<Record<string, unknown>>> => runOn('places.py', folder)
