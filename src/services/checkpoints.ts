/** Checkpoints of other origin: any safetensors file whose tensors carry fastMRI's U-Net names. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../contract/errors.ts'
import { MaskSpec } from '../contract/evaluation.ts'
import type { StoredConfig } from '../contract/runs.ts'
import { NETWORKS } from '../core/models/index.ts'
import { decodeCheckpoint } from '../core/training/checkpoint.ts'
import { fromTorch } from '../core/training/parameters.ts'
import type { Services } from './context.ts'
import { runDirectory } from './profile.ts'
import { insertRow } from './run-rows.ts'
import { studyById } from './studies.ts'

export interface ImportedNetwork {
  readonly network: keyof typeof NETWORKS
  readonly networkConfig: { readonly channels: number; readonly pools: number }
}

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

function networkOfBytes(bytes: Uint8Array, path: string) {
  const { tensors, metadata } = decodeCheckpoint(bytes, path)
  const first = tensors.get('down_sample_layers.0.layers.0.weight')
  if (!first) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `Expected fastMRI’s U-Net (down_sample_layers.0.layers.0.weight, …), got ${[...tensors.keys()].slice(0, 3).join(', ')} …, in ${path}`,
    )
  }
  let pools = 0
  while (tensors.has(`down_sample_layers.${pools}.layers.0.weight`)) pools++
  const networkConfig = { channels: first.shape[0], pools }
  fromTorch(tensors, NETWORKS.unet.parameters(networkConfig), path) // every name and shape is there, or this throws
  return { network: 'unet' as const, networkConfig, metadata }
}

/** The network that a checkpoint file holds, told from its tensors; throws where it is none that is known. */
export function networkOfCheckpoint(path: string): ImportedNetwork {
  const { network, networkConfig } = networkOfBytes(readFile(path), path)
  return { network, networkConfig }
}

/**
 * Copies a checkpoint into the profile as a run that was not trained here: its id. What it was trained with is not known, so its configuration
 * says what a fine-tuning starts out with: no recipe, the standard mask, seed 0.
 */
export function importCheckpoint(services: Services, study: number, path: string): string {
  const bytes = readFile(path)
  const { network, networkConfig, metadata } = networkOfBytes(bytes, path)
  const config: StoredConfig = {
    kind: 'import',
    network,
    networkConfig,
    // One of this program's own says in its metadata whether it was pre-trained.
    method: (metadata.kind === 'pretrain' && metadata.method) || null,
    methodConfig: {},
    pretext: null,
    recipe: null,
    mask: MaskSpec.parse({}),
    slices: studyById(services, study).slices,
    seed: 0,
  }
  const { db } = services
  let directory: string | null = null
  try {
    return db.transaction(() => {
      const run = insertRow(services, { study, config, parent: { file: path }, status: 'finished' })
      directory = runDirectory(services, run)
      mkdirSync(directory, { recursive: true })
      const copy = join(directory, 'last.safetensors')
      writeFileSync(copy, bytes)
      db.prepare(
        "INSERT INTO checkpoints (run_id, role, epoch, step, path, sha256, written_at) VALUES (?, 'last', 0, 0, ?, ?, ?)",
      ).run(Number(run), copy, createHash('sha256').update(bytes).digest('hex'), new Date().toISOString())
      return run
    })()
  } catch (error) {
    if (directory) rmSync(directory, { recursive: true, force: true })
    throw error
  }
}
