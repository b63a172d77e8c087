/** The synthetic knee study: fastMRI files that are written, then imported like any folder. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import type { Study } from '../../contract/studies.ts'
import { ROLES, type Role, type SliceSelection } from '../../contract/volumes.ts'
import { fileStart, sizesOf, studyFiles } from '../../core/mri/phantom/index.ts'
import { requireFree } from '../../engine/files/written.ts'
import { startEngine } from '../../engine/process/client.ts'
import type { Progress, SyntheticKneeSpec } from '../../engine/process/protocol.ts'
import { keptFiles } from '../profile/kept-files.ts'
import { makeFolder } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import type { OpenProfile } from './contents/reader.ts'
import { freeName, importStudy, listStudies } from './studies.ts'

interface Options {
  readonly onProgress?: (progress: Progress) => void
  readonly onReplaced?: (paths: readonly string[]) => void
  readonly signal?: AbortSignal
}

export const nameFor = ({ seed, voxel, coils = 1 }: Pick<SyntheticKneeSpec, 'seed' | 'voxel' | 'coils'>) =>
  `Knee, synthetic${voxel === 2 ? ', coarse' : ''}${coils > 1 ? `, ${coils} coils` : ''} (seed ${seed})`

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
  const names = studyFiles(spec.seed, spec.patients, spec.coils).map(({ path }) => path)
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

/** A synthetic knee study of the profile, wherever its folder is. */
export type SyntheticKnee = Omit<SyntheticKneeSpec, 'directory' | 'overwrite'>

/** Patients of each role. Validation and test have a third as many as training each, and at least one. */
export function patientsOfRoles(train: number): Readonly<Record<Role, number>> {
  const others = Math.max(1, Math.round(train / 3))
  return { train, val: others, test: others }
}

/** Makes the study in a new folder of the profile. The folder is deleted if the task is cancelled or fails. */
export async function makeSyntheticKnee(
  opened: OpenProfile,
  { name, ...knee }: SyntheticKnee & { readonly name?: string },
  options: Options = {},
): Promise<Study> {
  const { seed, coils = 1 } = knee
  const folder = `synthetic-knee-${coils > 1 ? `${coils}-coils-` : ''}seed-${seed}`
  const directory = await newFolder(join(opened.profile.directory, folder))
  try {
    const free = freeName(opened.profile, name ?? nameFor(knee))
    return await importSyntheticKnee(opened, { ...knee, directory }, { name: free, slices: { kind: 'all' } }, options)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

/** The study that was made with these numbers, or `undefined`. */
export const findSyntheticKnee = (profile: Profile, knee: SyntheticKnee): Study | undefined =>
  listStudies(profile).find(({ kind, volumes }) => {
    const patients = (role: Role) => new Set(volumes.filter(one => one.role === role).map(one => one.patient)).size
    return (
      kind === 'synthetic' &&
      ROLES.every(role => patients(role) === knee.patients[role]) &&
      volumes.every(
        ({ file, slices, columns }) =>
          file.startsWith(fileStart(knee.seed, knee.coils ?? 1)) &&
          slices === knee.slices &&
          columns === sizesOf(knee.voxel ?? 1).columns,
      )
    )
  })
