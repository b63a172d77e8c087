/** All reconstruction networks. A new network needs a file in this folder and a line here. */
import { AppError } from '../../contract/errors.ts'
import { complexUnet } from './complex-unet.ts'
import { modl } from './modl.ts'
import type { Network } from './network.ts'
import { unet } from './unet.ts'
import { unetPlusPlus } from './unet-plus-plus.ts'
import { varnet } from './varnet.ts'

export const NETWORKS = {
  unet,
  'unet-plus-plus': unetPlusPlus,
  'complex-unet': complexUnet,
  varnet,
  modl,
  // biome-ignore lint/suspicious/noExplicitAny: each network has a configuration of its own, checked by its schema
} satisfies Record<string, Network<any>>

export function networkOf(id: string): Network {
  if (Object.hasOwn(NETWORKS, id)) return NETWORKS[id as keyof typeof NETWORKS] as Network<never> as Network
  throw new AppError('INVALID_ARGUMENT', `Expected a network out of ${Object.keys(NETWORKS).join(', ')}, got ${id}`)
}
