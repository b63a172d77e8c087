import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { complexUnet } from '../../../../src/core/models/complex-unet.ts'
import { initialParameters, unpack } from '../../../../src/core/models/parameters.ts'
import { type NormUnet, normUnetParameters, normUnetPass } from '../../../../src/core/models/physics/norm-unet.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'
import { expectGradients, goldenTensor, goldenWeights, noise } from '../../../physics.ts'

beforeAll(useEngine)

const data = (x: tf.Tensor) => x.dataSync() as Float32Array
const vectors = golden('complex-unet')
const normUnet: NormUnet = { size: { channels: 3, pools: 2 }, prefix: '', zeroStart: false }
const specs = normUnetParameters(normUnet)
const pass = (flat: tf.Tensor, x: tf.Tensor) =>
  normUnetPass(kernels(), normUnet, unpack(flat as tf.Tensor1D, specs), x as tf.Tensor4D)

/** [batch, 1, rows, columns, 2] → [batch, rows, columns, 2] */
const image = (name: string) => {
  const [batch, , rows, columns] = vectors.array(name).shape
  return goldenTensor(vectors, name, [batch, rows, columns, 2]) as tf.Tensor4D
}

describe.each(['even', 'odd'])('NormUnet, %s size', size => {
  it('gives fastMRI’s output', () => {
    expectClose(
      data(pass(tf.tensor1d(goldenWeights(vectors, specs)), image(`${size}.x`))),
      vectors.array(`${size}.y`).data,
      2e-5,
    )
  })

  it('gives fastMRI’s loss and gradients', () => {
    const loss = (flat: tf.Tensor, x: tf.Tensor) => tf.mean(tf.abs(tf.sub(pass(flat, x), image(`${size}.target`))))
    const weights = tf.tensor1d(goldenWeights(vectors, specs))
    const { value, grads } = tf.valueAndGrads(loss)([weights, image(`${size}.x`)])
    expect(data(value)[0] / vectors.scalar(`${size}.loss`)).toBeCloseTo(1, 5)
    expectGradients(vectors, size, data(grads[0]), specs, 1e-3)
    expectClose(data(grads[1]), vectors.array(`${size}.grad_x`).data, 1e-3)
  })
})

/** The first 7 of 20 columns of two samples. */
const maskOf = () =>
  tf.tensor(
    Array.from({ length: 40 }, (_, i) => (i % 20 < 7 ? 1 : 0)),
    [2, 1, 20, 1],
  )

describe('complex U-Net', () => {
  const parse = (settings: object) => complexUnet.config.parse({ channels: 2, pools: 2, ...settings })
  const parametersOf = (config: ReturnType<typeof parse>) => {
    const own = complexUnet.parameters(config)
    return { own, flat: tf.tensor1d(initialParameters(own, 1)) }
  }
  const outputOf = (config: ReturnType<typeof parse>, input: Readonly<Record<string, tf.Tensor>>) => {
    const { own, flat } = parametersOf(config)
    return complexUnet.outputs(kernels(), config, unpack(flat, own), input)[0]
  }

  it('starts at the zero-filled image with a zero start', () => {
    const x = noise<tf.Tensor4D>([2, 19, 18, 2], 1)
    const output = outputOf(parse({ zeroStart: true }), { image: x })
    expect(output.shape).toEqual([2, 19, 18, 1])
    expectClose(data(output), data(tf.sqrt(tf.sum(tf.square(x), 3))), 1e-6)
    expect(data(outputOf(parse({}), { image: x }))).not.toEqual(data(output))
  })

  it.each(['soft', 'hard'] as const)(
    'keeps measured samples with %s data consistency, and gives its k-space',
    consistency => {
      const config = parse({ consistency })
      const shape = [2, 3, 18, 20, 2]
      const mask = maskOf()
      const kspace: tf.Tensor = tf.mul(noise(shape, 1), tf.expandDims(mask, 1))
      const input = { image: noise([2, 18, 20, 2], 2), kspace, mask, maps: noise(shape, 3) }
      const { own, flat } = parametersOf(config)
      const given = new Map<string, tf.Tensor>()
      const give = (what: string, value: tf.Tensor) => void given.set(what, value)
      complexUnet.outputs(kernels(), config, unpack(flat, own), input, { give })
      expect([...given.keys()]).toEqual(complexUnet.gives!(config))
      // η starts at 1, so soft consistency is exact at first.
      expectClose(data(tf.mul(given.get('k-space')!, tf.expandDims(mask, 1))), data(kspace), 1e-5)
    },
  )

  it.each(['none', 'soft', 'hard'] as const)(
    'gives no NaN for slices and coils without signal, consistency %s',
    consistency => {
      const config = parse({ consistency })
      const { own, flat } = parametersOf(config)
      const shape = [2, 2, 18, 20, 2]
      const live = tf.tensor([1, 0, 0, 0], [2, 2, 1, 1, 1])
      const kspace: tf.Tensor = tf.mul(noise(shape, 1), live)
      const input = {
        image: tf.mul(noise([2, 18, 20, 2], 2), tf.tensor([1, 0], [2, 1, 1, 1])),
        ...{ kspace, mask: maskOf(), maps: tf.mul(noise(shape, 3), live) },
      }
      const target = noise([2, 18, 20, 1], 4)
      const { value, grad } = tf.valueAndGrad(parameters =>
        tf.mean(
          tf.abs(
            tf.sub(complexUnet.outputs(kernels(), config, unpack(parameters as tf.Tensor1D, own), input)[0], target),
          ),
        ),
      )(flat)
      expect(Number.isFinite(data(value)[0])).toBe(true)
      expect(data(grad).every(Number.isFinite)).toBe(true)
      expect(data(grad).some(each => each !== 0)).toBe(true)
    },
  )

  it('is recognised from names and shapes', () => {
    for (const settings of [{}, { consistency: 'soft', channels: 3, pools: 4 }]) {
      const config = parse(settings)
      const shapes = new Map(complexUnet.parameters(config).map(({ name, shape }) => [name, shape]))
      expect({ ...config, ...complexUnet.sign.settings(shapes) }).toEqual(config)
      expect(shapes.has(complexUnet.sign.first)).toBe(true)
    }
  })

  it('takes images whose padded bottleneck has more than one pixel', () => {
    const config = parse({ pools: 4 })
    expect(complexUnet.minimumSize(config)).toBe(17)
    expect(complexUnet.tooSmall(config, [17, 17], 1)).toBeNull()
    expect(complexUnet.tooSmall(config, [16, 16], 1)).toMatch(/4 pools leave the bottleneck 1 × 1.*at most 3 pools/)
    expect(complexUnet.minimumSize(parse({ pools: 3 }))).toBe(1)
  })
})
