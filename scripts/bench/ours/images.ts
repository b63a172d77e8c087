/** Files to images: one slice zero-filled, and a volume reconstructed and scored. */
import * as tf from '@tensorflow/tfjs-core'
import { type EvaluationSettings, evaluateVolume } from '../../../src/core/evaluate.ts'
import { networkOf } from '../../../src/core/models/index.ts'
import { makeZeroFilling } from '../../../src/core/mri/fft.ts'
import { maskOf, zeroFilled } from '../../../src/core/reconstruct.ts'
import { openVolume } from '../../../src/engine/files/volumes.ts'
import { requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import type { Slice, Volume } from '../computed.ts'
import type { Kind } from './computation.ts'
import { readWeights, specsOf, writeWeights } from './networks.ts'

export const slice: Kind<Slice> = {
  async load({ file, mask }) {
    const volume = await openVolume(file, '')
    const zeroFilling = makeZeroFilling((await requireCompute()).fourier)
    const reconstruct = () => zeroFilled(volume, 0, maskOf(volume, mask)(0), zeroFilling)
    return { result: reconstruct, once: reconstruct }
  },
}

export const volume: Kind<Volume> = {
  write: given => writeWeights(given, given.computed),
  async load(given) {
    const { file, mask, computed } = given
    const parameters = tf.tensor1d(await readWeights(given, computed))
    const { network, networkConfig: config } = computed
    const model = { network: networkOf(network), config, specs: specsOf(computed), parameters }
    const settings: EvaluationSettings = {
      mask,
      maskDraws: null,
      slices: { kind: 'all' },
      reference: 'ground truth',
    }
    const compute = await requireCompute()
    const score = async () => {
      const opened = await openVolume(file, '')
      const scores = await evaluateVolume(opened, model, settings, compute, async () => {})
      opened.dispose()
      return scores
    }
    return {
      async result() {
        const { ssim, psnr, nmse } = await score()
        return Float32Array.of(ssim, psnr, nmse)
      },
      once: score,
    }
  },
}
