/** Our checkpoints in PyTorch. The test runs if the bench has installed PyTorch, which is 3 GB to fetch. */
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fromTorch, initialParameters, toTorch } from '../../../../src/core/models/parameters.ts'
import { unet } from '../../../../src/core/models/unet.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../../src/core/training/checkpoint.ts'
import { cacheDirectory } from '../../../../src/engine/install/environment.ts'
import { readTorchFixture } from '../../../torch-files.ts'

const PEER = fileURLToPath(new URL('../../../../scripts/bench/peer', import.meta.url))
const [installed] = globSync('bench/python-*/lib/python*/site-packages/safetensors', { cwd: cacheDirectory() })
const python = installed ? join(cacheDirectory(), ...installed.split(/[\\/]/).slice(0, 2), 'bin/python') : null
const missing = python ? '' : ' (expected PyTorch and safetensors, got none; npm run bench installs them)'

const SUMS = `
import json, sys
sys.path.insert(0, ${JSON.stringify(PEER)})
from networks import Unet
from safetensors.torch import load_file
unet = Unet(channels=2, pools=2)
unet.load_state_dict(load_file(sys.argv[1]), strict=True)
print(json.dumps({name: tensor.flatten().tolist() for name, tensor in unet.state_dict().items()}))
`

test.skipIf(!python)(`a U-Net’s checkpoint loads in PyTorch, strictly and bit for bit${missing}`, () => {
  const specs = unet.parameters({ channels: 2, pools: 2 })
  const tensors = toTorch(initialParameters(specs, 7), specs)
  const folder = mkdtempSync(join(tmpdir(), 'self-mri-pytorch-'))
  try {
    const path = join(folder, 'last.safetensors')
    writeFileSync(path, encodeCheckpoint({ tensors, metadata: { network: 'unet' } }))
    const values = JSON.parse(execFileSync(python!, ['-I', '-B', '-c', SUMS, path], { encoding: 'utf8' }))
    expect(Object.keys(values).sort()).toEqual([...tensors.keys()].sort())
    for (const [name, { data }] of tensors) expect(values[name]).toEqual(Array.from(data))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a U-Net’s checkpoint has exactly the tensors of fastMRI’s state dictionary', () => {
  const { tensors } = decodeCheckpoint(readTorchFixture('unet.safetensors'), 'unet')
  const specs = unet.parameters({ channels: 2, pools: 2 })
  expect(toTorch(fromTorch(tensors, specs, 'unet'), specs)).toEqual(tensors)
})
