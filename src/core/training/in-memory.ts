/** A training without a profile, for examples and scripts. Weights stay in memory, and nothing interrupts training. */
import type { EpochFigures } from '../../contract/runs.ts'
import { fromTorch } from '../models/parameters.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Training } from './task.ts'
import { train } from './train.ts'

type Job = Pick<Training, 'task' | 'recipe' | 'seed' | 'compute'> & Partial<Pick<Training, 'start'>>

/**
 * Runs `train` to its end and returns the network's weights, without the head's weights. If the task keeps the best
 * weights, they are those of the lowest validation loss. Otherwise they are the last weights.
 * `start`: weights of the network to begin with. Without `start`, weights are drawn from the seed.
 */
export async function trainInMemory(
  { start = null, ...job }: Job,
  onEpoch: (figures: EpochFigures) => void,
): Promise<Float32Array> {
  const checkpoints = new Map<string, Checkpoint>()
  const training = train({
    ...job,
    start,
    run: 'in memory',
    kernelsName: 'not recorded',
    metadata: {},
    notes: [],
    files: {
      async saveCheckpoint(role, _epoch, checkpoint) {
        checkpoints.set(role, checkpoint)
        return { path: role, sha256: '' }
      },
      saveState: async () => ({ path: 'state', sha256: '' }),
      savePreview: async () => ({ path: 'preview' }),
    },
    pause: async () => {},
  })
  for await (const event of training) if (event.type === 'epoch') onEpoch(event.figures)
  const { tensors } = checkpoints.get('best') ?? checkpoints.get('last')!
  return fromTorch(tensors, job.task.network, 'memory')
}
