import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { makePlainKernels } from '../../../../src/core/kernels.ts'
import {
  countParameters,
  fromTorch,
  initialParameters,
  toTorch,
  unpack,
} from '../../../../src/core/models/parameters.ts'
import { unet } from '../../../../src/core/models/unet.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { eagerStepper, startingState } from '../../../../src/core/training/stepper.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'

const vectors = golden('unet')
const config = { channels: 4, pools: 2 }
const specs = unet.parameters(config)

const weights = () =>
  fromTorch(
    new Map(
      specs.map(spec => {
        const { shape, data } = vectors.array(`weight.${spec.name}`)
        return [spec.name, { shape, data: Float32Array.from(data) }]
      }),
    ),
    specs,
    'golden',
  )

/** [batch, 1, height, width] → [batch, height, width, 1]. With one channel, both orders have equal bytes. */
function image(name: string): tf.Tensor4D {
  const { shape, data } = vectors.array(name)
  return tf.tensor4d(Float32Array.from(data), [shape[0], shape[2], shape[3], 1])
}

const meanAbsoluteError = (prediction: tf.Tensor, target: tf.Tensor) =>
  tf.mean(tf.abs(tf.sub(prediction, target))) as tf.Scalar

/**
 * In the gradients of 16x16, a value lies 1e-7 from the corner of a leaky rectifier. Kernels that round differently may
 * fall on its other side. So these gradients are compared with the plain kernels.
 */
const AT_CORNER = '16x16'
const kernelsFor = (size: string) =>
  size === AT_CORNER ? { ...makePlainKernels(), update: kernels().update } : kernels()

beforeAll(useEngine)

describe.each(['16x16', '18x22'])('U-Net on %s', size => {
  it('gives PyTorch’s output', () => {
    const output = tf.tidy(
      () => unet.outputs(kernels(), config, unpack(tf.tensor1d(weights()), specs), { image: image(`${size}.x`) })[0],
    )
    expectClose(output.dataSync(), vectors.array(`${size}.y`).data, 2e-5)
  })

  it('gives PyTorch’s loss and gradients', () => {
    const { value, grad } = tf.valueAndGrad(flat =>
      meanAbsoluteError(
        unet.outputs(kernelsFor(size), config, unpack(flat as tf.Tensor1D, specs), { image: image(`${size}.x`) })[0],
        image(`${size}.target`),
      ),
    )(tf.tensor1d(weights()))
    expect(value.dataSync()[0]).toBeCloseTo(vectors.scalar(`${size}.loss`), 5)
    for (const [name, tensor] of toTorch(grad.dataSync() as Float32Array, specs)) {
      const expected = vectors.array(`${size}.grad.${name}`)
      expect(tensor.shape).toEqual(expected.shape)
      expectClose(tensor.data, expected.data, 1e-3)
      expect(tensor.data.some(value => value !== 0)).toBe(true)
    }
  })
})

describe('U-Net', () => {
  it('follows PyTorch over five steps of RMSprop', async () => {
    const used = kernelsFor(AT_CORNER)
    const optimizer = makeOptimizer(used, {
      kind: 'rmsprop',
      alpha: 0.99,
      epsilon: 1e-8,
      momentum: 0,
      weightDecay: 0,
    })
    const step = makeStep(
      specs,
      (parameters, { x, y }) => meanAbsoluteError(unet.outputs(used, config, parameters, { image: x })[0], y),
      optimizer,
    )
    const stepper = eagerStepper(step, startingState(weights(), optimizer))
    const batch = { x: image('16x16.x'), y: image('16x16.target') }
    const before = tf.memory().numTensors
    for (const [i, expected] of vectors.scalars('16x16.rmsprop_lr1e-3_losses_5_steps').entries())
      expect(Math.abs((await stepper.step(batch, optimizer.scalars(1e-3, i + 1))) / expected - 1)).toBeLessThan(1e-4)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('has as many parameters as fastMRI’s', () => {
    expect(countParameters(unet.parameters({ channels: 32, pools: 4 }))).toBe(7_756_097)
    expect(countParameters(unet.parameters({ channels: 64, pools: 4 }))).toBe(31_023_745)
  })

  it.each([
    [128, 126],
    [96, 96],
    [196, 128],
    [67, 45],
    [33, 34],
  ])('takes an image of %i × %i', (height, width) => {
    const large = { channels: 2, pools: 4 }
    const wide = unet.parameters(large)
    const image = tf.randomNormal<tf.Rank.R4>([1, height, width, 1], 0, 1, 'float32', 3)
    const [output] = unet.outputs(kernels(), large, unpack(tf.tensor1d(initialParameters(wide, 1)), wide), { image })
    expect(output.shape).toEqual([1, height, width, 1])
    expect(Array.from(output.dataSync()).every(Number.isFinite)).toBe(true)
  })

  it('starts from the same weights for the same seed, and from others for another', () => {
    expect(initialParameters(specs, 5)).toEqual(initialParameters(specs, 5))
    expect(initialParameters(specs, 5)).not.toEqual(initialParameters(specs, 6))
  })
})
