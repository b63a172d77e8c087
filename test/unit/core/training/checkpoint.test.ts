import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../src/contract/errors.ts'
import { fromTorch, initialParameters, toTorch } from '../../../../src/core/models/parameters.ts'
import { unet } from '../../../../src/core/models/unet.ts'
import { RandomState } from '../../../../src/core/mri/random.ts'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import { BEGINNING, decodeState, encodeState } from '../../../../src/core/training/state.ts'

const specs = unet.parameters({ channels: 2, pools: 2 })
const parameters = initialParameters(specs, 3)
const bytes = encodeCheckpoint({ tensors: toTorch(parameters, specs), metadata: { format: 'pt', run: '7' } })

describe('checkpoint', () => {
  it('is read back bit for bit, with fastMRI’s names and shapes', () => {
    const { tensors, metadata } = decodeCheckpoint(bytes, 'here')
    expect(metadata).toEqual({ format: 'pt', run: '7' })
    expect([...tensors.keys()].slice(0, 2)).toEqual([
      'down_sample_layers.0.layers.0.weight',
      'down_sample_layers.0.layers.4.weight',
    ])
    expect(tensors.get('up_transpose_conv.0.layers.0.weight')!.shape).toEqual([8, 4, 2, 2])
    expect(fromTorch(tensors, specs, 'here')).toEqual(parameters)
  })

  it('is read from a part of a larger buffer', () => {
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

  it('of another network is refused, and the tensor is named', () => {
    const other = unet.parameters({ channels: 4, pools: 2 })
    expect(() => fromTorch(decodeCheckpoint(bytes, 'a').tensors, other, 'a')).toThrow(
      /down_sample_layers.0.layers.0.weight of 4 × 1 × 3 × 3, got 2 × 1 × 3 × 3, in a/,
    )
  })
})

/** A safetensors file with this header, and with `dataBytes` bytes of data. */
function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)])
}

const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets })
const f32 = (from: number, to: number) => entry('F32', [(to - from) / 4], [from, to])

describe('a header', () => {
  it('may list tensors in another order than their bytes, and may hold scalars and empty tensors', () => {
    const header = {
      ...{ b: entry('F32', [2], [4, 12]), a: entry('F32', [], [0, 4]) },
      ...{ none: entry('F32', [3, 0], [12, 12]), __metadata__: { made: 'elsewhere' } },
    }
    const { tensors, metadata } = decodeCheckpoint(fileOf(header, 12), 'here')
    const shapes = Array.from(tensors, ([name, { shape, data }]) => [name, shape, data.length])
    expect(shapes.sort()).toEqual([
      ['a', [], 1],
      ['b', [2], 2],
      ['none', [3, 0], 0],
    ])
    expect(metadata).toEqual({ made: 'elsewhere' })
  })

  it.each<[string, Uint8Array]>([
    ['null', fileOf('null    ')],
    ['a number', fileOf('7')],
    ['a list', fileOf([])],
    ['no JSON', fileOf('{"a":')],
    ['no UTF-8', Buffer.from([4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0xff, 0x7d])],
    ['longer than the file', Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 0x7b, 0x7d])],
    ['metadata that is no text', fileOf({ __metadata__: { epoch: 3 } })],
    ['metadata that is a text', fileOf({ __metadata__: 'pt' })],
    ['an entry that is null', fileOf({ a: null })],
    ['an entry that is a list', fileOf({ a: [1] })],
    ['without shape', fileOf({ a: { dtype: 'F32' } })],
    ['without data_offsets', fileOf({ a: { dtype: 'F32', shape: [1] } }, 4)],
    ['without dtype', fileOf({ a: { shape: [1], data_offsets: [0, 4] } }, 4)],
    ['a dtype that is none', fileOf({ a: entry('F33', [1], [0, 4]) }, 4)],
    ['a dtype of Object’s own', fileOf({ a: entry('constructor', [1], [0, 4]) }, 4)],
    ['a shape that is a number', fileOf({ a: entry('F32', 1, [0, 4]) }, 4)],
    ['a shape of texts', fileOf({ a: entry('F32', ['1'], [0, 4]) }, 4)],
    ['a negative shape', fileOf({ a: entry('F32', [-1, -1], [0, 4]) }, 4)],
    ['half a row', fileOf({ a: entry('F32', [0.5, 2], [0, 4]) }, 4)],
    ['an absurd shape', fileOf({ a: entry('F32', [2 ** 53, 2 ** 53], [0, 4]) }, 4)],
    ['a shape whose product overflows', fileOf({ a: entry('F32', [...Array(40).fill(2 ** 52), 0], [0, 0]) })],
    ['a shape of other bytes', fileOf({ a: entry('F32', [2], [0, 4]) }, 4)],
    ['three offsets', fileOf({ a: entry('F32', [1], [0, 4, 8]) }, 8)],
    ['negative offsets', fileOf({ a: entry('F32', [1], [-4, 0]) }, 4)],
    ['offsets that run backwards', fileOf({ a: entry('F32', [1], [4, 0]) }, 4)],
    ['offsets beyond the file', fileOf({ a: f32(0, 4), b: f32(4, 8) }, 4)],
    ['overlapping tensors', fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12)],
    ['a gap', fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12)],
    ['bytes of no tensor', fileOf({ a: f32(0, 4) }, 8)],
    [
      'the same name twice',
      fileOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
    ],
    ['__proto__ with nothing in it', fileOf('{"__proto__":{}}')],
  ])('that lies is refused, with file and remedy: %s', (_, bytes) => {
    expect(() => decodeCheckpoint(bytes, 'model.safetensors')).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_DAMAGED',
        message: expect.stringMatching(
          /^Expected a safetensors checkpoint, got .*, in model\.safetensors\. Copy or download/,
        ),
      }),
    )
  })

  it.each(['F16', 'BF16', 'F64', 'I64'])('of %s is refused with the remedy', dtype => {
    const bytes = fileOf({ a: entry(dtype, [4], [0, dtype.endsWith('16') ? 8 : 32]) }, dtype.endsWith('16') ? 8 : 32)
    expect(() => decodeCheckpoint(bytes, 'model.safetensors')).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message:
          `Expected float32 (F32) for a, got ${dtype}, in model.safetensors. ` +
          'Save the weights as float32: in PyTorch, tensor.float().',
      }),
    )
  })
})

describe('numbers that are not usable as weights', () => {
  const fileWith = (name: string, ...data: number[]) =>
    encodeCheckpoint({
      tensors: new Map([[name, { shape: [data.length], data: Float32Array.from(data) }]]),
      metadata: {},
    })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'are named, with tensor and file: %d',
    value => {
      expect(() => decodeCheckpoint(fileWith('conv.weight', 1, 2, value, 4), 'model.safetensors')).toThrow(
        expect.objectContaining({
          code: 'NOT_FINITE',
          message: expect.stringContaining(
            `got ${value} in conv.weight, element 3 of 4, in model.safetensors. Choose weights`,
          ),
        }),
      )
    },
  )

  it('are infinities that cancel each other, too', () => {
    const bytes = fileWith('bias', Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
    expect(() => decodeCheckpoint(bytes, 'a')).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }))
  })

  it('are negative variances, but no other negative numbers, and no large ones', () => {
    expect(() => decodeCheckpoint(fileWith('bn1.running_var', 1, -0.5), 'a')).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_DAMAGED',
        message: expect.stringContaining('variances of at least 0, got -0.5 in bn1.running_var, element 2 of 2, in a'),
      }),
    )
    const large = fileWith('bn1.running_mean', -3.4e38, 3.4e38)
    expect(Array.from(decodeCheckpoint(large, 'a').tensors.get('bn1.running_mean')!.data)).toEqual(
      Array.from(Float32Array.of(-3.4e38, 3.4e38)),
    )
  })
})

describe('a file with anything changed in it', () => {
  const plain = { parameters: Float32Array.of(1, 2, 3), slots: [Float32Array.of(4, 5, 6)] }
  const whole: [string, Checkpoint, (bytes: Uint8Array) => unknown][] = [
    [
      'weights',
      { tensors: toTorch(parameters, specs), metadata: { format: 'pt' } },
      bytes => fromTorch(decodeCheckpoint(bytes, 'file').tensors, specs, 'file'),
    ],
    [
      'a state',
      encodeState('7', { progress: BEGINNING, plain }),
      bytes => decodeState(decodeCheckpoint(bytes, 'file'), '7', 'file'),
    ],
  ]
  const SNIPPETS = [
    'null',
    '-1',
    '1e999',
    '9007199254740993',
    '[]',
    '{}',
    '""',
    '"__proto__"',
    '\u0000',
    '0',
    ',',
    '}',
    ']',
  ]

  it.each(whole)('is read or refused by name, never with another error: %s', (_, checkpoint, read) => {
    const original = Buffer.from(encodeCheckpoint(checkpoint))
    const headerBytes = Number(original.readBigUInt64LE(0))
    const random = RandomState.fromSeed(17)
    let refused = 0
    for (let trial = 0; trial < 3000; trial++) {
      let bytes = Buffer.from(original)
      const inHeader = 8 + random.randint(headerBytes)
      const kind = random.randint(4)
      if (kind === 0) bytes[random.randint(8 + headerBytes)] = random.randint(256)
      else if (kind === 1) bytes = bytes.subarray(0, random.randint(bytes.length))
      else if (kind === 2) bytes.writeUInt8(random.randint(256), random.randint(bytes.length))
      else {
        // Replaces a value of the header, and corrects the header's length.
        const snippet = Buffer.from(SNIPPETS[random.randint(SNIPPETS.length)])
        const end = Math.min(inHeader + random.randint(12), 8 + headerBytes)
        bytes = Buffer.concat([bytes.subarray(0, inHeader), snippet, bytes.subarray(end)])
        bytes.writeBigUInt64LE(BigInt(headerBytes - (end - inHeader) + snippet.length))
      }
      try {
        read(bytes)
      } catch (error) {
        refused++
        expect(error).toBeInstanceOf(AppError)
        expect((error as AppError).message).toContain('file')
      }
    }
    expect(refused).toBeGreaterThan(1000) // Most of the 3000 changes are detected.
  })
})
