/**
 * Takes TensorFlow and the add-on from an engine that is already installed, so that only the native kernels are built.
 * This happens if an earlier version of the program installed the engine, or if the sources of the kernels changed.
 */
import { constants, existsSync, readdirSync } from 'node:fs'
import { copyFile, link } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { makeFolder } from '../files/folders.ts'
import { KERNELS_FILE } from '../native/library.ts'
import { engineDirectory, type InstalledEngine, tensorflowKey, type Variant } from './environment.ts'
import { filesIn, MANIFEST, readManifest } from './manifest.ts'

/** A complete engine with the same TensorFlow and add-on, or `null`. Its kernels may differ, or be missing. */
export function findEarlierEngine(variant: Variant): InstalledEngine | null {
  const root = dirname(engineDirectory(variant))
  const key = tensorflowKey(variant)
  const names = existsSync(root) ? readdirSync(root) : []
  for (const name of names) {
    const engine = name === key || name.startsWith(`${key}-`) ? readManifest(join(root, name)) : null
    if (engine) return engine
  }
  return null
}

/**
 * Gives the files of an engine a second name in the folder `to`, which takes no space. The earlier engine stays,
 * because another checkout may use it. Copies the files if the disk has no hard links.
 */
export async function takeFiles({ directory }: InstalledEngine, to: string): Promise<void> {
  for (const path of filesIn(directory)) {
    if ([KERNELS_FILE, MANIFEST].includes(relative(directory, path))) continue
    const taken = join(to, relative(directory, path))
    makeFolder(dirname(taken))
    await link(path, taken).catch(() => copyFile(path, taken, constants.COPYFILE_FICLONE))
  }
}
