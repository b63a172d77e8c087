/**
 * Takes the parts of engines that are already installed, so that TensorFlow is not fetched again, and only those parts
 * are built whose sources changed. An earlier version of the program, or another checkout, installed these engines.
 */
import { constants, existsSync, readdirSync } from 'node:fs'
import { copyFile, link } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { makeFolder } from '../files/folders.ts'
import {
  engineDirectory,
  type InstalledEngine,
  tensorflowKey,
  tensorflowPrefix,
  type Variant,
  wheelsKey,
} from './environment.ts'
import { filesIn, readManifest } from './manifest.ts'
import { nativeKey } from './native-sources.ts'

/** Engines that have a part which the new engine needs. `null` if the part must be built. */
export type EarlierParts = {
  readonly binding: InstalledEngine | null
  readonly kernels: InstalledEngine | null
}

/** The native TensorFlow and NVIDIA's libraries come from `libraries`. */
export type Earlier = EarlierParts & { readonly libraries: InstalledEngine }

/** Finds complete engines with the pinned TensorFlow. `null` if there are none. */
export function findEarlier(variant: Variant): Earlier | null {
  const engines = enginesWithTensorflow(variant)
  const key = tensorflowKey(variant)
  const nameOf = (engine: InstalledEngine) => basename(engine.directory)
  // Up to version 0.2.0 the key was the whole name.
  const binding = engines.find(engine => nameOf(engine) === key || nameOf(engine).startsWith(`${key}-`)) ?? null
  const kernels =
    engines.find(engine => nameOf(engine).endsWith(`-${nativeKey()}`) && engine.kernelsMissing === null) ?? null
  const libraries = binding ?? kernels ?? engines[0]
  return libraries ? { libraries, binding, kernels } : null
}

function enginesWithTensorflow(variant: Variant): InstalledEngine[] {
  const root = dirname(engineDirectory(variant))
  const names = existsSync(root) ? readdirSync(root).filter(name => name.startsWith(tensorflowPrefix(variant))) : []
  const engines = names.map(name => readManifest(join(root, name))).filter(engine => engine !== null)
  return engines.filter(engine => engine.variant === variant && engine.wheels === wheelsKey(variant))
}

/** Takes the native libraries: `tensorflow/`, and `nvidia/` of a CUDA engine. An engine's own files lie above these. */
export async function takeLibraries({ directory }: InstalledEngine, to: string): Promise<void> {
  for (const path of filesIn(directory)) {
    const name = relative(directory, path)
    if (name.includes(sep)) await takeFile(directory, name, to)
  }
}

/**
 * Gives a file of an engine a second name in the folder `to`, which takes no space. The earlier engine stays, because
 * another checkout may use it. Copies the file if the disk has no hard links.
 */
export async function takeFile(directory: string, name: string, to: string): Promise<void> {
  const [path, taken] = [join(directory, name), join(to, name)]
  makeFolder(dirname(taken))
  await link(path, taken).catch(() => copyFile(path, taken, constants.COPYFILE_FICLONE))
}
