/**
 * Sub-sample again, our own baseline for every pretext. The measured lines are sub-sampled once more, and the network
 * learns the image of all measured lines: loss = mean |output − target|, on normalised images as in fine-tuning.
 * Complex images are compared as complex images, because each cascade of an unrolled network removes complex aliasing.
 * The method sees only sub-sampled k-space. It is a denoising auto-encoder (Vincent et al. 2008) in the spirit of SSDU
 * (Yaman et al. 2020, arXiv:1912.07669).
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Pretext, Recipe } from '../../contract/recipes.ts'
import { normalise, rescale } from '../mri/transform.ts'
import { read } from '../read.ts'
import { BASELINE, FINE_TUNING, UNROLLED } from '../training/recipes.ts'
import { type Image, isComplex, planewise, rootMeanSquare } from './image.ts'
import type { Sample, SslMethod } from './method.ts'
import { picture } from './views.ts'

const SubsampleAgainConfig = z.object({})
type SubsampleAgainConfig = z.infer<typeof SubsampleAgainConfig>

/**
 * Input and target in the input's units: magnitudes have mean 0 and SD 1, complex images a root mean square of 1.
 * The loss, and the weight of a reconstruction term, then mean nearly the same for both.
 */
export function inputAndTarget(again: Image, measured: Image) {
  const { mean, std } = isComplex(again) ? { mean: 0, std: rootMeanSquare(again) } : normalise(again.planes[0])
  const inUnits = (image: Image) =>
    planewise(image, image.shape, plane =>
      isComplex(image) ? plane.map(value => value / std) : rescale(plane, mean, std),
    )
  return {
    input: picture(inUnits(again), 'sub-sampled again'),
    target: picture(inUnits(measured), 'all measured lines'),
  }
}

const parts = (_: SubsampleAgainConfig, sample: Sample) => inputAndTarget(sample.again(0), sample.measured())

export const subsampleAgain: SslMethod<SubsampleAgainConfig> = {
  label: 'Sub-sample again',
  paper: 'in the spirit of SSDU (Yaman et al. 2020, arXiv:1912.07669)',
  config: SubsampleAgainConfig,
  recipes: {
    original: {
      note:
        'Not in the original work: the baseline that any pretext must beat. ' +
        'Trained as the original work fine-tunes, for as many epochs as its baseline.',
      network: 'unet',
      networkConfig: { channels: 32 },
      methodConfig: {},
      pretext: Pretext.parse({}),
      training: { ...BASELINE, milestones: [10, 20, 50] },
      fineTuning: FINE_TUNING,
    },
    workstation: {
      note: 'Twenty epochs, as in the trial that it comes from.',
      network: 'unet',
      networkConfig: { channels: 16 },
      methodConfig: {},
      pretext: Pretext.parse({}),
      training: Recipe.parse({
        epochs: 20,
        batch: 1,
        optimizer: { kind: 'rmsprop' },
        schedule: { kind: 'constant', rate: 1e-3 },
      }),
      fineTuning: FINE_TUNING,
    },
  },
  onComplex: {
    original: { training: { ...UNROLLED.original, milestones: [10, 20, 50] } },
    workstation: { training: UNROLLED.workstation },
  },
  separable: true,
  contrastive: false,
  smallestView: () => null,
  parts,
  head: () => [],
  loss: (_, trunk, parameters, { input, target }, pass) =>
    tf.mean(tf.abs(tf.sub(trunk.output(parameters, input as tf.Tensor4D, pass), target))) as tf.Scalar,
  chanceLoss: () => null,
  figures: [
    {
      id: 'input loss',
      label: 'Loss of the input',
      meaning: 'the loss if the network changed nothing',
      unit: 'loss',
      better: null,
    },
  ],
  async judge(_, trunk, parameters, { input, target }) {
    const [loss, unchanged] = await read(() => {
      const images = [trunk.output(parameters, input as tf.Tensor4D, {}), input]
      return tf.stack(images.map(image => tf.mean(tf.abs(tf.sub(image, target)))))
    })
    return { loss, figures: { 'input loss': unchanged } }
  },
}
