/** The training task of a run's configuration, on the run's volumes. */
import { AppError } from '../../contract/errors.ts'
import type { VolumeInfo } from '../../contract/volumes.ts'
import type { Arithmetic } from '../../core/compute.ts'
import { networkOf } from '../../core/models/index.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import { methodOf } from '../../core/ssl/index.ts'
import { type PretextTask, pretextTask } from '../../core/ssl/pretext.ts'
import { supervisedTask } from '../../core/training/supervised.ts'
import type { TrainingTask } from '../../core/training/task.ts'
import { withStored } from '../files/masks.ts'
import type { VolumePool } from '../files/volume-pool.ts'
import type { TrainRequest } from '../process/protocol.ts'

export type TaskRequest = Pick<TrainRequest, 'config' | 'train' | 'validation'>

/**
 * Throws `INVALID_ARGUMENT` for k-space whose measured samples do not form a mask over columns. A second mask over such
 * k-space would give wrong results without an error.
 */
function requireColumns(volumes: readonly VolumeInfo[]): void {
  for (const { path, sampling } of volumes)
    if (sampling.kind === 'irregular')
      throw new AppError(
        'INVALID_ARGUMENT',
        'Expected k-space with one set of measured columns to train on, ' +
          `got irregular sampling (${sampling.pattern}), in ${path}. Exclude the file from the training.`,
      )
}

function jobOf({ config, train, validation }: TaskRequest, pool: VolumePool) {
  requireColumns(config.kind === 'pretrain' ? [...train, ...validation] : train)
  const trained = trainedNetwork(config)
  const network = networkOf(trained.network)
  return {
    network,
    networkConfig: network.config.parse(trained.networkConfig),
    train: train.map(info => pool.source(info)),
    validation: validation.map(info => pool.source(info)),
    slices: config.slices,
    mask: withStored(config.mask),
    batch: config.recipe.batch,
    ...(config.recipe.loss && { loss: config.recipe.loss }),
    seed: config.seed,
  }
}

export function pretrainingOf(request: TaskRequest, pool: VolumePool, compute: Arithmetic): PretextTask {
  const { config } = request
  if (!config.method || !config.pretext) throw new Error('Expected a pre-training with a method and a pretext')
  const method = methodOf(config.method)
  const methodConfig = method.config.parse(config.methodConfig)
  const { pretext, recipe } = config
  return pretextTask({ ...jobOf(request, pool), method, methodConfig, pretext, epochs: recipe.epochs }, compute)
}

export const taskOf = (request: TaskRequest, pool: VolumePool, compute: Arithmetic): TrainingTask =>
  request.config.kind === 'pretrain'
    ? pretrainingOf(request, pool, compute)
    : supervisedTask(jobOf(request, pool), compute)
