/** Entry of a thread that prepares batches: files, masks, Fourier transforms and augmentations, without TensorFlow. */
import { parentPort } from 'node:worker_threads'
import { makePlainArithmetic } from '../../core/compute.ts'
import type { TrainingTask } from '../../core/training/task.ts'
import { sharedMaps } from '../files/kept-maps.ts'
import { VolumePool } from '../files/volume-pool.ts'
import { lazyEigenvectors } from '../native/eigenvectors.ts'
import { lazyFourier } from '../native/fourier.ts'
import { failureOf } from '../process/failure.ts'
import type { FromThread, ToThread } from './batches.ts'
import { taskOf } from './tasks.ts'

const port = parentPort!
// The other cores take the training's steps.
const compute = makePlainArithmetic(lazyFourier('alone'), lazyEigenvectors('alone'), sharedMaps)
/** By training number. A training's files stay open until the training ends. */
const trainings = new Map<number, { readonly pool: VolumePool; readonly task: TrainingTask }>()

async function answer({ call, training, epoch, index }: Extract<ToThread, { do: 'prepare' }>): Promise<void> {
  try {
    const batch = await trainings.get(training)!.task.prepare(epoch, index)
    port.postMessage(
      { call, batch } satisfies FromThread,
      Object.values(batch).map(({ data }) => data.buffer as ArrayBuffer),
    )
  } catch (error) {
    port.postMessage({ call, failure: failureOf(error) } satisfies FromThread)
  }
}

port.on('message', (message: ToThread) => {
  if (message.do === 'prepare') {
    void answer(message)
  } else if (message.do === 'open') {
    const pool = new VolumePool()
    trainings.set(message.training, { pool, task: taskOf(message.request, pool, compute) })
  } else {
    trainings.get(message.training)?.pool.dispose()
    trainings.delete(message.training)
  }
})
