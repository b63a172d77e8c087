/** Loads networks with the weights of a checkpoint. */
import { networkOf } from '../../core/models/index.ts'
import { type Model, makeModel } from '../../core/models/model.ts'
import { fromTorch } from '../../core/models/parameters.ts'
import { readCheckpoint } from '../files/whole-files.ts'
import type { ModelReference } from '../process/protocol.ts'

/** The caller disposes `parameters`. */
export async function loadModel(reference: ModelReference): Promise<Model> {
  const network = networkOf(reference.network)
  const config = network.config.parse(reference.networkConfig)
  const { tensors } = await readCheckpoint(reference.checkpoint)
  return makeModel(network, config, fromTorch(tensors, network.parameters(config), reference.checkpoint))
}

export async function withModel<T>(
  reference: ModelReference | null,
  use: (model: Model | null) => Promise<T>,
): Promise<T> {
  if (!reference) return use(null)
  const model = await loadModel(reference)
  try {
    return await use(model)
  } finally {
    model.parameters.dispose()
  }
}
