/**
 * Installs the native TensorFlow and TensorFlow.js' add-on into the user's cache. pip fetches the official wheels,
 * whose versions and hashes are pinned. Only the libraries are kept. A compiler builds the add-on and the native
 * kernels, and a separate Node tests them. An engine with the same TensorFlow gives its libraries, so that nothing is
 * fetched. See docs/decisions/0007-tensorflow-is-installed-not-bundled.md.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import { makeFolder } from '../files/folders.ts'
import { KERNELS_FILE, missingKernelsLine } from '../native/library.ts'
import { compileBinding, findCompiler, linkBinding, smokeTest } from './binding.ts'
import { engineDirectory, type InstalledEngine, requiredTensorflow, type Variant } from './environment.ts'
import { whileLocked } from './lock.ts'
import { BINDING, locateEngine, readManifest, writeManifest } from './manifest.ts'
import { compileNative, linkNative } from './native.ts'
import { downloadTensorflow, findPip, WHEELS } from './pip.ts'
import { detectVariant, type Platform, supportedPlatform } from './platform.ts'
import { type Earlier, type EarlierParts, findEarlier, takeFile, takeLibraries } from './takeover.ts'

export { locateEngine } from './manifest.ts'
export { detectVariant } from './platform.ts'

export type InstallStep = {
  readonly label: string
  /** From 0 to 1. `null` if it is not known. */
  readonly fraction: number | null
}

export type InstallOptions = {
  /** `auto`: CUDA if an NVIDIA driver answers. */
  readonly variant?: Variant | 'auto'
  readonly onProgress?: (step: InstallStep) => void
  readonly signal?: AbortSignal
  /** Install again even if the engine is complete. */
  readonly force?: boolean
  /** Test a complete engine, and repair what does not compute. */
  readonly repair?: boolean
}

/** Returns the engine, and installs it first if it is missing or broken. */
export async function installEngine(options: InstallOptions = {}): Promise<InstalledEngine> {
  const { variant: wanted = 'auto', onProgress = () => {}, signal, force = false, repair = false } = options
  throwIfCancelled(signal)
  const variant = wanted === 'auto' ? await detectVariant(signal) : wanted
  const already = async () => {
    const engine = force ? null : locateEngine(variant)
    return engine && repair && !(await computes(engine, signal)) ? null : engine
  }
  const found = await already()
  if (found) return found

  const platform = supportedPlatform(variant)
  const compiler = await findCompiler(platform, signal)
  const root = dirname(engineDirectory(variant))
  makeEngineFolder(root)

  const onWait = (owner: string) => {
    onProgress({ label: `Waiting for another installation (process ${owner.replace(' ', ' on ')})`, fraction: null })
  }
  const install = async () => {
    const byAnother = await already()
    if (byAnother) return byAnother
    await removeLeftovers(root)
    const workshop = await mkdtemp(join(root, LEFTOVER))
    try {
      const [engine, objects] = ['engine', 'objects'].map(name => join(workshop, name))
      const assembly = { workshop, engine, objects, variant, platform, compiler, onProgress, signal }
      const earlier = force ? null : findEarlier(variant)
      return await (earlier ? takeOver(assembly, earlier) : installAnew(assembly))
    } finally {
      await rm(workshop, { recursive: true, force: true, maxRetries: 3 })
    }
  }
  return whileLocked(join(root, 'install.lock'), install, { signal, onWait })
}

async function computes(engine: InstalledEngine, signal?: AbortSignal): Promise<boolean> {
  if (engine.kernelsMissing !== null) return false
  try {
    return (await smokeTest(engine, signal)) === null
  } catch {
    throwIfCancelled(signal)
    return false
  }
}

const LEFTOVER = '.installing-'

/** Removes workshops of processes that died. The lock's owner calls this, so no other process is installing. */
async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.startsWith(LEFTOVER)) await rm(join(root, name), { recursive: true, force: true })
  }
}

function makeEngineFolder(root: string): void {
  try {
    makeFolder(root)
  } catch (cause) {
    const { message } = cause as Error
    throw new AppError(
      'ENGINE_UNAVAILABLE',
      `Expected a writable folder for the engine, got ${message}. Set SELF_MRI_CACHE to another folder.`,
      cause,
    )
  }
}

async function checkSpace(root: string, variant: Variant): Promise<void> {
  const { bavail, bsize } = await statfs(root)
  const free = bavail * bsize
  const needed = 1.1 * (WHEELS[variant].packed + WHEELS[variant].unpacked)
  if (free >= needed) return
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  throw new AppError(
    'DISK_FULL',
    `Expected ${gigabytes(needed)} free for installing TensorFlow, got ${gigabytes(free)}, in ${root}. ` +
      'Free some space, or set SELF_MRI_CACHE to a folder on a larger disk.',
  )
}

type Assembly = Required<Pick<InstallOptions, 'onProgress'>> & {
  /** A folder on the disk of the final folder, so that the finished engine can be renamed in one step. */
  readonly workshop: string
  /** The engine's folder in the workshop. */
  readonly engine: string
  /** Folder of the object files. */
  readonly objects: string
  readonly variant: Variant
  readonly platform: Platform
  readonly compiler: string
  readonly signal?: AbortSignal
}

/** Takes TensorFlow from an earlier engine, and builds what changed. If the result does not compute, installs anew. */
async function takeOver(assembly: Assembly, earlier: Earlier): Promise<InstalledEngine> {
  const { workshop, engine, signal } = assembly
  const kernels = earlier.kernels && (await computes(earlier.kernels, signal)) ? earlier.kernels : null
  const parts = { binding: earlier.binding, kernels }
  // Outside of `try`, because a download does not help if the add-on does not compile.
  const uncompiled = await compile(assembly, parts)
  try {
    await takeLibraries(earlier.libraries, engine)
    return await assemble(assembly, parts, uncompiled)
  } catch {
    throwIfCancelled(signal)
    for (const name of await readdir(workshop)) await rm(join(workshop, name), { recursive: true })
    return installAnew(assembly)
  }
}

async function installAnew(assembly: Assembly): Promise<InstalledEngine> {
  const { workshop, engine, variant, platform, onProgress } = assembly
  const pip = await findPip(assembly.signal)
  await checkSpace(workshop, variant)
  const [target, temporary] = ['wheels', 'temporary'].map(name => join(workshop, name))
  for (const folder of [target, temporary]) makeFolder(folder)
  const download = async (signal: AbortSignal) => {
    const onDownload = (label: string, fraction: number) => onProgress({ label, fraction })
    await downloadTensorflow({ pip, variant, platform, target, temporary, onProgress: onDownload, signal })
    await keepLibraries(target, engine, platform)
    onProgress({ label: BUILDING, fraction: null })
  }
  const [, uncompiled] = await bothAtOnce(
    download,
    signal => compile({ ...assembly, onProgress: () => {}, signal }, NOTHING),
    assembly.signal,
  )
  return assemble(assembly, NOTHING, uncompiled)
}

const BUILDING = 'Building the add-on and the native kernels'

const NOTHING: EarlierParts = { binding: null, kernels: null }

/**
 * Compiles the parts that are not taken from earlier engines. Throws if the add-on does not compile. Returns the first
 * error of the kernels, or `null`.
 */
async function compile(assembly: Assembly, { binding, kernels }: EarlierParts): Promise<string | null> {
  const { objects, onProgress } = assembly
  makeFolder(objects)
  if (!binding) {
    onProgress({ label: 'Building the add-on', fraction: null })
    await compileBinding(assembly)
  }
  if (kernels) return null
  onProgress({ label: 'Building the native kernels', fraction: null })
  return compileNative(assembly)
}

/** Links or takes the parts, tests the engine, and moves the engine to its final folder. */
async function assemble(
  assembly: Assembly,
  { binding, kernels }: EarlierParts,
  uncompiled: string | null,
): Promise<InstalledEngine> {
  const { workshop, engine, variant, onProgress, signal } = assembly
  if (binding) await takeFile(binding.directory, BINDING, engine)
  else await linkBinding(assembly)
  if (kernels) await takeFile(kernels.directory, KERNELS_FILE, engine)
  const missing = kernels ? null : (uncompiled ?? (await linkNative(assembly)))

  onProgress({ label: 'Testing the engine', fraction: null })
  writeManifest(engine, variant, requiredTensorflow(variant), missing)
  const failure = await smokeTest(readManifest(engine)!, signal)
  if (failure !== null) {
    await rm(join(engine, KERNELS_FILE), { force: true })
    writeManifest(engine, variant, requiredTensorflow(variant), failure)
    onProgress({ label: missingKernelsLine(failure), fraction: null })
  }
  return moveIntoPlace(engine, engineDirectory(variant), join(workshop, 'broken'))
}

/** Runs two works at the same time. If one work fails, the other work is aborted and awaited. */
async function bothAtOnce<A, B>(
  first: (signal: AbortSignal) => Promise<A>,
  second: (signal: AbortSignal) => Promise<B>,
  signal?: AbortSignal,
): Promise<[A, B]> {
  const failure = new AbortController()
  const both = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal
  const works = [first(both), second(both)] as const
  try {
    return await Promise.all(works)
  } catch (error) {
    failure.abort()
    await Promise.allSettled(works)
    throw error
  }
}

/** Keeps two libraries of TensorFlow's 1.3 GB (CPU), and NVIDIA's packages without headers and static archives. */
async function keepLibraries(target: string, engine: string, platform: Platform): Promise<void> {
  makeFolder(join(engine, 'tensorflow'))
  for (const name of platform.libraries) {
    await rename(join(target, 'tensorflow', name), join(engine, 'tensorflow', name))
  }
  if (!existsSync(join(target, 'nvidia'))) return
  // TensorFlow's own search path contains ../nvidia/<package>/lib.
  await rename(join(target, 'nvidia'), join(engine, 'nvidia'))
  for (const entry of await readdir(join(engine, 'nvidia'), { recursive: true, withFileTypes: true })) {
    if (entry.name === 'include' || entry.name.endsWith('.a')) {
      await rm(join(entry.parentPath, entry.name), { recursive: true, force: true })
    }
  }
}

/** Moves a broken engine into the workshop first, because a folder cannot be renamed onto a folder with files. */
async function moveIntoPlace(engine: string, final: string, broken: string): Promise<InstalledEngine> {
  if (existsSync(final)) await rename(final, broken)
  await rename(engine, final)
  return readManifest(final)!
}
