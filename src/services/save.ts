/** A volume's reconstruction as an HDF5 file: where the user wants it, or in the profile for the browser to fetch. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join } from 'node:path'
import { AppError } from '../contract/errors.ts'
import type { Progress } from '../engine/protocol.ts'
import type { Services } from './context.ts'
import { ZERO_FILLED } from './evaluations.ts'
import type { Shown } from './frames.ts'
import { reconstructionsDirectory } from './profile.ts'
import { modelOf } from './runs.ts'
import { volumeById } from './studies.ts'

function freePath(folder: string, name: string): string {
  let path = join(folder, `${name}.h5`)
  for (let n = 2; existsSync(path); n++) path = join(folder, `${name} (${n}).h5`)
  return path
}

const real = (path: string) => realpath(path).catch(() => path)

export async function saveReconstruction(
  services: Services,
  { volume: id, source, mask, path: wanted }: Shown & { readonly path?: string },
  { onProgress, signal }: { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<{ path: string; name: string }> {
  if (source === 'truth')
    throw new AppError(
      'INVALID_ARGUMENT',
      'Expected a run or the zero-filled input, got the ground truth: it is in the file already.',
    )
  if (wanted !== undefined && !(isAbsolute(wanted) && extname(wanted) === '.h5'))
    throw new AppError('INVALID_ARGUMENT', `Expected an absolute path that ends in .h5, got ${wanted}`)
  const volume = volumeById(services, id)
  const run = source === ZERO_FILLED ? ZERO_FILLED : source.slice('run:'.length)
  const model = run === ZERO_FILLED ? null : modelOf(services, run)
  if (wanted !== undefined && (await real(wanted)) === (await real(volume.path)))
    throw new AppError('INVALID_ARGUMENT', `Expected another file than the scan itself, got ${wanted}`)

  const folder = wanted === undefined ? reconstructionsDirectory(services) : dirname(wanted)
  await mkdir(folder, { recursive: true })
  const workshop = await mkdtemp(join(folder, '.self-mri-')) // on the same disk: the finished file is renamed
  try {
    const engine = await services.jobs(signal)
    const params = { paths: [volume.path], salt: services.salt, model, mask, directory: workshop, run }
    const [written] = await engine.call('reconstruct', params, { onEvent: onProgress, signal })
    if ('reason' in written) throw new AppError('FILE_UNREADABLE', written.reason)
    const stem = basename(volume.file, extname(volume.file))
    const path = wanted ?? freePath(folder, `${stem}_${run === ZERO_FILLED ? run : `run-${run}`}`)
    await rename(written.output, path)
    return { path, name: basename(path) }
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}
