/** The network and the checkpoint of a run, in the form for engine calls. */
import { AppError } from '../../contract/errors.ts'
import type { RunRow } from '../../contract/runs.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import type { ModelReference, WrittenFile } from '../../engine/process/protocol.ts'
import { fileDigest } from '../profile/digests.ts'
import type { Profile } from '../profile/profile.ts'
import { findRun, milestoneFile } from './runs.ts'

export interface KeptModel {
  readonly model: ModelReference
  /** SHA-256 of the checkpoint file. */
  readonly sha256: string
}

function milestoneOf(profile: Profile, { id, milestones }: RunRow, epoch: number): WrittenFile {
  const file = milestoneFile(profile, Number(id), epoch)
  if (file) return file
  const there = milestones.length > 0 ? ` (${milestones.join(', ')})` : ', which has no milestones'
  throw new AppError('INVALID_ARGUMENT', `Expected a milestone of run ${id}${there}, got epoch ${epoch}.`)
}

/** A run's network with its kept weights, or with the weights of a milestone. Checks the SHA-256 of the file. */
export function keptModel(profile: Profile, id: string, epoch: number | null = null): KeptModel {
  const run = findRun(profile, id)
  const checkpoint = epoch === null ? run.checkpoint : milestoneOf(profile, run, epoch)
  if (!checkpoint)
    throw new AppError(
      'RUN_NOT_FOUND',
      `Expected a run with a checkpoint, got run ${id}, which is ${run.status} and has no checkpoint.`,
    )
  const { path, sha256 } = checkpoint
  let digest: string
  try {
    digest = fileDigest(path)
  } catch (cause) {
    throw new AppError(
      'FILE_UNREADABLE',
      `Expected run ${id}’s checkpoint, got: ${(cause as Error).message}. ` +
        'Restore the file from a copy of the profile. List all missing files with: self-mri profile check',
      cause,
    )
  }
  if (digest !== sha256) {
    throw new AppError(
      'CHECKPOINT_DAMAGED',
      `Expected the checkpoint of run ${id} with SHA-256 ${sha256}, got another SHA-256, in ${path}. ` +
        'Train the run again, or restore the file.',
    )
  }
  return {
    model: { ...trainedNetwork(run.config), checkpoint: path },
    sha256,
  }
}

export const modelOf = (profile: Profile, id: string, epoch: number | null = null): ModelReference =>
  keptModel(profile, id, epoch).model
