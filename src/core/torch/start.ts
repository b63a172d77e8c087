/**
 * The weights that a training begins with: of its own network, or of the network inside (`trunk`). Weights of the
 * network inside are copied to all places that the network names. The other weights are drawn from the seed.
 */
import { networkOf } from '../models/index.ts'
import type { ParameterSpec } from '../models/network.ts'
import { fromTorch, initialParameters, toTorch } from '../models/parameters.ts'
import { type Settings, trunkOf } from '../models/trained.ts'
import { namesFit, parametersOf, type Weights } from './weights.ts'

const specsOf = ({ network: id, networkConfig }: Settings): readonly ParameterSpec[] => {
  const network = networkOf(id)
  return network.parameters(network.config.parse(networkConfig))
}

/** The flat vector of the network's parameters. Throws as `fromTorch` does, if the weights are of another network. */
export function startingWeights(weights: Weights, settings: Settings, seed: number, origin: string): Float32Array {
  const specs = specsOf(settings)
  const trunk = trunkOf(settings)
  const inner = trunk ? specsOf(trunk) : []
  if (!trunk || namesFit(weights, specs) || !namesFit(weights, inner)) return parametersOf(weights, specs, origin)
  const given = toTorch(parametersOf(weights, inner, origin), inner)
  const start = toTorch(initialParameters(specs, seed), specs)
  const network = networkOf(settings.network)
  const config = network.config.parse(settings.networkConfig)
  for (const [name, tensor] of given) for (const place of network.fromTrunk!(config, name)) start.set(place, tensor)
  return fromTorch(start, specs, origin)
}
