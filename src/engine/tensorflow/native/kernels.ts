/**
 * core's kernels by our own operations (src/native), for the CPU. The operations are called by name, so a recording
 * replays them as it replays TensorFlow's operations.
 */
import type { Kernels } from '../../../core/kernels.ts'
import type { NativeBackend } from '../kernels.ts'
import { convolutionOf, convolvePixels, transposedOf } from './convolutions.ts'
import { fourierOf, normalOf } from './fourier.ts'
import { batchNormReluOf, biasReluOf, normLeakyReluOf } from './norms.ts'
import { updateOf } from './optimizers.ts'

/** Convolutions in bfloat16 stay TensorFlow's. */
export function withNativeKernels(backend: NativeBackend, tensorflows: Kernels): Kernels {
  let isReduced = false
  const native = {
    convolve: convolutionOf(backend),
    convolvePixels,
    convolveTransposed: transposedOf(backend),
    normLeakyRelu: normLeakyReluOf(backend),
    batchNormRelu: batchNormReluOf(backend),
    biasRelu: biasReluOf(backend),
  }
  const chosen = () => (isReduced ? tensorflows : native)
  return {
    ...tensorflows,
    update: updateOf(backend),
    convolve: (...given) => chosen().convolve(...given),
    convolvePixels: (...given) => chosen().convolvePixels(...given),
    convolveTransposed: (...given) => chosen().convolveTransposed(...given),
    normLeakyRelu: x => chosen().normLeakyRelu(x),
    batchNormRelu: (...given) => chosen().batchNormRelu(...given),
    biasRelu: (...given) => chosen().biasRelu(...given),
    fourier: fourierOf(backend),
    normal: normalOf(backend),
    inBfloat16(work) {
      const before = isReduced
      isReduced = true
      try {
        return tensorflows.inBfloat16(work)
      } finally {
        isReduced = before
      }
    },
  }
}
