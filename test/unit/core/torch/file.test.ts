import { describe, expect, it } from 'vitest'
import type { PlainTensor } from '../../../../src/core/models/parameters.ts'
import { readTorchFile } from '../../../../src/core/torch/file.ts'
import { decodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import { p, readTorchFixture, tensorPart, torchFileOf, zipOf } from '../../../torch-files.ts'

/** Shapes and bits of tensors, sorted by name. A name may have a prefix. */
const bitsOf = (tensors: ReadonlyMap<string, PlainTensor>, prefix = '') =>
  Array.from(tensors, ([name, { shape, data }]) => [
    prefix + name,
    shape,
    Array.from(new Uint32Array(data.slice().buffer)),
  ])
    .map(each => JSON.stringify(each))
    .sort()

const rightBits = (name: string, prefix: string) =>
  bitsOf(decodeCheckpoint(readTorchFixture(`${name}.safetensors`), name).tensors, prefix)

describe('a file that PyTorch has written', () => {
  it.each([
    ['unet.pt', 'unet', ''],
    ['unet.ckpt', 'unet', 'unet.'],
    ['unet-2018.pt', 'unet', 'module.'],
    ['varnet.pt', 'varnet', ''],
    ['varnet.ckpt', 'varnet', 'varnet.'],
    ['without-crc32.pt', 'linear', ''],
  ])('gives its weights bit for bit: %s', (name, right, prefix) => {
    const { tensors, remarks } = readTorchFile(readTorchFixture(name), name)
    expect(bitsOf(tensors)).toEqual(rightBits(right, prefix))
    expect(remarks).toEqual([])
  })

  it.each(['varied.pt', 'varied-protocol-4.pt'])(
    'may have shared storages, other orders of axes and other numbers: %s',
    name => {
      const { tensors, remarks } = readTorchFile(readTorchFixture(name), name)
      expect(bitsOf(tensors)).toEqual(rightBits('varied', ''))
      expect(remarks).toEqual([
        'The file holds numbers of float16. They were converted exactly to float32.',
        'The file holds numbers of bfloat16. They were converted exactly to float32.',
        'The file holds numbers of float64. They were rounded to float32.',
      ])
    },
  )

  it('is read from a part of a larger buffer', () => {
    const within = Buffer.concat([Buffer.from('abc'), readTorchFixture('varied.pt')]).subarray(3)
    expect(bitsOf(readTorchFile(within, 'here').tensors)).toEqual(rightBits('varied', ''))
  })

  it('shares its memory with the weights', () => {
    const bytes = Uint8Array.from(readTorchFixture('unet.pt'))
    for (const { data } of readTorchFile(bytes, 'unet.pt').tensors.values()) expect(data.buffer).toBe(bytes.buffer)
  })

  it.each([
    [
      'before-1.6.pt',
      /got a file of PyTorch before 1\.6, in FILE\. Save it again with PyTorch 1\.6 or newer: torch\.save/,
    ],
    ['module.pt', /got an object of torch\.nn\.modules\.linear\.Linear, in FILE\. Save the weights alone: torch\.save/],
    ['script.pt', /got a TorchScript program, in FILE\. Save its weights: torch\.save/],
  ])('is refused with the remedy, if it holds other things than weights: %s', (name, message) => {
    expect(() => readTorchFile(readTorchFixture(name), 'FILE')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FORMAT', message: expect.stringMatching(message) }),
    )
  })
})

const weight = (parts: Parameters<typeof tensorPart>[0] = {}) => p.dictionary([p.text('weight'), tensorPart(parts)])
const system = p.call('posix', 'system', p.text('touch /tmp/executed'))

describe('a pickle', () => {
  it('may name functions beside the weights. They are not run, and a remark names them', () => {
    const whole = p.dictionary(
      [p.text('state_dict'), weight()],
      [p.text('hyper_parameters'), p.dictionary([p.text('lr'), system])],
      [p.text('path'), p.call('pathlib', 'PosixPath', p.text('a'))],
    )
    const { tensors, remarks } = readTorchFile(torchFileOf(whole), 'here')
    expect(Array.from(tensors.get('weight')!.data)).toEqual([1, 2, 3, 4, 5, 6])
    expect(remarks).toEqual([
      'The file also holds objects of posix.system. They were not read, and no code of theirs was run.',
    ])
  })

  it.each<[string, Buffer, RegExp]>([
    ['a function as the whole', system, /got an object of posix\.system/],
    ['a function among the weights', p.dictionary([p.text('bias'), system]), /got an object of posix\.system in bias/],
    ['a module in model', p.dictionary([p.text('model'), p.call('a', 'Net')]), /got an object of a\.Net in model/],
    ['a class among the weights', p.dictionary([p.text('a'), p.global('b', 'C')]), /an object of b\.C in a instead/],
    ['a number among the weights', p.dictionary([p.text('step'), p.whole(-7)]), /the number -7 in step instead/],
    ['a text among the weights', p.dictionary([p.text('a'), p.text('b')]), /a text in a instead of a tensor/],
    ['a list among the weights', p.dictionary([p.text('a'), p.code(']')]), /a list in a instead of a tensor/],
    ['a name that is none', p.dictionary([p.whole(1), tensorPart({})]), /weights under the number 1 instead/],
    ['no weights', p.dictionary(), /got no tensor/],
    ['one tensor', tensorPart({}), /got one tensor/],
    ['integers', weight({ type: 'LongStorage', length: 3 }), /got int64 in weight/],
    ['numbers of unknown kind', weight({ type: 'QInt8Storage' }), /got torch\.QInt8Storage in weight/],
  ])('is refused by name and with a remedy, if the weights hold something else: %s', (_, value, message) => {
    expect(() => readTorchFile(torchFileOf(value), 'model.pt')).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message: expect.stringMatching(new RegExp(`${message.source}.*in model\\.pt\\. Save `)),
      }),
    )
  })

  const deep = Buffer.alloc(100_000, ']')
  const again = p.dictionary(
    ...Array.from({ length: 50 }, (_, i): [Buffer, Buffer] => [
      p.text(`weight ${i}`),
      tensorPart({ size: [1000], stride: [0] }),
    ]),
  )
  it.each<[string, Buffer, RegExp]>([
    ['a negative size', weight({ size: [-2, -3] }), /no whole numbers of 0 or more/],
    ['a negative stride', weight({ stride: [-3, 1], offset: 3 }), /no whole numbers of 0 or more/],
    ['a negative offset', weight({ offset: -1 }), /no whole numbers of 0 or more/],
    ['a size beyond whole numbers', weight({ size: [2, 2 ** 60] }), /no whole numbers of 0 or more/],
    ['fewer strides than sizes', weight({ stride: [1] }), /do not belong together/],
    ['too many axes', weight({ size: Array(65).fill(1), stride: Array(65).fill(1) }), /65 axes/],
    ['a shape beyond the numbers', weight({ size: [3, 3] }), /weight that reaches beyond its numbers/],
    ['an offset beyond the numbers', weight({ offset: 1 }), /weight that reaches beyond its numbers/],
    ['an absurd shape', weight({ size: [2 ** 52, 2 ** 52], stride: [0, 0] }), /more than 4 times the file/],
    [
      'an absurd empty shape',
      weight({ size: [...Array(40).fill(2 ** 52), 0], stride: Array(41).fill(0) }),
      /more than 4 times/,
    ],
    ['one number a billion times', weight({ size: [1e9], stride: [0] }), /more than 4 times the file/],
    ['the same numbers under many names', again, /more than 4 times the file/],
    ['fewer numbers than told', weight({ length: 7 }), /24 bytes instead of 28 for weight/],
    ['more numbers than told', weight({ length: 5, size: [5], stride: [1] }), /24 bytes instead of 20 for weight/],
    ['a storage that is not there', weight({ key: '1' }), /without archive\/data\/1/],
    ['a tensor of something else', p.call('torch._utils', '_rebuild_tensor_v2', p.text('a')), /without storage/],
    ['a dictionary made of a list', p.call('collections', 'OrderedDict', p.code(']')), /made of a list/],
    ['a storage of something else', p.all(p.text('storage'), p.code('Q')), /a storage without class/],
    ['lists in lists in lists', p.all(deep, Buffer.alloc(deep.length - 1, 'a')), /a list/],
    ['more steps than allowed', Buffer.alloc(500_001, 'N'), /more than 500000 steps/],
    ['an unknown opcode', p.code('\xff'), /opcode 255/],
    ['an opcode of protocol 0', p.code('I1\n'), /opcode 73/],
    ['a mark that is not there', p.code('t'), /a mark which is not there/],
    ['a value that is not there', p.code('\x86'), /a value which is not there/],
    ['a value below the mark', p.code('}(s'), /a value which is not there/],
    ['an end below the mark', p.code('}('), /a value which is not there/],
    ['a memory that is not there', p.code('h\x01'), /recalls what it did not remember/],
    ['a key without value', p.code('}(Nu'), /a key without value/],
    ['items of no dictionary', p.code('](NNu'), /items of no dictionary/],
    ['items of no list', p.code('}Na'), /appends to no list/],
    ['a call of no function', p.code('N)R'), /calls what is no function/],
    ['a call without arguments', p.all(p.global('a', 'b'), p.code('NR')), /calls without arguments/],
    ['a nameless function', p.code('NN\x93'), /a nameless function/],
    ['a function without end', Buffer.from('cposix'), /a pickle that ends early/],
    ['a text longer than the file', p.code('X\xff\xff\xff\xffabc'), /a pickle that ends early/],
    ['a text of 2^64 bytes', p.code('\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc'), /a pickle that ends early/],
  ])('that is damaged is refused by name: %s', (_, value, message) => {
    expect(() => readTorchFile(torchFileOf(value), 'model.pt')).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/CHECKPOINT_DAMAGED|UNSUPPORTED_FORMAT/),
        message: expect.stringMatching(
          new RegExp(`^Expected a PyTorch.*, got .*${message.source}.*, in model\\.pt\\. `),
        ),
      }),
    )
  })

  it('of protocol 0 is refused', () => {
    const file = zipOf([{ name: 'a/data.pkl', content: Buffer.from('(dp0\n.') }])
    expect(() => readTorchFile(file, 'model.pt')).toThrow(/no protocol from 2 to 5, in model\.pt/)
  })

  it('with numbers that are not finite is refused', () => {
    const content = new Uint8Array(Float32Array.of(1, Number.NaN).buffer)
    const file = torchFileOf(weight({ key: '1', length: 2, size: [2], stride: [1] }), [
      { name: 'archive/data/1', content },
    ])
    expect(() => readTorchFile(file, 'model.pt')).toThrow(
      expect.objectContaining({ code: 'NOT_FINITE', message: expect.stringContaining('got NaN in weight, element 2') }),
    )
  })
})

describe('a zip file', () => {
  const pickle = { name: 'a/data.pkl', content: p.pickle(weight()) }
  const numbers = { name: 'a/data/0', content: new Uint8Array(24) }
  const whole = zipOf([pickle, numbers])

  it.each<[string, Buffer, RegExp]>([
    [
      'of compressed members',
      zipOf([pickle, { ...numbers, method: 8 }]),
      /a compressed member a\/data\/0.*torch\.save/,
    ],
    [
      'of encrypted members',
      zipOf([{ ...pickle, flags: 1 }, numbers]),
      /an encrypted member a\/data\.pkl.*torch\.save/,
    ],
    [
      'without pickle',
      zipOf([{ name: 'a.npy', content: numbers.content }]),
      /a zip file with 0 data\.pkl.*torch\.save/,
    ],
    ['of two pickles', zipOf([pickle, { ...pickle, name: 'b/data.pkl' }]), /a zip file with 2 data\.pkl/],
    [
      'of another order of bytes',
      zipOf([pickle, { name: 'a/byteorder', content: Buffer.from('big') }]),
      /the byte order of another processor/,
    ],
  ])('is refused with a remedy: %s', (_, file, message) => {
    expect(() => readTorchFile(file, 'model.pt')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FORMAT', message: expect.stringMatching(message) }),
    )
  })

  const withField = (at: number, value: number) => {
    const changed = Buffer.from(whole)
    changed.writeUInt32LE(value, at < 0 ? changed.length + at : at)
    return changed
  }
  const table = whole.length - 22 - 2 * 46 - pickle.name.length - numbers.name.length
  it.each<[string, Buffer, RegExp]>([
    ['no zip file', Buffer.from('no zip'), /a file that is no zip file/],
    ['an early end', whole.subarray(0, whole.length - 1), /a zip file that ends early/],
    ['bytes after the end', Buffer.concat([whole, Buffer.from('a')]), /a zip file that ends early/],
    ['a table outside', withField(-6, 2 ** 31), /table of members lies outside/],
    ['no table', withField(table, 0), /a damaged table of members/],
    ['a member outside', withField(table + 42, 2 ** 31), /a\/data\.pkl is not at its place/],
    ['a long member', withField(table + 20, 2 ** 31), /ends within a\/data\.pkl/],
    ['a zip64 member without zip64', withField(table + 42, 0xffffffff), /a\/data\.pkl is not at its place/],
    ['two members of one name', zipOf([pickle, pickle]), /two members a\/data\.pkl/],
    ['a wrong checksum', zipOf([pickle, { ...numbers, crc: 1 }]), /a\/data\/0 differs from its checksum/],
  ])('that is damaged is refused by name: %s', (_, file, message) => {
    expect(() => readTorchFile(file, 'model.pt')).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_DAMAGED', message: expect.stringMatching(message) }),
    )
  })
})
