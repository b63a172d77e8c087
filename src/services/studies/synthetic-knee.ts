/** The synthetic knee study: fastMRI files that are written, then imported like any folder. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import type { Study } from '../../contract/studies.ts'
import type { SliceSelection } from '../../contract/volumes.ts'
import { studyFiles } from '../../core/mri/phantom/index.ts'
import { requireFree } from '../../engine/files/written.ts'
import { startEngine } from '../../engine/process/client.ts'
import type { Progress, SyntheticKneeSpec } from '../../engine/process/protocol.ts'
import { keptFiles } from '../profile/kept-files.ts'
import { makeFolder } from '../profile/paths.ts'
import type { OpenProfile } from './contents/reader.ts'
import { freeName, importStudy } from './studies.ts'

interface Options {
  readonly onProgress?: (progress: Progress) => void
  readonly onReplaced?: (paths: readonly string[]) => void
  readonly signal?: AbortSignal
}

export const nameFor = ({ seed, voxel }: Pick<SyntheticKneeSpec, 'seed' | 'voxel'>) =>
  `Knee, synthetic${voxel === 2 ? ', coarse' : ''} (seed ${seed})`

/**
 * Computes the study into a folder and imports the folder. Throws `FILE_EXISTS` before the computation if a volume
 * would replace a protected file. `onReplaced` receives the paths of replaced files.
 */
export async function importSyntheticKnee(
  opened: OpenProfile,
  spec: SyntheticKneeSpec,
  { name = nameFor(spec), slices }: { readonly name?: string; readonly slices: SliceSelection },
  { onReplaced, ...options }: Options = {},
): Promise<Study> {
  if (spec.slices < 1 || Object.values(spec.patients).every(count => count === 0)) {
    throw new AppError('INVALID_ARGUMENT', 'Expected at least one patient and one slice a volume')
  }
  const names = studyFiles(spec.seed, spec.patients).map(({ path }) => path)
  const replaces = spec.overwrite ? 'all' : 'none'
  const destination = { folder: spec.directory, maker: 'synthetic knee', replaces } as const
  const replaced = await requireFree(destination, names, keptFiles(opened.profile))
  makeFolder(spec.directory)
  // A separate process, because a slice takes a second of computation, which would delay the viewer's images.
  const engine = startEngine(null)
  try {
    await engine.call('synthesize', spec, { onEvent: options.onProgress, signal: options.signal })
  } finally {
    engine.dispose()
  }
  onReplaced?.(replaced)
  const request = { paths: [spec.directory], name, kind: 'synthetic', slices, splitSeed: 0 } as const
  return importStudy(opened, request, { signal: options.signal })
}

/** Makes a new folder with this name, or with a number after the name. Concurrent calls get different folders. */
async function newFolder(wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const folder = n === 1 ? wanted : `${wanted}-${n}`
    try {
      await mkdir(folder)
      return folder
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** Makes the study in a new folder of the profile. The folder is deleted if the task is cancelled or fails. */
export async function makeSyntheticKnee(
  opened: OpenProfile,
  {
    patients,
    ...rest
  }: Pick<SyntheticKneeSpec, 'seed' | 'slices' | 'voxel'> & {
    /** Number of training patients. Validation and test have a third as many each, and at least one. */
    readonly patients: number
  },
  options: Options = {},
): Promise<Study> {
  const directory = await newFolder(join(opened.profile.directory, `synthetic-knee-seed-${rest.seed}`))
  const others = Math.max(1, Math.round(patients / 3))
  const spec = { ...rest, directory, patients: { train: patients, val: others, test: others } }
  try {
    const name = freeName(opened.profile, nameFor(spec))
    return await importSyntheticKnee(opened, spec, { name, slices: { kind: 'all' } }, options)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}
