/** Checkpoints from other programs: safetensors files whose tensors have the names of a known network. */
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { MaskSpec } from '../../contract/evaluation.ts'
import type { StoredConfig } from '../../contract/runs.ts'
import { some } from '../../contract/words.ts'
import { fromTorch } from '../../core/models/parameters.ts'
import { decodeCheckpoint } from '../../core/training/checkpoint.ts'
import { makeFolder, runDirectory, storedRunFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { studyById } from '../studies/studies.ts'
import { METHODS, NETWORKS, networkOf } from './catalogue.ts'
import { chosenSettings } from './chosen-settings.ts'
import { insertRun } from './store.ts'
import { recordCheckpoint } from './store-training.ts'

type NetworkId = keyof typeof NETWORKS

export interface ImportedNetwork {
  readonly network: NetworkId
  readonly networkConfig: StoredConfig['networkConfig']
  /** Method of a pre-training by Self-MRI, from the file's metadata. Otherwise `null`. */
  readonly method: string | null
}

/** Largest number of tensors named in a message. */
const MOST_NAMED = 3

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected a run’s number or a safetensors file, got: ${(cause as Error).message}`,
      cause,
    )
  }
}

function networkOfBytes(bytes: Uint8Array, path: string): ImportedNetwork {
  const { tensors, metadata } = decodeCheckpoint(bytes, path)
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]))
  const ids = Object.keys(NETWORKS) as NetworkId[]
  const found = ids.find(id => networkOf(id).sign.settings(shapes) !== null)
  if (!found) {
    const known = ids.map(id => `${NETWORKS[id].label} (${NETWORKS[id].sign.first}, …)`)
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected ${known.join(' or ')}, got ${some([...tensors.keys()], MOST_NAMED)}, in ${path}`,
    )
  }
  const { label, config, parameters, sign } = networkOf(found)
  const told = sign.settings(shapes)
  const networkConfig = chosenSettings(config, told, { of: `${label} (of ${path})` })
  const specs = parameters(networkConfig)
  fromTorch(tensors, specs, path) // throws if a name or a shape is missing
  const expected = new Set(specs.map(({ name }) => name))
  const others = [...tensors.keys()].filter(name => !expected.has(name))
  if (others.length > 0) {
    throw new AppError(
      'SHAPE_MISMATCH',
      `Expected the ${expected.size} tensors of a ${label}, got ${tensors.size}: also ${some(others, MOST_NAMED)}, ` +
        `in ${path}`,
    )
  }
  const { kind, method } = metadata
  return {
    network: found,
    networkConfig,
    method: kind === 'pretrain' && Object.hasOwn(METHODS, method) ? method : null,
  }
}

/** The network of a checkpoint file, recognised from its tensors. Throws if the network is unknown. */
export const networkOfCheckpoint = (path: string): ImportedNetwork => networkOfBytes(readFile(path), path)

/**
 * Copies a checkpoint into the profile as a run of kind `import`. Returns the run's id. The settings of its training
 * are unknown, so the configuration holds defaults for a fine-tuning: no recipe, the standard mask, seed 0.
 */
export function importCheckpoint(profile: Profile, study: number, path: string): string {
  const bytes = readFile(path)
  const config: StoredConfig = {
    ...networkOfBytes(bytes, path),
    kind: 'import',
    methodConfig: {},
    pretext: null,
    recipe: null,
    fineTuning: null,
    mask: MaskSpec.parse({}),
    slices: studyById(profile, study).slices,
    seed: 0,
  }
  const { db } = profile
  let directory: string | null = null
  try {
    return db.transaction(() => {
      const run = insertRun(profile, { study, config, parent: { file: path }, status: 'finished' })
      directory = runDirectory(profile, run)
      makeFolder(directory)
      const copy = join(directory, 'last.safetensors')
      writeFileSync(copy, bytes)
      recordCheckpoint(profile, run, {
        role: 'last',
        epoch: 0,
        step: 0,
        path: storedRunFile(profile, copy),
        sha256: createHash('sha256').update(bytes).digest('hex'),
      })
      return run
    })()
  } catch (error) {
    if (directory) rmSync(directory, { recursive: true, force: true })
    throw error
  }
}
