/** Warnings for a pre-training. */
import type { RunConfig } from '../../contract/runs.ts'
import { networkOf } from '../models/index.ts'
import { trainedNetwork, trunkOf } from '../models/trained.ts'
import { methodOf } from './index.ts'
import type { Circumstances } from './method.ts'

/** What the method of a pre-training is trained with. */
export const circumstancesOf = (config: Pick<RunConfig, Settings | 'mask'>, pretext: Circumstances['pretext']) => ({
  mask: config.mask,
  pretext,
  takes: networkOf(trainedNetwork(config).network).takes,
})
type Settings = 'kind' | 'network' | 'networkConfig'

/** A head elsewhere than at the bottleneck of a network inside. */
function headCaution({ network, networkConfig, methodConfig: { attach } }: RunConfig): string | null {
  const inside = trunkOf({ network, networkConfig })
  if (attach === undefined || attach === 'bottleneck' || !inside || inside.network === network) return null
  const { label } = networkOf(network)
  return (
    `The head attaches to the output of the U-Net inside ${label}. ${label} uses this output as an image, ` +
    'and a head at the output does not keep it one. Attach the head to the bottleneck (--attach bottleneck).'
  )
}

export function cautionsOf(config: RunConfig): string[] {
  if (config.method === null || !config.pretext) return []
  const method = methodOf(config.method)
  const network = networkOf(config.network)
  const cautions = [
    method.caution?.(method.config.parse(config.methodConfig), circumstancesOf(config, config.pretext)),
    headCaution(config),
    network.trunk?.(network.config.parse(config.networkConfig))?.caution,
  ]
  return cautions.filter(caution => typeof caution === 'string')
}
