/** Reconstructions as files: in a folder, where the user wants them, or in the profile for the browser to fetch. */
import { existsSync, renameSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join } from 'node:path'
import { zipSync } from 'fflate'
import { AppError } from '../contract/errors.ts'
import type { MaskSpec } from '../contract/evaluation.ts'
import { type ExportFormat, exportEnding, sliceStem } from '../contract/exports.ts'
import type { Progress, Reconstructed, ReconstructRequest } from '../engine/protocol.ts'
import { fileOf, readyVolume } from './contents/ready.ts'
import type { Services } from './context.ts'
import { volumesToScore, ZERO_FILLED } from './evaluations.ts'
import type { Shown } from './frames.ts'
import { reconstructionsDirectory } from './profile.ts'
import { findRun, isPretrained, keptModel } from './runs.ts'
import { volumeById } from './studies.ts'

export const TRUTH = 'truth'

interface Options {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** What is written of each volume, and as what. */
interface Export {
  readonly format: ExportFormat
  /** Counted from 0; `null`: the volume. */
  readonly slice: number | null
  /** Of the mask; `null`: seeded by the file's name. */
  readonly seed: number | null
}

interface Source {
  /** A run's number, `zero-filled` or `truth`. */
  readonly run: string
  /** Of the run's milestones; else its kept weights. */
  readonly epoch: number | null
}

/** Throws `INVALID_ARGUMENT` for what a format must not hold. */
function describe(
  services: Services,
  { run, epoch }: Source,
  format: ExportFormat,
): Pick<ReconstructRequest, 'source' | 'model' | 'checkpoint' | 'units' | 'run'> {
  const plain = { model: null, checkpoint: null, units: 'signal', run } as const
  if (run === TRUTH) return { ...plain, source: 'truth' }
  if (run === ZERO_FILLED) return { ...plain, source: 'network' }
  const pretrained = isPretrained(findRun(services, run))
  if (pretrained && format === 'dicom')
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a fine-tuned or trained run for DICOM, got run ${run}, a pre-training: its output is in arbitrary units. Fine-tune it first, or choose HDF5, NPY or NIfTI.`,
    )
  const { model, sha256 } = keptModel(services, run, epoch)
  return {
    source: 'network',
    model,
    checkpoint: sha256,
    units: pretrained ? 'arbitrary' : 'signal',
    run: epoch === null ? run : `${run}@${epoch}`,
  }
}

/** The ground truth needs no TensorFlow. */
const engineFor = async (services: Services, run: string, signal?: AbortSignal) =>
  run === TRUTH ? services.interactive : services.jobs(signal)

export interface ReconstructionRequest extends Source, Export {
  readonly paths: readonly string[]
  readonly mask: MaskSpec
  /** Folder for one file (a volume as DICOM: a folder) a volume. */
  readonly directory: string
}

/**
 * Reconstructs every volume under `paths`, or one slice of each; no ground truth is needed. Files that cannot be are listed with their
 * reason.
 */
export async function reconstruct(
  services: Services,
  { paths, run, epoch, mask, seed, slice, format, directory }: ReconstructionRequest,
  { onProgress, signal }: Options = {},
): Promise<readonly Reconstructed[]> {
  const described = describe(services, { run, epoch }, format)
  const { salt } = services
  const { volumes, skipped } = await volumesToScore(services, { paths }, { signal })
  const engine = await engineFor(services, run, signal)
  const files = volumes.map(({ path, content }) => ({ path, content }))
  const params = { ...described, files, salt, mask, seed, slice, format, directory }
  const done = await engine.call('reconstruct', params, { onEvent: onProgress, signal })
  return [...skipped, ...done]
}

export function freePath(folder: string, name: string, ending: string): string {
  let path = join(folder, `${name}${ending}`)
  for (let n = 2; existsSync(path); n++) path = join(folder, `${name} (${n})${ending}`)
  return path
}

const real = (path: string) => realpath(path).catch(() => path)

/** A path for a file ends in `ending`; without one it is a folder's, which must be new or empty. Nor may it be the scan's. */
async function requireWritable(path: string, ending: string, scan: string): Promise<void> {
  if (!(isAbsolute(path) && path.endsWith(ending)))
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected an absolute path${ending && ` that ends in ${ending}`}, got ${path}`,
    )
  if ((await real(path)) === (await real(scan)))
    throw new AppError('INVALID_ARGUMENT', `Expected another file than the scan itself, got ${path}`)
  if (ending !== '' || !existsSync(path)) return
  const found = await readdir(path).catch(() => null)
  if (found?.length !== 0)
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a new or an empty folder for the DICOM files, got ${path}, which is neither. Give another one, or move it away.`,
    )
}

/** A folder's files as one, at `path`; stored as they are, since noise hardly gets smaller. */
async function zipFolder(folder: string, path: string): Promise<string> {
  const names = await readdir(folder)
  const files = await Promise.all(names.map(async name => [name, await readFile(join(folder, name))] as const))
  await writeFile(path, zipSync(Object.fromEntries(files), { level: 0 }))
  return path
}

export interface SaveRequest extends Shown, Export {
  readonly path?: string
}

/**
 * A slice or a volume as a file at `path`, a volume as DICOM as a folder there. Without a path it goes into the profile, the folder as a
 * zip.
 */
export async function saveReconstruction(
  services: Services,
  { volume: id, source, mask, seed, slice, format, path: wanted }: SaveRequest,
  { onProgress, signal }: Options = {},
): Promise<{ path: string; name: string }> {
  const ending = exportEnding(format, slice)
  if (wanted !== undefined) await requireWritable(wanted, ending, volumeById(services, id).path)
  const run = source.replace(/^run:/, '')
  const described = describe(services, { run, epoch: null }, format)
  const volume = await readyVolume(services, id, signal)

  const folder = wanted === undefined ? reconstructionsDirectory(services) : dirname(wanted)
  await mkdir(folder, { recursive: true })
  const workshop = await mkdtemp(join(folder, '.self-mri-')) // on the same disk: what is finished is renamed
  try {
    const engine = await engineFor(services, run, signal)
    const params = { ...described, files: [fileOf(volume)], salt: services.salt, mask, seed, slice, format }
    const [written] = await engine.call(
      'reconstruct',
      { ...params, directory: workshop },
      { onEvent: onProgress, signal },
    )
    if ('reason' in written) throw new AppError('FILE_UNREADABLE', written.reason)
    const of = `${basename(volume.file, extname(volume.file))}_${source.replace(':', '-')}`
    const isZip = ending === '' && wanted === undefined
    const made = isZip ? await zipFolder(written.output, join(workshop, 'volume.zip')) : written.output
    if (ending === '' && wanted !== undefined) await rmdir(wanted).catch(() => {}) // an empty one, which Windows does not rename over
    const path = wanted ?? freePath(folder, sliceStem(of, slice), ending || '.zip')
    renameSync(made, path) // no other export takes the free name in between
    return { path, name: basename(path) }
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}
