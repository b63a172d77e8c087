/**
 * Installs the native TensorFlow and TensorFlow.js' add-on into the user's cache. pip fetches the official wheels,
 * whose versions and hashes are pinned. Only the libraries are kept. A compiler builds the add-on, and a separate Node
 * tests it. See docs/decisions/0007-tensorflow-is-installed-not-bundled.md.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError, throwIfCancelled } from '../../contract/errors.ts'
import { makeFolder } from '../files/folders.ts'
import { buildBinding, findCompiler, smokeTest } from './binding.ts'
import { engineDirectory, type InstalledEngine, requiredTensorflow, type Variant } from './environment.ts'
import { whileLocked } from './lock.ts'
import { BINDING, locateEngine, readManifest, writeManifest } from './manifest.ts'
import { downloadTensorflow, findPip, type Pip, WHEELS } from './pip.ts'
import { detectVariant, type Platform, supportedPlatform } from './platform.ts'

export { locateEngine } from './manifest.ts'

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
}

/** Returns the engine, and installs it first if it is missing or broken. */
export async function installEngine(options: InstallOptions = {}): Promise<InstalledEngine> {
  const { variant: wanted = 'auto', onProgress = () => {}, signal, force = false } = options
  throwIfCancelled(signal)
  const variant = wanted === 'auto' ? await detectVariant(signal) : wanted
  const already = force ? null : locateEngine(variant)
  if (already) return already

  const platform = supportedPlatform(variant)
  const pip = await findPip(signal)
  const compiler = await findCompiler(platform, signal)
  const root = dirname(engineDirectory(variant))
  makeEngineFolder(root)

  const onWait = (owner: string) => {
    onProgress({ label: `Waiting for another installation (process ${owner.replace(' ', ' on ')})`, fraction: null })
  }
  const install = async () => {
    const byAnother = force ? null : locateEngine(variant)
    if (byAnother) return byAnother
    await removeLeftovers(root)
    await checkSpace(root, variant)
    const workshop = await mkdtemp(join(root, LEFTOVER))
    try {
      return await assemble({ workshop, variant, platform, pip, compiler, onProgress, signal })
    } finally {
      await rm(workshop, { recursive: true, force: true, maxRetries: 3 })
    }
  }
  return whileLocked(join(root, 'install.lock'), install, { signal, onWait })
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
  readonly variant: Variant
  readonly platform: Platform
  readonly pip: Pip
  readonly compiler: string
  readonly signal?: AbortSignal
}

async function assemble(assembly: Assembly): Promise<InstalledEngine> {
  const { workshop, variant, platform, pip, compiler, onProgress, signal } = assembly
  const [target, temporary, engine] = ['wheels', 'temporary', 'engine'].map(name => join(workshop, name))
  for (const folder of [target, temporary, join(engine, 'tensorflow')]) makeFolder(folder)

  const onDownload = (label: string, fraction: number) => onProgress({ label, fraction })
  await downloadTensorflow({ pip, variant, platform, target, temporary, onProgress: onDownload, signal })
  await keepLibraries(target, engine, platform)

  onProgress({ label: 'Building the add-on', fraction: null })
  const headers = join(target, 'tensorflow', 'include')
  const libraries = join(engine, 'tensorflow')
  await buildBinding({ compiler, platform, headers, libraries, output: join(engine, BINDING), temporary, signal })

  onProgress({ label: 'Testing the engine', fraction: null })
  writeManifest(engine, variant, requiredTensorflow(variant))
  await smokeTest(readManifest(engine)!, signal)
  return moveIntoPlace(engine, engineDirectory(variant), join(workshop, 'broken'))
}

/** Keeps two libraries of TensorFlow's 1.3 GB (CPU), and NVIDIA's packages without headers and static archives. */
async function keepLibraries(target: string, engine: string, platform: Platform): Promise<void> {
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
