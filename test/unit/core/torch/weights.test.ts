import { describe, expect, it } from 'vitest'
import { prefixesOf } from '../../../../src/core/models/names.ts'
import { fromTorch } from '../../../../src/core/models/parameters.ts'
import { unet } from '../../../../src/core/models/unet.ts'
import { decodeWeights, parametersOf } from '../../../../src/core/torch/weights.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import { readTorchFixture } from '../../../torch-files.ts'

const specs = unet.parameters({ channels: 2, pools: 2 })
const { tensors } = decodeCheckpoint(readTorchFixture('unet.safetensors'), 'unet')
const right = fromTorch(tensors, specs, 'unet')

describe('weights of a known network', () => {
  it.each(['unet.safetensors', 'unet.pt', 'unet.ckpt', 'unet-2018.pt'])('are the same from %s', name => {
    expect(parametersOf(decodeWeights(readTorchFixture(name), name), specs, name)).toEqual(right)
  })

  it('may have a prefix and a loss’s buffer beside them, in safetensors too', () => {
    const foreign = new Map(Array.from(tensors, ([name, tensor]) => [`net.unet.${name}`, tensor]))
    foreign.set('loss.w', { shape: [1], data: Float32Array.of(1 / 49) })
    foreign.set('ssim_loss.w', { shape: [1], data: Float32Array.of(1 / 49) })
    foreign.set('TotSliceExamples.quantity', { shape: [], data: Float32Array.of(9) })
    const bytes = encodeCheckpoint({ tensors: foreign, metadata: {} })
    expect(parametersOf(decodeWeights(bytes, 'a'), specs, 'a')).toEqual(right)
  })

  it('are refused if another network’s tensors stand beside them', () => {
    const foreign = new Map(Array.from(tensors, ([name, tensor]) => [`unet.${name}`, tensor]))
    foreign.set('discriminator.w', { shape: [1], data: Float32Array.of(1) })
    const bytes = encodeCheckpoint({ tensors: foreign, metadata: {} })
    expect(() => parametersOf(decodeWeights(bytes, 'a'), specs, 'a')).toThrow(/got none, in a/)
  })
})

it('a file with PyTorch’s ending and other contents is refused as a file of PyTorch', () => {
  expect(() => decodeWeights(Buffer.from('<html>'), 'unet.PT')).toThrow(
    'Expected a PyTorch checkpoint, got a file that is no zip file, in unet.PT.',
  )
})

it('prefixes are whole parts that all names have', () => {
  expect(prefixesOf(['model.unet.conv', 'model.unet.bias'])).toEqual(['', 'model.', 'model.unet.'])
  expect(prefixesOf(['unet.a', 'unetwork.a'])).toEqual([''])
  expect(prefixesOf(['a.b', 'a'])).toEqual([''])
  expect(prefixesOf([])).toEqual([''])
})
