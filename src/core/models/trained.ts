/** Which network a run trains. A pretext has images, so it trains the network inside a network of k-space (`trunk`). */
import { AppError } from '../../contract/errors.ts'
import type { StoredConfig } from '../../contract/runs.ts'
import { networkOf } from './index.ts'

export type Settings = Pick<StoredConfig, 'network' | 'networkConfig'>

/** The network inside, whose settings are complete. `null`: none with these settings. `undefined`: no such network. */
export function trunkOf({ network: id, networkConfig }: Settings): Settings | null | undefined {
  const network = networkOf(id)
  const trunk = network.trunk?.(network.config.parse(networkConfig))
  if (!trunk) return trunk
  const config = networkOf(trunk.network).config.parse(trunk.config)
  return { network: trunk.network, networkConfig: config as Settings['networkConfig'] }
}

/** `{ denoiser: 'unet' }` → `other settings (denoiser unet)` */
function inWords(settings: object | undefined): string {
  const words = Object.entries(settings ?? {}).map(([name, value]) => `${name} ${value}`)
  return words.length > 0 ? `other settings (${words.join(', ')})` : 'other settings'
}

/**
 * The network that a run trains, and whose weights its checkpoints hold.
 * Throws `INVALID_ARGUMENT` if a pretext cannot train any part of the network.
 */
export function trainedNetwork({ kind, network, networkConfig }: Settings & Pick<StoredConfig, 'kind'>): Settings {
  if (kind !== 'pretrain') return { network, networkConfig }
  const { takes, label, withTrunk } = networkOf(network)
  const trunk = trunkOf({ network, networkConfig })
  if (trunk) return trunk
  if (trunk === undefined && takes !== 'kspace') return { network, networkConfig }
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected a network with a U-Net inside for a pre-training, got ${label}, which has none with these settings. ` +
      `A pretext trains a network of images. Choose ${inWords(withTrunk?.workstation)}, or another network.`,
  )
}
