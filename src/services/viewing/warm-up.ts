/** Computes the engine's first image before the first request. */
import { MaskSpec } from '../../contract/evaluation.ts'
import type { EnginePool } from '../profile/engine-pool.ts'
import { DEMONSTRATION_VOLUME } from '../studies/demonstration.ts'

/**
 * Computes an image while the window loads, so that the window's first images do not wait for TensorFlow and HDF5.
 * If this image fails, the first request for an image reports the error.
 */
export function warmUp({ interactive }: Pick<EnginePool, 'interactive'>): void {
  const image = { source: 'network', model: null, scored: false, show: 'image', layer: '', channel: 0 } as const
  const place = { path: DEMONSTRATION_VOLUME, salt: '', slice: 0, mask: MaskSpec.parse({}), seed: null }
  interactive.call('frame', { ...place, ...image }).catch(() => {})
}
