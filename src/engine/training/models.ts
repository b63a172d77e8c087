/** Loads networks with the weights of a checkpoint, and classical methods with their settings. */
import { classicalOf } from '../../core/classical.ts'
import { networkOf } from '../../core/models/index.ts'
import { type Model, makeModel } from '../../core/models/model.ts'
import { fromTorch } from '../../core/models/parameters.ts'
import type { Reconstructor } from '../../core/reconstruct.ts'
import { startingWeights } from '../../core/torch/start.ts'
import { conversionNotes, decodeWeights } from '../../core/torch/weights.ts'
import { readBytes, readCheckpoint } from '../files/whole-files.ts'
import type { ModelReference, ReconstructorReference } from '../process/protocol.ts'

/** The caller disposes `parameters`. */
export async function loadModel(reference: ModelReference): Promise<Model> {
  const network = networkOf(reference.network)
  const config = network.config.parse(reference.networkConfig)
  const { tensors } = await readCheckpoint(reference.checkpoint)
  return makeModel(network, config, fromTorch(tensors, network.parameters(config), reference.checkpoint))
}

/** Parameters from which a training starts, from a run or from a file of another program. */
export async function readStart(path: string, trained: Parameters<typeof startingWeights>[1], seed: number) {
  const weights = decodeWeights(await readBytes(path), path)
  return { parameters: startingWeights(weights, trained, seed, path), notes: conversionNotes(weights.remarks) }
}

export async function withReconstructor<T>(
  reference: ReconstructorReference | null,
  use: (reconstructor: Reconstructor | null) => Promise<T>,
): Promise<T> {
  if (!reference) return use(null)
  if ('classical' in reference) return use(classicalOf(reference))
  const model = await loadModel(reference)
  try {
    return await use(model)
  } finally {
    model.parameters.dispose()
  }
}
