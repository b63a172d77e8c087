/** Shows the first batch of a pre-training as the network would get it. Trains nothing and writes nothing. */
import { pictureCautions, pictureOf } from '../../core/ssl/pictures.ts'
import { VolumePool } from '../files/volume-pool.ts'
import type { BatchViews, Calls } from '../process/protocol.ts'
import { requireCompute } from '../tensorflow/tensorflow.ts'
import { pretrainingOf } from '../training/tasks.ts'

/** The largest number of samples. */
const SHOWN = 8

/** Throws the errors that the training would throw at its start. */
export async function views({ config, train }: Calls['views']['params']): Promise<BatchViews> {
  const compute = await requireCompute()
  const pool = new VolumePool()
  try {
    const task = pretrainingOf({ config, train, validation: [] }, pool, compute)
    const samples = (await task.views(0, 0, SHOWN)).map(({ name, parts }) => ({
      name,
      pictures: parts.map(pictureOf).filter(picture => picture !== null),
    }))
    return { samples, cautions: pictureCautions(samples) }
  } finally {
    pool.dispose()
  }
}
