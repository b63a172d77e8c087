/** The engine's first image, made before anybody asks for one. */
import { MaskSpec } from '../../contract/evaluation.ts'
import type { EnginePool } from '../profile/engine-pool.ts'
import { DEMONSTRATION_VOLUME } from '../studies/demonstration.ts'

/**
 * Makes an image while the window loads. The window's first images then wait neither for TensorFlow nor for HDF5. If
 * this image fails, the first request for an image reports the error.
 */
export function warmUp({ interactive }: Pick<EnginePool, 'interactive'>): void {
  const image = { source: 'network', model: null, scored: false, show: 'image', layer: '', channel: 0 } as const
  const place = { path: DEMONSTRATION_VOLUME, salt: '', slice: 0, mask: MaskSpec.parse({}), seed: null }
  interactive.call('frame', { ...place, ...image }).catch(() => {})
}
