/** The first batch of a pre-training as the network would get it; nothing is trained, and nothing is written. */
import { pictureCautions, pictureOf } from '../../core/ssl/pictures.ts'
import { VolumePool } from '../files/volume-pool.ts'
import type { BatchViews, Calls } from '../process/protocol.ts'
import { requireCompute } from '../tensorflow/tensorflow.ts'
import { pretrainingOf } from '../training/tasks.ts'

/** Samples at most. */
const SHOWN = 8

/** Throws what the training itself would throw as it begins. */
export async function views({ config, train }: Calls['views']['params']): Promise<BatchViews> {
  const compute = await requireCompute()
  const pool = new VolumePool()
  try {
    const taskOfBatch = (batch: number) =>
      pretrainingOf(
        { config: { ...config, recipe: { ...config.recipe, batch } }, train, validation: [] },
        pool,
        compute,
      )
    const { batch } = config.recipe
    const whole = taskOfBatch(batch)
    // A smaller batch begins with the same samples.
    const task = batch > SHOWN ? taskOfBatch(SHOWN) : whole
    const samples = (await task.views(0, 0)).map(({ name, parts }) => ({
      name,
      pictures: parts.map(pictureOf).filter(picture => picture !== null),
    }))
    return { samples, cautions: pictureCautions(samples) }
  } finally {
    pool.dispose()
  }
}
