/** The engine before it is needed, and its installation on request. */
import { MaskSpec } from '../contract/evaluation.ts'
import { type InstallOptions, installEngine } from '../engine/install.ts'
import type { Services } from './context.ts'
import { DEMONSTRATION_VOLUME } from './demonstration.ts'

/**
 * Has an image made while the window loads: its own first ones then wait neither for TensorFlow nor for HDF5. Where it fails, whoever asks
 * for an image hears why.
 */
export function prepareEngine({ interactive }: Pick<Services, 'interactive'>): void {
  const image = { source: 'network', model: null, scored: false, show: 'image', layer: '', channel: 0 } as const
  const place = { path: DEMONSTRATION_VOLUME, salt: '', slice: 0, mask: MaskSpec.parse({}), seed: null }
  interactive.call('frame', { ...place, ...image }).catch(() => {})
}

/** With the same progress as when a command needs it. */
export const installNow = (services: Services, options: Omit<InstallOptions, 'onProgress'>) =>
  installEngine({ ...options, onProgress: services.onInstall })
