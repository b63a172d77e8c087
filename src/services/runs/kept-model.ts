/** A run's network with its weights, as an engine is told of them. */
import { AppError } from '../../contract/errors.ts'
import type { RunRow } from '../../contract/runs.ts'
import type { ModelReference, WrittenFile } from '../../engine/process/protocol.ts'
import { fileDigest } from '../profile/digests.ts'
import type { Profile } from '../profile/profile.ts'
import { findRun, milestoneFile } from './runs.ts'

export interface KeptModel {
  readonly model: ModelReference
  /** Of the checkpoint file. */
  readonly sha256: string
}

function milestoneOf(profile: Profile, { id, milestones }: RunRow, epoch: number): WrittenFile {
  const file = milestoneFile(profile, Number(id), epoch)
  if (file) return file
  const there = milestones.length > 0 ? ` (${milestones.join(', ')})` : ', which has none'
  throw new AppError('INVALID_ARGUMENT', `Expected a milestone of run ${id}${there}, got epoch ${epoch}.`)
}

/**
 * A run's network with its kept weights, or a milestone's, after checking that the file is the one that was written.
 */
export function keptModel(profile: Profile, id: string, epoch: number | null = null): KeptModel {
  const run = findRun(profile, id)
  const checkpoint = epoch === null ? run.checkpoint : milestoneOf(profile, run, epoch)
  if (!checkpoint)
    throw new AppError(
      'RUN_NOT_FOUND',
      `Expected a run with a checkpoint, got run ${id}, which is ${run.status} and has none.`,
    )
  const { path, sha256 } = checkpoint
  let digest: string
  try {
    digest = fileDigest(path)
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected run ${id}’s checkpoint, got: ${(cause as Error).message}. Restore it from a copy of the profile; ` +
        `self-mri profile check lists what else is missing.`,
      cause,
    )
  }
  if (digest !== sha256) {
    throw new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected SHA-256 ${sha256} as run ${id} wrote it, got another, in ${path}. Run it again, or restore the file.`,
    )
  }
  return {
    model: { network: run.network, networkConfig: run.config.networkConfig, checkpoint: path },
    sha256,
  }
}

export const modelOf = (profile: Profile, id: string, epoch: number | null = null): ModelReference =>
  keptModel(profile, id, epoch).model
