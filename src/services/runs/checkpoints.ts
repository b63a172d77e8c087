/**
 * Checkpoints from other programs: files of safetensors, PyTorch or Lightning whose tensors have the names of a known
 * network.
 */
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../contract/errors.ts'
import { MaskSpec } from '../../contract/evaluation.ts'
import type { StoredConfig } from '../../contract/runs.ts'
import { some } from '../../contract/words.ts'
import { prefixesOf, withoutPrefix } from '../../core/models/names.ts'
import type { Shapes } from '../../core/models/network.ts'
import { fromTorch } from '../../core/models/parameters.ts'
import { conversionNotes, decodeWeights, type Weights } from '../../core/torch/weights.ts'
import { encodeCheckpoint } from '../../core/training/checkpoint.ts'
import { makeFolder, runDirectory, storedRunFile } from '../profile/paths.ts'
import type { Profile } from '../profile/profile.ts'
import { studyById } from '../studies/studies.ts'
import { METHODS, NETWORKS, networkOf } from './catalogue.ts'
import { chosenSettings } from './chosen-settings.ts'
import { logEvent } from './log.ts'
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
      `Expected a run’s number or a checkpoint file, got: ${(cause as Error).message}`,
      cause,
    )
  }
}

/** A file's weights under the names of the network, and what was recognised from them. */
interface RecognisedFile extends Weights {
  readonly imported: ImportedNetwork
}

const shapesOf = (tensors: Weights['tensors']): Shapes =>
  new Map(Array.from(tensors, ([name, { shape }]) => [name, shape]))

/** The network whose sign is in the names. A training module may put a prefix before all names. */
function findNetwork(tensors: Weights['tensors'], path: string) {
  const ids = Object.keys(NETWORKS) as NetworkId[]
  const candidates = prefixesOf(tensors.keys()).map(prefix => withoutPrefix(tensors, prefix))
  for (const named of candidates) {
    const shapes = shapesOf(named)
    for (const id of ids) {
      const told = networkOf(id).sign.settings(shapes)
      if (told !== null) return { id, told, tensors: named }
    }
  }
  for (const named of candidates)
    for (const { label, sign } of ids.map(networkOf)) {
      const first = named.get(sign.first)
      if (first)
        throw new AppError(
          'SHAPE_MISMATCH',
          `Expected ${label} with the input channels that Self-MRI gives it, got ${sign.first} of ` +
            `${first.shape.join(' × ')}, in ${path}. Choose a checkpoint of the same network.`,
        )
    }
  const known = ids.map(id => `${NETWORKS[id].label} (${NETWORKS[id].sign.first}, …)`)
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `Expected ${known.join(' or ')}, got ${some([...tensors.keys()], MOST_NAMED)}, in ${path}`,
  )
}

/** Settings that Self-MRI wrote into the file. They tell more than names and shapes, for example a zero start. */
function writtenSettings({ network, config }: Weights['metadata'], id: NetworkId): object {
  if (network !== id || config === undefined) return {}
  try {
    return Object(JSON.parse(config))
  } catch {
    return {}
  }
}

function recogniseFile(path: string): RecognisedFile {
  const weights = decodeWeights(readFile(path), path)
  const { id, told, tensors } = findNetwork(weights.tensors, path)
  const { label, config, parameters } = networkOf(id)
  const settings = { ...told, ...writtenSettings(weights.metadata, id) }
  const networkConfig = chosenSettings(config, settings, { of: `${label} (of ${path})` })
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
  const { kind, method } = weights.metadata
  const isKnown = kind === 'pretrain' && Object.hasOwn(METHODS, method)
  return { ...weights, tensors, imported: { network: id, networkConfig, method: isKnown ? method : null } }
}

/** The network of a checkpoint file, recognised from its tensors. Throws if the network is unknown. */
export const networkOfCheckpoint = (path: string): ImportedNetwork => recogniseFile(path).imported

/**
 * Copies weights into the profile, as safetensors, and adds a run of kind `import`. Returns the run's id. The settings
 * of its training are unknown, so the configuration holds defaults for a fine-tuning: no recipe, the standard mask,
 * seed 0.
 */
export function importCheckpoint(profile: Profile, study: number, path: string): string {
  const { imported, remarks, ...checkpoint } = recogniseFile(path)
  const bytes = encodeCheckpoint(checkpoint)
  const config: StoredConfig = {
    ...imported,
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
      for (const note of conversionNotes(remarks)) logEvent(profile, run, { type: 'note', ...note })
      return run
    })()
  } catch (error) {
    if (directory) rmSync(directory, { recursive: true, force: true })
    throw error
  }
}
