/** What a run's configuration asks to be learned, on its volumes. */
import { networkOf } from '../core/models/index.ts'
import { methodOf } from '../core/ssl/index.ts'
import { type PretextTask, pretextTask } from '../core/ssl/pretext.ts'
import { supervisedTask } from '../core/training/supervised.ts'
import type { TrainingTask } from '../core/training/train.ts'
import type { TrainRequest } from './protocol.ts'
import type { VolumePool } from './volume-pool.ts'

export type TaskRequest = Pick<TrainRequest, 'config' | 'train' | 'validation'>

function jobOf({ config, train, validation }: TaskRequest, pool: VolumePool) {
  const network = networkOf(config.network)
  return {
    network,
    networkConfig: network.config.parse(config.networkConfig),
    train: train.map(info => pool.source(info)),
    validation: validation.map(info => pool.source(info)),
    slices: config.slices,
    mask: config.mask,
    batch: config.recipe.batch,
    seed: config.seed,
  }
}

export function pretrainingOf(request: TaskRequest, pool: VolumePool): PretextTask {
  const { config } = request
  if (!config.method || !config.pretext) throw new Error('A pre-training has a method and says what it may see')
  const method = methodOf(config.method)
  const methodConfig = method.config.parse(config.methodConfig)
  const { pretext, recipe } = config
  return pretextTask({ ...jobOf(request, pool), method, methodConfig, pretext, epochs: recipe.epochs })
}

export const taskOf = (request: TaskRequest, pool: VolumePool): TrainingTask =>
  request.config.kind === 'pretrain' ? pretrainingOf(request, pool) : supervisedTask(jobOf(request, pool))
