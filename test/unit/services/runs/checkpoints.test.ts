import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NETWORKS, networkOf } from '../../../../src/core/models/index.ts'
import { initialParameters, type PlainTensor, toTorch } from '../../../../src/core/models/parameters.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { importCheckpoint, networkOfCheckpoint } from '../../../../src/services/runs/checkpoints.ts'
import { findRun, listRuns } from '../../../../src/services/runs/runs.ts'
import { viewRun } from '../../../../src/services/runs/views.ts'
import { addStudy } from '../../../studies.ts'
import { readTorchFixture, torchFixture } from '../../../torch-files.ts'
import { noiseVolume } from '../../../volumes.ts'

let profile: string

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-checkpoints-'))
})

afterEach(() => rmSync(profile, { recursive: true, force: true }))

function tensorsOf(network: string, config: Record<string, unknown>): Map<string, PlainTensor> {
  const specs = networkOf(network).parameters(config)
  return toTorch(initialParameters(specs, 1), specs)
}

function write(tensors: ReadonlyMap<string, PlainTensor>, metadata: Record<string, string> = {}): string {
  const path = join(profile, 'foreign.safetensors')
  writeFileSync(path, encodeCheckpoint({ tensors, metadata }))
  return path
}

/** Adds int64 tensors of one number to a checkpoint, as PyTorch's batch norm writes them. */
function withCounters(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
  const data = bytes.subarray(8 + length)
  for (const [i, name] of names.entries())
    header[name] = { dtype: 'I64', shape: [], data_offsets: [data.length + 8 * i, data.length + 8 * (i + 1)] }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const size = new Uint8Array(8)
  new DataView(size.buffer).setBigUint64(0, BigInt(json.length), true)
  return Buffer.concat([size, json, data, new Uint8Array(8 * names.length)])
}

describe('the network of a checkpoint', () => {
  it.each([
    ['unet', { channels: 4, pools: 3 }],
    ['unet', { channels: 6, pools: 4 }],
    ['unet-plus-plus', { channels: 3, deepSupervision: false }],
    ['unet-plus-plus', { channels: 2, deepSupervision: true }],
  ])('is told from its tensors: %s %j', (network, networkConfig) => {
    expect(networkOfCheckpoint(write(tensorsOf(network, networkConfig)))).toEqual({
      network,
      networkConfig,
      method: null,
    })
  })

  it('is recognised for every network', () => {
    for (const id of Object.keys(NETWORKS)) {
      const config = networkOf(id).config.parse({ channels: 2 })
      expect(networkOfCheckpoint(write(tensorsOf(id, config as Record<string, unknown>)))).toMatchObject({
        network: id,
        networkConfig: config,
      })
    }
  })

  it('is of the settings that Self-MRI wrote into the file, if they fit the tensors', () => {
    const tensors = tensorsOf('unet', { channels: 2, pools: 3 })
    const told = (metadata: Record<string, string>) => networkOfCheckpoint(write(tensors, metadata)).networkConfig
    const right = { channels: 2, pools: 3 }
    expect(told({ network: 'unet', config: JSON.stringify(right) })).toEqual(right)
    expect(told({ network: 'unet', config: 'no JSON' })).toEqual(right)
    expect(told({ network: 'other', config: '{"pools":2}' })).toEqual(right)
    expect(() => told({ network: 'unet', config: '{"pools":4}' })).toThrow(/Expected .*, got none, in/)
  })

  it('has a zero start only if Self-MRI wrote so', () => {
    const config = networkOf('varnet').config.parse({
      ...{ cascades: 1, channels: 2, pools: 1, mapChannels: 2, mapPools: 1, zeroStart: true },
    }) as Record<string, unknown>
    const tensors = tensorsOf('varnet', config)
    const metadata = { network: 'varnet', config: JSON.stringify(config) }
    expect(networkOfCheckpoint(write(tensors, metadata)).networkConfig).toEqual(config)
    expect(networkOfCheckpoint(write(tensors)).networkConfig).toEqual({ ...config, zeroStart: false })
  })

  it.each([
    ['a U-Net', 'unet', 1],
    ['the complex U-Net', 'complex-unet', 2],
  ])('is told from the input channels, because both can have the names of %s', (_, network, channels) => {
    const first = networkOf(network).parameters(networkOf(network).config.parse({ channels: 2, pools: 2 }))
    const prefix = network === 'unet' ? 'unet.' : ''
    const tensors = new Map(
      first.map(({ name, shape }) => [
        prefix + name,
        { shape, data: new Float32Array(shape.reduce((n, each) => n * each, 1)) },
      ]),
    )
    expect(tensors.get('unet.down_sample_layers.0.layers.0.weight')!.shape[1]).toBe(channels)
    expect(networkOfCheckpoint(write(tensors)).network).toBe(network)
  })

  it('does not depend on PyTorch’s counters of batches', () => {
    const networkConfig = { channels: 2, deepSupervision: false }
    const tensors = tensorsOf('unet-plus-plus', networkConfig)
    const path = write(tensors)
    const counters = ['conv0_0.bn1.num_batches_tracked', 'conv0_0.bn2.num_batches_tracked']
    const bytes = withCounters(encodeCheckpoint({ tensors, metadata: {} }), counters)
    writeFileSync(path, bytes)
    expect(networkOfCheckpoint(path)).toMatchObject({ network: 'unet-plus-plus', networkConfig })
    expect(decodeCheckpoint(bytes, '').tensors).toEqual(tensors)
    expect(() => decodeCheckpoint(withCounters(bytes, ['conv0_0.other']), '')).toThrow(/F32.*conv0_0.other, got I64/)
  })
})

describe('a checkpoint that does not fit', () => {
  const replaced = (network: string, config: Record<string, unknown>, name: string, shape: number[]) => {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1))
    return new Map([...tensorsOf(network, config), [name, { shape, data }]])
  }

  it.each([
    [
      'three input channels',
      replaced('unet-plus-plus', { channels: 2, deepSupervision: false }, 'conv0_0.conv1.weight', [2, 3, 3, 3]),
      /conv0_0\.conv1\.weight of 2 × 1 × 3 × 3, got 2 × 3 × 3 × 3/,
    ],
    [
      'three input channels',
      replaced('unet', { channels: 2, pools: 2 }, 'down_sample_layers.0.layers.0.weight', [2, 3, 3, 3]),
      /Expected U-Net with .*, got down_sample_layers\.0\.layers\.0\.weight of 2 × 3 × 3 × 3, in/,
    ],
    [
      'a running statistic of another length',
      replaced('unet-plus-plus', { channels: 2, deepSupervision: true }, 'conv0_4.bn2.running_var', [3]),
      /conv0_4\.bn2\.running_var of 2, got 3/,
    ],
    [
      'a level more',
      replaced('unet-plus-plus', { channels: 2, deepSupervision: false }, 'conv5_0.conv1.weight', [64, 32, 3, 3]),
      /the 182 tensors of a U-Net\+\+, got 183: also conv5_0\.conv1\.weight/,
    ],
  ])('is refused with both named: %s', (_, tensors, message) => {
    expect(() => networkOfCheckpoint(write(tensors))).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH', message: expect.stringMatching(message) }),
    )
  })

  it('is refused if it lacks running statistics', () => {
    const tensors = tensorsOf('unet-plus-plus', { channels: 2, deepSupervision: false })
    tensors.delete('conv1_1.bn1.running_mean')
    expect(() => networkOfCheckpoint(write(tensors))).toThrow(/conv1_1\.bn1\.running_mean of 4, got none/)
  })

  it('is refused if its network is unknown, and the message lists the known networks', () => {
    const tensors = new Map(['a', 'b', 'c', 'd'].map(name => [name, { shape: [1], data: new Float32Array(1) }]))
    expect(() => networkOfCheckpoint(write(tensors))).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message: expect.stringMatching(/U-Net \(down_sample.*or U-Net\+\+ \(conv0_0.*got a, b, c and 1 more/),
      }),
    )
  })

  it('is refused if no network can have its width', () => {
    const first = { shape: [1000, 1, 3, 3], data: new Float32Array(9000) }
    expect(() => networkOfCheckpoint(write(new Map([['conv0_0.conv1.weight', first]])))).toThrow(/channels: /)
  })
})

describe('an import', () => {
  let services: Services

  beforeEach(() => {
    services = openServices({ profile: join(profile, 'services') })
  })

  afterEach(() => services.dispose())

  it('of a pre-training of Self-MRI keeps the method, unless the method no longer exists', () => {
    const { id } = addStudy(services.profile, 's', [[noiseVolume('a').info, 'train']])
    const tensors = tensorsOf('unet-plus-plus', { channels: 2, deepSupervision: true })
    const imported = (metadata: Record<string, string>) =>
      findRun(services.profile, importCheckpoint(services.profile, id, write(tensors, metadata)))
    expect(imported({ kind: 'pretrain', method: 'swav' })).toMatchObject({
      kind: 'import',
      network: 'unet-plus-plus',
      channels: 2,
      method: 'swav',
      config: { networkConfig: { channels: 2, deepSupervision: true }, fineTuning: null },
    })
    expect(imported({ kind: 'pretrain', method: 'byol' }).method).toBeNull()
    expect(imported({ kind: 'train' }).method).toBeNull()
    expect(() => importCheckpoint(services.profile, id, write(new Map()))).toThrow()
    expect(listRuns(services.profile)).toHaveLength(3)
  })

  it.each(['unet.pt', 'unet.ckpt', 'unet-2018.pt', 'unet-half.pt'])(
    'of a file of PyTorch keeps safetensors, the path of the file, and remarks: %s',
    name => {
      const { id } = addStudy(services.profile, 's', [[noiseVolume('a').info, 'train']])
      const path = torchFixture(name)
      const { run, checkpoints, notes } = viewRun(services.profile, importCheckpoint(services.profile, id, path))
      expect(run).toMatchObject({
        kind: 'import',
        network: 'unet',
        config: { networkConfig: { channels: 2, pools: 2 } },
      })
      expect(run.parent).toBe(path)
      const stored = decodeCheckpoint(readFileSync(checkpoints[0].path), 'stored').tensors
      const right = decodeCheckpoint(readTorchFixture('unet.safetensors'), 'right').tensors
      expect(new Set(stored.keys())).toEqual(new Set(right.keys()))
      const isHalf = name === 'unet-half.pt'
      for (const [tensor, { shape, data }] of right) {
        expect(stored.get(tensor)!.shape).toEqual(shape)
        if (!isHalf) expect(stored.get(tensor)!.data).toEqual(data)
      }
      expect(notes.map(({ text }) => text)).toEqual(
        isHalf ? [expect.stringMatching(/float16/), expect.stringMatching(/UnetDataTransform/)] : [],
      )
    },
  )

  it.each(['varnet.pt', 'varnet.ckpt'])('of fastMRI’s VarNet has the sizes of its cascades and maps: %s', name => {
    const { id } = addStudy(services.profile, 's', [[noiseVolume('a').info, 'train']])
    const { run, checkpoints } = viewRun(services.profile, importCheckpoint(services.profile, id, torchFixture(name)))
    expect(run).toMatchObject({
      network: 'varnet',
      config: {
        networkConfig: {
          ...{ cascades: 2, channels: 2, pools: 1, maps: 'network', mapChannels: 1, mapPools: 1 },
          ...{ consistency: 'soft', zeroStart: false },
        },
      },
    })
    const right = decodeCheckpoint(readTorchFixture('varnet.safetensors'), 'right').tensors
    const stored = decodeCheckpoint(readFileSync(checkpoints[0].path), 'stored').tensors
    expect(new Map([...stored].sort())).toEqual(new Map([...right].sort()))
  })

  it('of weights that are not finite makes no run, and names the tensor', () => {
    const { id } = addStudy(services.profile, 's', [[noiseVolume('a').info, 'train']])
    const tensors = tensorsOf('unet', { channels: 2, pools: 2 })
    tensors.get('up_conv.1.1.bias')!.data[0] = Number.NEGATIVE_INFINITY
    const path = write(tensors)
    const refused = expect.objectContaining({
      code: 'NOT_FINITE',
      message: expect.stringContaining(`got -Infinity in up_conv.1.1.bias, element 1 of 1, in ${path}`),
    })
    expect(() => importCheckpoint(services.profile, id, path)).toThrow(refused)
    expect(() => networkOfCheckpoint(path)).toThrow(refused)
    expect(listRuns(services.profile)).toEqual([])
  })
})
