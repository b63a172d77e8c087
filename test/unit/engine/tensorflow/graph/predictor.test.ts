import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { NETWORKS, networkOf } from '../../../../../src/core/models/index.ts'
import { type Model, makeEagerPredict } from '../../../../../src/core/models/model.ts'
import { initialParameters } from '../../../../../src/core/models/parameters.ts'
import { makeGraphPredictor, RECORDED_AFTER } from '../../../../../src/engine/tensorflow/graph/predictor.ts'
import { kernels, useEngine } from '../../../../engine.ts'
import { noiseParts, SMALL_NETWORK } from '../../../../network-inputs.ts'
import { backend } from './steps.ts'

beforeAll(useEngine)

const sessions = () =>
  (backend() as unknown as { binding: { getNumOfSavedModels(): number } }).binding.getNumOfSavedModels()

function modelOf(channels: number, seed: number, id = 'unet'): Model {
  const network = networkOf(id)
  const config = network.config.parse({ ...SMALL_NETWORK, channels, pools: 2 })
  const specs = network.parameters(config)
  return { network, config, specs, parameters: tf.tensor1d(initialParameters(specs, seed)) }
}

describe('a graph predictor', () => {
  const lines: string[] = []
  let predict: ReturnType<typeof makeGraphPredictor>
  let before: number

  beforeEach(() => {
    lines.length = 0
    before = sessions()
    predict = makeGraphPredictor(backend(), kernels(), line => lines.push(line))
  })

  afterEach(() => {
    predict.dispose()
    expect(sessions()).toBe(before)
  })

  /** Predicts images, and expects each to equal the eager prediction. */
  async function expectEqual(model: Model, shape: readonly [number, number], images: number): Promise<void> {
    for (let i = 1; i <= images; i++) {
      const parts = noiseParts(model.network, model.config, shape, i)
      expect(await predict(model, parts, shape)).toEqual(await makeEagerPredict(kernels())(model, parts, shape))
    }
  }

  it.each(Object.keys(NETWORKS))(
    'records %s after some images of one shape, and each output equals the eager output, bit for bit',
    async id => {
      const model = modelOf(2, 1, id)
      await expectEqual(model, [24, 21], RECORDED_AFTER)
      expect(sessions()).toBe(before)
      await expectEqual(model, [24, 21], 3)
      expect(sessions()).toBe(before + 1)
      await expectEqual(model, [16, 16], RECORDED_AFTER + 2)
      await expectEqual(model, [24, 21], 2)
      expect(sessions()).toBe(before + 1)
      expect(lines).toEqual([])
    },
  )

  it('takes other weights of the network, and another network', async () => {
    const [first, second, wider] = [modelOf(2, 1), modelOf(2, 2), modelOf(3, 1)]
    await expectEqual(first, [16, 16], RECORDED_AFTER + 2)
    await expectEqual(second, [16, 16], 2)
    await expectEqual(first, [16, 16], 2)
    await expectEqual(wider, [16, 16], 2)
    expect(sessions()).toBe(before)
  })

  it('leaves no tensor behind', async () => {
    const model = modelOf(2, 1)
    await expectEqual(model, [16, 16], RECORDED_AFTER + 1)
    const held = tf.memory().numTensors
    await expectEqual(model, [16, 16], 5)
    expect(tf.memory().numTensors).toBe(held)
  })

  it('frees its session after some time without a request', async () => {
    vi.useFakeTimers()
    await expectEqual(modelOf(2, 1), [16, 16], RECORDED_AFTER + 1)
    expect(sessions()).toBe(before + 1)
    vi.advanceTimersByTime(61_000)
    expect(sessions()).toBe(before)
    vi.useRealTimers()
  })

  it('stays eager if the network cannot be recorded, and says so once', async () => {
    const model = modelOf(2, 1)
    const noisy: Model = {
      ...model,
      network: {
        ...model.network,
        label: 'noisy',
        outputs: (kernels, config, parameters, { image }) =>
          model.network.outputs(kernels, config, parameters, { image: tf.add(image, tf.randomNormal(image.shape)) }),
      },
    }
    for (let i = 0; i < RECORDED_AFTER + 3; i++)
      await predict(noisy, noiseParts(noisy.network, noisy.config, [16, 16], 1), [16, 16])
    expect(lines).toEqual([
      expect.stringMatching(/^The network runs eagerly.* on inputs of 16 × 16 × 1 → 16 × 16. An undeclared tensor/),
    ])
    expect(sessions()).toBe(before)
  })
})
