/** A fine-tuning of another network than the one that was trained: of a network with the trained network inside. */
import { AppError } from '../../contract/errors.ts'
import { type Settings, trainedNetwork, trunkOf } from '../../core/models/trained.ts'
import { networkOf } from './catalogue.ts'
import { chosenSettings } from './chosen-settings.ts'

const shapesOf = ({ network: id, networkConfig }: Settings): string => {
  const { parameters, config } = networkOf(id)
  return parameters(config.parse(networkConfig))
    .map(({ name, shape }) => `${name} ${shape}`)
    .join()
}

/**
 * The run's network if `network` is its id. Otherwise the workstation's settings of `network`, with the network inside
 * that the run trained. Throws `INVALID_ARGUMENT` if `network` has no such network inside.
 */
export function networkAround(run: Parameters<typeof trainedNetwork>[0], network: string): Settings {
  if (network === run.network) return { network, networkConfig: run.networkConfig }
  const trained = trainedNetwork(run)
  if (network === trained.network) return trained
  const { label, config, recipes } = networkOf(network)
  const workstation = recipes.workstation.config as Settings['networkConfig']
  const before = trunkOf({ network, networkConfig: workstation })
  const differing = Object.entries(trained.networkConfig).filter(
    ([name, value]) => before?.networkConfig[name] !== value,
  )
  const given = { ...workstation, ...Object.fromEntries(differing) }
  const networkConfig = chosenSettings(config, given, { of: label })
  const inside = trunkOf({ network, networkConfig })
  if (inside && shapesOf(inside) === shapesOf(trained)) return { network, networkConfig }
  const own = networkOf(trained.network).label
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a network that has the given ${own} inside, got ${label}. ` +
      `Leave out --network to fine-tune the ${own} itself, or choose a network with a U-Net of its size inside.`,
  )
}
