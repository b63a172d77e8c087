/** Writes reconstructions as files: into a folder, to the user's path, or into the profile for a download. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { zipSync } from 'fflate'
import { AppError } from '../../contract/errors.ts'
import type { MaskSpec } from '../../contract/evaluation.ts'
import {
  type ExportFormat,
  exportEnding,
  exportName,
  isFittingName,
  requireFittingName,
  sliceStem,
  stemOf,
} from '../../contract/exports.ts'
import { faultInWords } from '../../contract/volumes.ts'
import {
  type Chosen,
  choose,
  type Destination,
  inWorkshop,
  placeAt,
  placeUnderFreeName,
  requireFree,
} from '../../engine/files/written.ts'
import type { Progress, Reconstructed, ReconstructRequest } from '../../engine/process/protocol.ts'
import type { EnginePool } from '../places/engine-pool.ts'
import { keptFiles } from '../profile/kept-files.ts'
import { makeFolder, reconstructionsDirectory } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { keptModel } from '../runs/kept-model.ts'
import { findRun, isPretrained } from '../runs/runs.ts'
import { volumesToScore } from '../studies/contents/chosen.ts'
import type { OpenProfile } from '../studies/contents/reader.ts'
import { fileOf, readyVolume } from '../studies/contents/ready.ts'
import { classicalNamed } from './classical.ts'
import { ZERO_FILLED } from './evaluations.ts'
import type { Shown } from './frames.ts'

export const TRUTH = 'truth'

interface Options {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** What is written of each volume, and in which format. */
interface Export {
  readonly format: ExportFormat
  /** Counted from 0. `null`: the whole volume. */
  readonly slice: number | null
  /** Seed of the mask. `null`: the file's name is the seed. */
  readonly seed: number | null
}

interface Source {
  /** A run's number, `zero-filled`, `truth`, or a classical source. */
  readonly run: string
  /** Epoch of a milestone. `null`: the kept weights. */
  readonly epoch: number | null
}

/** The source for the engine. Throws `INVALID_ARGUMENT` for a pre-training as DICOM. */
function describe(
  profile: Profile,
  { run, epoch }: Source,
  format: ExportFormat,
): Pick<ReconstructRequest, 'source' | 'reconstructor' | 'checkpoint' | 'units' | 'run'> {
  const plain = { reconstructor: null, checkpoint: null, units: 'signal', run } as const
  if (run === TRUTH) return { ...plain, source: 'truth' }
  if (run === ZERO_FILLED) return { ...plain, source: 'network' }
  const classical = classicalNamed(profile, run)
  if (classical) return { ...plain, source: 'network', reconstructor: classical }
  const pretrained = isPretrained(findRun(profile, run))
  if (pretrained && format === 'dicom')
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected a fine-tuned or trained run for DICOM, got run ${run}, a pre-training. Its output has arbitrary ` +
        'units. Fine-tune the run first, or choose HDF5, NPY or NIfTI.',
    )
  const { model, sha256 } = keptModel(profile, run, epoch)
  return {
    source: 'network',
    reconstructor: model,
    checkpoint: sha256,
    units: pretrained ? 'arbitrary' : 'signal',
    run: epoch === null ? run : `${run}@${epoch}`,
  }
}

/** The engine for an export. The ground truth needs no TensorFlow. */
const engineFor = async (engines: EnginePool, run: string, signal?: AbortSignal) =>
  run === TRUTH ? engines.interactive : engines.local(signal)

export interface ReconstructionRequest extends Source, Export {
  readonly paths: readonly string[]
  readonly mask: MaskSpec
  /** Folder for the results: one file per volume. A DICOM volume is a folder. */
  readonly directory: string
  /** Replaces results of Self-MRI that were not changed since. */
  readonly overwrite?: boolean
}

interface Reconstructions {
  readonly volumes: readonly Reconstructed[]
  /** Earlier results that were replaced. */
  readonly replaced: readonly string[]
  /** Unusual properties of the data, by file. */
  readonly remarks: readonly { readonly path: string; readonly remark: string }[]
}

/**
 * Reconstructs every volume under `paths`, or one slice of each volume. Needs no ground truth. Files that cannot be
 * reconstructed are listed with the reason. Throws `FILE_EXISTS` before the first reconstruction if a result would
 * replace a protected file.
 */
export async function reconstruct(
  opened: OpenProfile,
  { paths, run, epoch, mask, seed, slice, format, directory, overwrite = false }: ReconstructionRequest,
  { onProgress, signal }: Options = {},
): Promise<Reconstructions> {
  const described = describe(opened.profile, { run, epoch }, format)
  const { salt } = opened.profile
  const { volumes, skipped } = await volumesToScore(opened, { paths }, { onProgress, signal })
  const files = volumes.map(fileOf)
  const names = files.map(({ path }) => exportName(stemOf(basename(path)), format, slice)).filter(isFittingName)
  const destination: Destination = {
    folder: directory,
    maker: 'reconstruct',
    replaces: overwrite ? 'all' : 'none',
  }
  const inputs = files.map(({ path }) => path)
  const there = await requireFree(destination, names, keptFiles(opened.profile, inputs))
  if (files.length > 0) makeFolder(directory)
  const engine = await engineFor(opened.engines, run, signal)
  const params = { ...described, files, salt, mask, seed, slice, format, directory, overwrite }
  const done = await engine.call('reconstruct', params, { onEvent: onProgress, signal })
  const written = new Set(done.map(result => ('output' in result ? result.output : null)))
  return {
    volumes: [...skipped, ...done],
    replaced: there.filter(path => written.has(path)),
    remarks: files.flatMap(({ path, content }) => {
      const partly = (content?.faults ?? []).filter(({ fault }) => fault === 'incomplete')
      const remarks = partly.map(fault => `${faultInWords(fault)}: missing samples count as zero.`)
      return [...remarks, ...(content?.remarks ?? [])].map(remark => ({ path, remark }))
    }),
  }
}

interface ChosenPath {
  /** Absolute. */
  readonly path: string
  /** The required ending. Empty: the path is a folder, which must be new or empty. */
  readonly ending: string
  /** The user agreed to replace the file at `path`. */
  readonly replace: boolean
}

/** Throws `FILE_EXISTS` for a file that the user did not agree to replace, and always for raw scans. */
export async function chooseForWriting(opened: OpenProfile, { path, ending, replace }: ChosenPath): Promise<Chosen> {
  if (!(isAbsolute(path) && path.endsWith(ending)))
    throw new AppError(
      'INVALID_ARGUMENT',
      `Expected an absolute path${ending && ` that ends in ${ending}`}, got ${path}`,
    )
  requireFittingName(basename(path))
  const why = await keptFiles(opened.profile)(path)
  if (why) throw new AppError('FILE_EXISTS', `Cannot write ${path}, ${why}. Choose another name.`)
  const chosen = await choose(path, replace)
  if (chosen.agreed === null || !/\.(h5|hdf5)$/i.test(path)) return chosen
  const { volumes } = await opened.engines.interactive.call('scan', { paths: [path], salt: opened.profile.salt })
  if (volumes.length === 0) return chosen
  throw new AppError('FILE_EXISTS', `Cannot write ${path}, which is a raw scan with k-space. Choose another name.`)
}

/** Packs a folder's files into a zip at `path`, without compression, because noise is hardly compressible. */
async function zipFolder(folder: string, path: string): Promise<string> {
  const names = await readdir(folder)
  const files = await Promise.all(names.map(async name => [name, await readFile(join(folder, name))] as const))
  await writeFile(path, zipSync(Object.fromEntries(files), { level: 0 }))
  return path
}

export interface SaveRequest extends Shown, Export {
  readonly path?: string
  /** The user agreed to replace a file at `path`. */
  readonly replace?: boolean
}

/**
 * Writes a slice or a volume as a file at `path`. A DICOM volume is a folder at `path`.
 * Without a path, writes into the profile. A DICOM volume is then a zip.
 */
export async function saveReconstruction(
  opened: OpenProfile,
  { volume: id, source, mask, seed, slice, format, path: wanted, replace = false }: SaveRequest,
  { onProgress, signal }: Options = {},
): Promise<{ path: string; name: string; remarks: string[] }> {
  const ending = exportEnding(format, slice)
  const chosen = wanted === undefined ? null : await chooseForWriting(opened, { path: wanted, ending, replace })
  const run = source.replace(/^run:/, '')
  const described = describe(opened.profile, { run, epoch: null }, format)
  const volume = await readyVolume(opened, id, signal)

  const own = sliceStem(`${stemOf(volume.file)}_${source.replace(':', '-')}`, slice)
  if (wanted === undefined) requireFittingName(`${own}${ending || '.zip'}`)

  const folder = wanted === undefined ? reconstructionsDirectory(opened.profile) : dirname(wanted)
  return inWorkshop(folder, async workshop => {
    const engine = await engineFor(opened.engines, run, signal)
    const files = [fileOf(volume)]
    const params = { ...described, files, salt: opened.profile.salt, mask, seed, slice, format, stem: 'made' }
    const [written] = await engine.call(
      'reconstruct',
      { ...params, directory: workshop },
      { onEvent: onProgress, signal },
    )
    if ('reason' in written) throw new AppError('FILE_UNREADABLE', written.reason)
    const remarks = [...written.remarks]
    if (chosen) {
      await placeAt(written.output, chosen)
      return { path: chosen.path, name: basename(chosen.path), remarks }
    }
    const made = ending === '' ? await zipFolder(written.output, join(workshop, 'volume.zip')) : written.output
    const path = await placeUnderFreeName(made, { folder, stem: own, ending: ending || '.zip' })
    return { path, name: basename(path), remarks }
  })
}
