/**
 * Our checkpoints in PyTorch, and fastMRI's here. PyTorch is 3 GB to fetch, so the tests that run PyTorch are skipped
 * where the bench has not installed the packages.
 */
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import type { Network } from '../../../../src/core/models/network.ts'
import { fromTorch, initialParameters, toTorch, unpack } from '../../../../src/core/models/parameters.ts'
import { unet } from '../../../../src/core/models/unet.ts'
import { varnet } from '../../../../src/core/models/varnet.ts'
import { decodeWeights, parametersOf } from '../../../../src/core/torch/weights.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import { cacheDirectory } from '../../../../src/engine/install/environment.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { expectClose } from '../../../golden.ts'
import { readTorchFixture } from '../../../torch-files.ts'

beforeAll(useEngine)

const BENCH = 'bench/python-*'
const PEER = fileURLToPath(new URL('../../../../scripts/bench/peer', import.meta.url))

/** The bench's Python, if all these packages are installed there. */
function pythonWith(...packages: readonly string[]): string | null {
  const cwd = cacheDirectory()
  const isComplete = (home: string) =>
    packages.every(name => globSync(`${home}/lib/python*/site-packages/${name}`, { cwd }).length > 0)
  const home = globSync(BENCH, { cwd }).find(isComplete)
  return home ? join(cwd, home, 'bin/python') : null
}

/** Runs Python on a checkpoint of the network, and returns what Python prints as JSON. */
function inPython(python: string, code: string, network: Network, config: unknown, parameters: Float32Array): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-pytorch-'))
  try {
    const path = join(folder, 'last.safetensors')
    const tensors = toTorch(parameters, network.parameters(config))
    writeFileSync(path, encodeCheckpoint({ tensors, metadata: { network: 'a' } }))
    return JSON.parse(execFileSync(python, ['-I', '-B', '-c', code, path], { encoding: 'utf8' }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const UNET = { channels: 2, pools: 2 }
const UNET_VALUES = `
import json, sys
sys.path.insert(0, ${JSON.stringify(PEER)})
from networks import Unet
from safetensors.torch import load_file
unet = Unet(channels=2, pools=2)
unet.load_state_dict(load_file(sys.argv[1]), strict=True)
print(json.dumps({name: tensor.flatten().tolist() for name, tensor in unet.state_dict().items()}))
`

const peer = pythonWith('torch', 'safetensors')
test.skipIf(!peer)('a U-Net’s checkpoint loads in PyTorch, strictly and bit for bit (npm run bench)', () => {
  const specs = unet.parameters(UNET)
  const parameters = initialParameters(specs, 7)
  const values = inPython(peer!, UNET_VALUES, unet as Network, UNET, parameters) as Record<string, number[]>
  const tensors = toTorch(parameters, specs)
  expect(Object.keys(values).sort()).toEqual([...tensors.keys()].sort())
  for (const [name, { data }] of tensors) expect(values[name]).toEqual(Array.from(data))
})

test('a U-Net’s checkpoint has exactly the tensors of fastMRI’s state dictionary', () => {
  const { tensors } = decodeCheckpoint(readTorchFixture('unet.safetensors'), 'unet')
  const specs = unet.parameters(UNET)
  expect(toTorch(fromTorch(tensors, specs, 'unet'), specs)).toEqual(tensors)
})

/** The network of `varnet.ckpt`. */
const VARNET = varnet.config.parse({ cascades: 2, channels: 2, pools: 1, mapChannels: 1, mapPools: 1 })
const [COILS, ROWS, COLUMNS] = [3, 20, 18]

/** The image of VarNet for the k-space of `fixtures/torch/make.py`. */
function varnetImage(parameters: Float32Array): Float32Array {
  return tf.tidy(() => {
    const column = tf.reshape(tf.range(0, COLUMNS), [1, 1, COLUMNS, 1])
    const values = Float32Array.from(
      { length: COILS * ROWS * COLUMNS * 2 },
      (_, i) => (((i * 7919) % 1009) - 504) / 504,
    )
    const centre = tf.logicalAnd(tf.greaterEqual(column, 6), tf.less(column, 12))
    const mask = tf.cast(tf.logicalOr(centre, tf.equal(tf.mod(column, 3), 0)), 'float32') as tf.Tensor4D
    const kspace = tf.mul(tf.tensor5d(values, [1, COILS, ROWS, COLUMNS, 2]), tf.expandDims(mask, 1)) as tf.Tensor5D
    const input = { kspace, mask, centre: tf.cast(centre, 'float32') as tf.Tensor4D }
    const named = unpack(tf.tensor1d(parameters), varnet.parameters(VARNET))
    return varnet.outputs(kernels(), VARNET, named, input)[0].dataSync() as Float32Array
  })
}

test.each(['varnet.pt', 'varnet.ckpt'])('fastMRI’s checkpoint gives fastMRI’s image: %s', name => {
  const parameters = parametersOf(decodeWeights(readTorchFixture(name), name), varnet.parameters(VARNET), name)
  const { tensors } = decodeCheckpoint(readTorchFixture('varnet-image.safetensors'), 'image')
  expectClose(varnetImage(parameters), tensors.get('image')!.data, 1e-4)
})

const VARNET_IMAGE = `
import json, sys
import torch
from fastmri.models import VarNet
from safetensors.torch import load_file
varnet = VarNet(num_cascades=2, chans=2, pools=1, sens_chans=1, sens_pools=1)
varnet.load_state_dict(load_file(sys.argv[1]), strict=True)
numbers = torch.arange(${COILS * ROWS * COLUMNS * 2}, dtype=torch.float64)
kspace = ((numbers * 7919 % 1009 - 504) / 504).float().reshape(1, ${COILS}, ${ROWS}, ${COLUMNS}, 2)
columns = torch.arange(${COLUMNS}).reshape(1, 1, 1, ${COLUMNS}, 1)
mask = (columns % 3 == 0) | ((columns >= 6) & (columns < 12))
with torch.no_grad():
    print(json.dumps(varnet(kspace * mask, mask, 6).flatten().tolist()))
`

const fastmri = pythonWith('torch', 'safetensors', 'fastmri')
test.skipIf(!fastmri)('our VarNet’s checkpoint gives our image in fastMRI (pip install fastmri in the bench)', () => {
  const parameters = initialParameters(varnet.parameters(VARNET), 7)
  const image = inPython(fastmri!, VARNET_IMAGE, varnet as Network, VARNET, parameters) as number[]
  expectClose(varnetImage(parameters), Float32Array.from(image), 1e-4)
})
