/** Files to images: one slice zero-filled, and a volume reconstructed and scored. */
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { maskOf } from '../../../src/core/data/patterns.ts'
import { type EvaluationSettings, evaluateVolume } from '../../../src/core/evaluate.ts'
import { zeroFilled } from '../../../src/core/imaging.ts'
import { networkOf } from '../../../src/core/models/index.ts'
import { makeZeroFilling } from '../../../src/core/mri/fft.ts'
import { fullPattern } from '../../../src/core/mri/pattern.ts'
import { stream } from '../../../src/core/mri/random.ts'
import { writeFastMriSlices } from '../../../src/engine/files/hdf5-write.ts'
import { listVolume, openVolume } from '../../../src/engine/files/volumes.ts'
import { requireCompute } from '../../../src/engine/tensorflow/tensorflow.ts'
import type { Cfl, Given, Slice, Volume } from '../computed.ts'
import { type Kind, SEED } from './computation.ts'
import { readWeights, specsOf, writeWeights } from './networks.ts'

const sliceFile = ({ computed, file, folder, name }: Given<Slice>) =>
  computed.noise ? join(folder, `${name}.h5`) : file

async function writeNoise(path: string, { coils, size, imageSize }: NonNullable<Slice['noise']>): Promise<void> {
  const random = stream(SEED, 'noise of coils')
  const kspace = Float32Array.from({ length: 2 * coils * size[0] * size[1] }, () => random.normal())
  const image = new Float32Array(imageSize[0] * imageSize[1])
  const covariance = new Float64Array(2 * coils * coils)
  await writeFastMriSlices(
    path,
    { matrix: size, imageSize, slices: 1, header: '', coils: { count: coils, covariance } },
    () => ({ kspace, reconstruction: image, noiseFree: image }),
    () => ({ acquisition: 'noise', max: 1, norm: 1, patient_id: 'noise', generator: 'bench' }),
  )
}

export const slice: Kind<Slice> = {
  async write(given) {
    if (given.computed.noise) await writeNoise(sliceFile(given), given.computed.noise)
  },
  async load(given) {
    const { mask } = given
    const volume = await openVolume(sliceFile(given), '')
    const zeroFilling = makeZeroFilling((await requireCompute()).fourier)
    const reconstruct = () => zeroFilled(volume, 0, maskOf(volume, mask)(0), zeroFilling)
    return { result: reconstruct, once: reconstruct }
  },
}

const cflFile = ({ folder, name }: Given<Cfl>) => join(folder, `${name}.cfl`)

/** All slices hold the same noise. */
export const cfl: Kind<Cfl> = {
  async write(given) {
    const { coils, size, slices } = given.computed
    const random = stream(SEED, 'noise of an array')
    const noise = Float32Array.from({ length: 2 * coils * size[0] * size[1] }, () => random.normal())
    const path = cflFile(given)
    await writeFile(
      path.replace('.cfl', '.hdr'),
      `# Dimensions\n${size.join(' ')} 1 ${coils} ${'1 '.repeat(9)}${slices}\n`,
    )
    const file = await open(path, 'w')
    for (let slice = 0; slice < slices; slice++) await file.write(noise)
    await file.close()
  },
  async load(given) {
    const { size, slices } = given.computed
    const volume = await listVolume(cflFile(given), '')
    const zeroFilling = makeZeroFilling((await requireCompute()).fourier)
    const pattern = fullPattern(...size)
    const reconstruct = () => zeroFilled(volume, Math.floor(slices / 2), pattern, zeroFilling)
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
