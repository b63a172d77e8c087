import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { reconstructionOf } from '../../../../src/core/models/network.ts'
import { fromTorch, initialParameters, toTorch, unpack } from '../../../../src/core/models/parameters.ts'
import { makeUnetPlusPlus, unetPlusPlus } from '../../../../src/core/models/unet-plus-plus.ts'
import { makeOptimizer } from '../../../../src/core/training/optimizers.ts'
import { makeStep } from '../../../../src/core/training/step.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose, golden } from '../../../golden.ts'

beforeAll(useEngine)

const vectors = golden('unetpp')
const network = makeUnetPlusPlus(() => [2, 4, 6, 8, 10])

/** [batch, 1, height, width] → [batch, height, width, 1]. With one channel, both orders have equal bytes. */
function image(name: string): tf.Tensor4D {
  const { shape, data } = vectors.array(name)
  return tf.tensor4d(Float32Array.from(data), [shape[0], shape[2], shape[3], 1])
}

/** Golden weights, with PyTorch's initial running statistics. */
function setUp(deepSupervision: boolean) {
  const config = { channels: 2, deepSupervision }
  const specs = network.parameters(config)
  const fresh = toTorch(initialParameters(specs, 0), specs)
  const tensors = new Map(
    specs.map(({ name }) => {
      if (/\.running_/.test(name)) return [name, fresh.get(name)!]
      const { shape, data } = vectors.array(`weight.${name}`)
      return [name, { shape, data: Float32Array.from(data) }]
    }),
  )
  return { config, specs, flat: tf.tensor1d(fromTorch(tensors, specs, 'golden')) }
}

/** A training pass: the outputs, and the buffers that the pass set. */
function pass({ config, specs }: ReturnType<typeof setUp>, flat: tf.Tensor1D) {
  const set = new Map<string, tf.Tensor>()
  const outputs = network.outputs(
    kernels(),
    config,
    unpack(flat, specs),
    { image: image('x') },
    {
      set: (name, value) => set.set(name, tf.keep(value)),
    },
  )
  return { outputs, set }
}

const lossOf = (outputs: readonly tf.Tensor[]) =>
  tf.div(tf.addN(outputs.map(output => tf.mean(tf.abs(tf.sub(output, image('target')))))), outputs.length) as tf.Scalar

describe('U-Net++', () => {
  it('gives PyTorch’s output, running statistics, and output with these statistics', () => {
    const { config, specs, flat } = setUp(false)
    const { outputs, set } = pass({ config, specs, flat }, flat)
    expectClose(outputs[0].dataSync(), vectors.array('nods.y').data, 1e-4)
    for (const name of ['conv0_0.bn1', 'conv4_0.bn2', 'conv0_4.bn2']) {
      for (const statistic of ['running_mean', 'running_var'])
        expectClose(set.get(`${name}.${statistic}`)!.dataSync(), vectors.array(`nods.${statistic}.${name}`).data, 1e-5)
    }
    const updated = { ...unpack(flat, specs), ...Object.fromEntries(set) }
    const running = specs.flatMap(({ name }) => (/\.running_/.test(name) ? [name] : []))
    expect(new Set(set.keys())).toEqual(new Set(running))
    expect(running).toHaveLength(15 * 2 * 2)
    expectClose(
      network.outputs(kernels(), config, updated, { image: image('x') })[0].dataSync(),
      vectors.array('nods.y_eval').data,
      1e-4,
    )
  })

  it('sets its running statistics in a training step', () => {
    const { config, specs, flat } = setUp(false)
    const sgd = makeOptimizer(kernels(), { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, larc: null })
    const step = makeStep(
      specs,
      (parameters, { x }, pass) => lossOf(network.outputs(kernels(), config, parameters, { image: x }, pass)),
      sgd,
    )
    const { state } = step({ parameters: flat, slots: [] }, { x: image('x') }, [tf.scalar(0.1)])
    const [before, after] = [flat, state.parameters].map(each => toTorch(each.dataSync() as Float32Array, specs))
    for (const statistic of ['running_mean', 'running_var']) {
      const expected = vectors.array(`nods.${statistic}.conv0_4.bn2`).data
      expectClose(after.get(`conv0_4.bn2.${statistic}`)!.data, expected, 1e-5)
    }
    expect(after.get('conv0_4.conv2.weight')).not.toEqual(before.get('conv0_4.conv2.weight'))
    expect(after.get('conv0_4.conv2.bias')).toEqual(before.get('conv0_4.conv2.bias'))
  })

  it('gives PyTorch’s four outputs with deep supervision', () => {
    const made = setUp(true)
    const { outputs } = pass(made, made.flat)
    expect(outputs).toHaveLength(4)
    for (const [i, output] of outputs.entries())
      expectClose(output.dataSync(), vectors.array(`ds.y${i + 1}`).data, 1e-4)
  })

  it.each([
    ['nods', false],
    ['ds', true],
  ] as const)('gives PyTorch’s loss and gradients: %s', (name, deepSupervision) => {
    const made = setUp(deepSupervision)
    const { value, grad } = tf.valueAndGrad(flat => lossOf(pass(made, flat as tf.Tensor1D).outputs))(made.flat)
    expect(value.dataSync()[0]).toBeCloseTo(vectors.scalar(`${name}.loss`), 5)
    let compared = 0
    for (const [tensor, { data }] of toTorch(grad.dataSync() as Float32Array, made.specs)) {
      if (/\.conv\d\.bias$/.test(tensor)) {
        expect(Math.max(...data.map(Math.abs)), tensor).toBe(0) // Batch norm removes a constant.
      } else if (vectors.names.includes(`${name}.grad.${tensor}`)) {
        expectClose(data, vectors.array(`${name}.grad.${tensor}`).data, 5e-3)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(0)
    expect(compared).toBe(vectors.names.filter(each => each.startsWith(`${name}.grad.`)).length)
  })

  it.each([
    [16, 16],
    [128, 126],
    [67, 45],
    [320, 17],
  ])('takes an image of %i × %i', (height, width) => {
    const config = { channels: 1, deepSupervision: false }
    const specs = unetPlusPlus.parameters(config)
    const image = tf.randomNormal<tf.Rank.R4>([1, height, width, 1], 0, 1, 'float32', 3)
    const parameters = unpack(tf.tensor1d(initialParameters(specs, 1)), specs)
    const output = reconstructionOf(unetPlusPlus.outputs(kernels(), config, parameters, { image }))
    expect(output.shape).toEqual([1, height, width, 1])
    expect(Array.from(output.dataSync()).every(Number.isFinite)).toBe(true)
  })

  it('gives the features of every layer that it names', () => {
    const config = { channels: 1, deepSupervision: false }
    const specs = unetPlusPlus.parameters(config)
    const heard: string[] = []
    tf.tidy(() => {
      unetPlusPlus.outputs(
        kernels(),
        config,
        unpack(tf.tensor1d(initialParameters(specs, 1)), specs),
        { image: tf.zeros([1, 32, 32, 1]) },
        {
          tap: name => heard.push(name),
        },
      )
    })
    expect(heard).toEqual(unetPlusPlus.layers(config))
    expect(heard).toContain(unetPlusPlus.bottleneck(config).layer)
  })
})
