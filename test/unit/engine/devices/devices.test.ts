import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { availableDevices, chooseDevices } from '../../../../src/engine/devices/devices.ts'
import { listGpus, readGpus } from '../../../../src/engine/devices/nvidia-smi.ts'
import { gpu, partUuidOf, type StandIn, standInGpus, uuidOf } from '../../../stand-in-gpus.ts'

let four: StandIn
beforeEach(() => {
  four = standInGpus([0, 1, 2, 3].map(index => gpu(index)))
})
afterEach(() => {
  vi.unstubAllEnvs()
  four.remove()
})

const labels = async () => (await availableDevices('cuda')).map(({ label }) => label)
const visible = async () => (await availableDevices('cuda')).map(device => device.visible)

describe('devices of a machine with four GPUs', () => {
  it('are the GPUs for a CUDA engine, each with its UUID, and the CPU for a CPU engine', async () => {
    expect(await labels()).toEqual(['GPU 0', 'GPU 1', 'GPU 2', 'GPU 3'])
    expect(await visible()).toEqual([0, 1, 2, 3].map(uuidOf))
    expect(await availableDevices('cpu')).toEqual([expect.objectContaining({ label: 'CPU', id: 'cpu', visible: null })])
    expect(readFileSync(join(four.folder, 'asked'), 'utf8')).toBe('-L\n-L\n')
  })

  it.each([
    ['2,0', ['GPU 2', 'GPU 0'], [uuidOf(2), uuidOf(0)]],
    [`${uuidOf(3)},1`, ['GPU 3', 'GPU 1'], [uuidOf(3), uuidOf(1)]],
    ['GPU-00000002,GPU-00000001', ['GPU 2', 'GPU 1'], [uuidOf(2), uuidOf(1)]],
    ['1,1,0', ['GPU 1', 'GPU 0'], [uuidOf(1), uuidOf(0)]],
    ['0,2,-1,3', ['GPU 0', 'GPU 2'], [uuidOf(0), uuidOf(2)]],
    ['0,7', ['GPU 0', 'GPU 7'], [uuidOf(0), '7']],
    ['3', ['GPU 3'], [null]],
    ['', ['CPU'], [null]],
    ['-1', ['CPU'], [null]],
    ['NoDevFiles', ['CPU'], [null]],
  ])('CUDA_VISIBLE_DEVICES=%s', async (list, wantedLabels, wantedVisible) => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', list)
    expect(await labels()).toEqual(wantedLabels)
    expect(await visible()).toEqual(wantedVisible)
  })

  it('a GPU that disappears is no longer a device', async () => {
    four.show([gpu(0), gpu(1), gpu(3)])
    expect(await labels()).toEqual(['GPU 0', 'GPU 1', 'GPU 3'])
    expect(chooseDevices(await availableDevices('cuda'), ['3'])).toMatchObject([{ id: uuidOf(3) }])
  })

  it('parts of a GPU by MIG are devices in place of the GPU', async () => {
    four.show([gpu(0, { parts: ['1g.10gb', '1g.10gb'] }), gpu(1)])
    expect(await labels()).toEqual(['GPU 0 MIG 1g.10gb 0', 'GPU 0 MIG 1g.10gb 1', 'GPU 1'])
    expect(await visible()).toEqual([partUuidOf(0, 0), partUuidOf(0, 1), uuidOf(1)])
    vi.stubEnv('CUDA_VISIBLE_DEVICES', partUuidOf(0, 1))
    expect(await availableDevices('cuda')).toMatchObject([{ id: partUuidOf(0, 1), uuid: uuidOf(0), visible: null }])
  })
})

describe('a machine with one GPU', () => {
  it('needs no choice, so the engine keeps its environment', async () => {
    four.show([gpu(0)])
    expect(await availableDevices('cuda')).toMatchObject([{ label: 'GPU 0', id: uuidOf(0), visible: null }])
  })
})

describe('without an answer of nvidia-smi', () => {
  it('a CUDA engine without driver computes on the CPU, and CUDA_VISIBLE_DEVICES is believed', async () => {
    vi.stubEnv('PATH', '/nowhere')
    expect(await listGpus()).toEqual([])
    expect(await readGpus()).toEqual([])
    expect(await labels()).toEqual(['CPU'])
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '0,1')
    expect(await visible()).toEqual(['0', '1'])
  })

  it('a program that hangs is ended', async () => {
    four.hang(true)
    expect(await listGpus(200)).toBeNull()
    expect(await readGpus(200)).toBeNull()
  })
})

describe('the choice of devices', () => {
  it('takes numbers, labels and UUIDs, each device once', async () => {
    const devices = await availableDevices('cuda')
    const chosen = (...names: string[]) => chooseDevices(devices, names).map(({ label }) => label)
    expect(chosen('0', '2')).toEqual(['GPU 0', 'GPU 2'])
    expect(chosen('gpu 3', uuidOf(1), '1')).toEqual(['GPU 3', 'GPU 1'])
    expect(chooseDevices(devices, null)).toBe(devices)
    expect(chooseDevices(await availableDevices('cpu'), ['cpu'])).toMatchObject([{ label: 'CPU' }])
  })

  it.each([
    [['0', '4'], /got "4"\..+ from: 0 \(NVIDIA A100-SXM4-40GB, GPU-00000000-.+\); 1 \(/],
    [['GPU-0'], /got "GPU-0", which names several\./],
    [['cpu'], /got "cpu"\./],
  ])('refuses %j with the list of devices', async (names, message) => {
    const devices = await availableDevices('cuda')
    expect(() => chooseDevices(devices, names)).toThrow(message)
  })
})

describe('the present state of GPUs', () => {
  it('has memory, temperature and the programs of all users', async () => {
    const programs = [
      { pid: 41, name: '/usr/bin/python3', used: '2048' },
      { pid: 42, name: '/opt/a, b/train', used: '[N/A]' },
    ]
    four.show([gpu(0, { programs }), gpu(1, { used: '[N/A]', temperature: '[Not Supported]', utilisation: '[N/A]' })])
    expect(await readGpus()).toEqual([
      {
        uuid: uuidOf(0),
        usedBytes: 1000 * 2 ** 20,
        totalBytes: 40960 * 2 ** 20,
        temperature: 40,
        utilisation: 7,
        processes: [
          { pid: 41, name: 'python3', usedBytes: 2048 * 2 ** 20 },
          { pid: 42, name: 'train', usedBytes: null },
        ],
      },
      {
        uuid: uuidOf(1),
        usedBytes: null,
        totalBytes: 40960 * 2 ** 20,
        temperature: null,
        utilisation: null,
        processes: [],
      },
    ])
  })
})
