import { describe, expect, it } from 'vitest'
import { unet } from '../../../../src/core/models/unet.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import { fromTorch, initialParameters, toTorch } from '../../../../src/core/training/parameters.ts'

const specs = unet.parameters({ channels: 2, pools: 2 })
const parameters = initialParameters(specs, 3)
const bytes = encodeCheckpoint({ tensors: toTorch(parameters, specs), metadata: { format: 'pt', run: '7' } })

describe('checkpoint', () => {
  it('comes back bit for bit, names and shapes as fastMRI’s', () => {
    const { tensors, metadata } = decodeCheckpoint(bytes, 'here')
    expect(metadata).toEqual({ format: 'pt', run: '7' })
    expect([...tensors.keys()].slice(0, 2)).toEqual([
      'down_sample_layers.0.layers.0.weight',
      'down_sample_layers.0.layers.4.weight',
    ])
    expect(tensors.get('up_transpose_conv.0.layers.0.weight')!.shape).toEqual([8, 4, 2, 2])
    expect(fromTorch(tensors, specs, 'here')).toEqual(parameters)
  })

  it('is read whatever else lies in the buffer it came in', () => {
    const within = Buffer.concat([Buffer.from('abc'), bytes]).subarray(3)
    expect(fromTorch(decodeCheckpoint(within, 'here').tensors, specs, 'here')).toEqual(parameters)
  })

  it('has its tensors at multiples of eight bytes', () => {
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0)
  })

  it.each([
    ['empty', bytes.subarray(0, 0)],
    ['within the header', bytes.subarray(0, 40)],
    ['within the tensors', bytes.subarray(0, bytes.length - 4)],
    ['of other content', new TextEncoder().encode('this is no checkpoint, but a longer text')],
  ])('that ends early or is something else is refused by name: %s', (_, broken) => {
    expect(() => decodeCheckpoint(broken, 'model.safetensors')).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_DAMAGED', message: expect.stringContaining('model.safetensors') }),
    )
  })

  it('of another network is refused, the tensor named', () => {
    const other = unet.parameters({ channels: 4, pools: 2 })
    expect(() => fromTorch(decodeCheckpoint(bytes, 'a').tensors, other, 'a')).toThrow(
      /down_sample_layers.0.layers.0.weight of 4 × 1 × 3 × 3, got 2 × 1 × 3 × 3, in a/,
    )
  })
})
