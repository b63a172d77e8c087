/** Computes the engine's first image before the first request. */
import { MaskSpec } from '../../contract/evaluation.ts'
import type { EnginePool } from '../places/engine-pool.ts'
import { DEMONSTRATION_VOLUME } from '../studies/demonstration.ts'

/**
 * Computes an image while the window loads, and then loads TensorFlow, so that the window's first images wait neither
 * for HDF5 nor for TensorFlow. If this fails, the first request for an image reports the error.
 */
export async function warmUp({ interactive }: Pick<EnginePool, 'interactive'>): Promise<void> {
  const image = {
    source: 'network',
    reconstructor: null,
    scored: false,
    show: 'image',
    layer: '',
    channel: 0,
    cascade: null,
    coil: null,
  } as const
  const place = { path: DEMONSTRATION_VOLUME, salt: '', slice: 0, mask: MaskSpec.parse({}), seed: null }
  try {
    await interactive.call('frame', { ...place, ...image })
    await interactive.call('load', {})
  } catch {}
}
