/** Which parts of installed engines are taken, and how their files get into the new engine. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  engineDirectory,
  type InstalledEngine,
  tensorflowKey,
  tensorflowPrefix,
  type Variant,
} from '../../../../src/engine/install/environment.ts'
import { BINDING, MANIFEST, readManifest, writeManifest } from '../../../../src/engine/install/manifest.ts'
import { nativeKey } from '../../../../src/engine/install/native-sources.ts'
import { findEarlier, takeFile, takeLibraries } from '../../../../src/engine/install/takeover.ts'
import { KERNELS_FILE } from '../../../../src/engine/native/library.ts'

const otherDisk = '/dev/shm'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-takeover-'))
  vi.stubEnv('SELF_MRI_CACHE', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

const LIBRARIES = {
  cpu: ['tensorflow/library'],
  cuda: ['tensorflow/library', 'nvidia/cublas/lib/libcublas.so.12', 'nvidia/cuda_nvcc/bin/ptxas'],
}

function place(name: string, { variant = 'cpu' as Variant, kernelsMissing = null as string | null } = {}) {
  const directory = join(folder, 'engine', name)
  const kernels = kernelsMissing === null ? [KERNELS_FILE] : []
  for (const path of [...LIBRARIES[variant], BINDING, ...kernels]) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), path)
  }
  writeManifest(directory, variant, '2.21.0', kernelsMissing)
  return readManifest(directory)!
}

const remove = ({ directory }: InstalledEngine) => rmSync(directory, { recursive: true })
const inode = (...path: string[]) => statSync(join(...path)).ino

/** Names of engines with another add-on, or with other kernels, or with both. */
const otherBinding = (variant: Variant = 'cpu') => `${tensorflowPrefix(variant)}aaaaaaaaaaaa-${nativeKey()}`
const otherKernels = () => `${tensorflowKey('cpu')}-0123456789ab`
const otherBoth = () => `${tensorflowPrefix('cpu')}bbbbbbbbbbbb-0123456789ab`

describe('the search', () => {
  test('finds no engine in an empty cache, and none with another TensorFlow, variant or platform', () => {
    expect(findEarlier('cpu')).toBeNull()
    const prefix = tensorflowPrefix('cpu')
    place(`${prefix.replace('2.21.0', '2.20.0')}6760d1f8263a`)
    place(`tensorflow-2.21.0-cpu-plan9-${process.arch}-6760d1f8263a`)
    place(`${tensorflowKey('cuda')}-${nativeKey()}`, { variant: 'cuda' })
    expect(findEarlier('cpu')).toBeNull()
  })

  test('finds no engine that is incomplete, or whose libraries come from other wheels', () => {
    const { directory } = place(otherBinding())
    const manifest = join(directory, MANIFEST)
    const text = readFileSync(manifest, 'utf8')
    writeFileSync(manifest, text.replace(/"wheels": "\w+"/, '"wheels": "000000000000"'))
    expect(findEarlier('cpu')).toBeNull()
    writeFileSync(manifest, text)
    expect(findEarlier('cpu')).not.toBeNull()
    rmSync(join(directory, 'tensorflow', 'library'))
    expect(findEarlier('cpu')).toBeNull()
  })

  test('takes the libraries of any engine, and the parts whose sources are unchanged', () => {
    const both = place(otherBoth())
    expect(findEarlier('cpu')).toEqual({ libraries: both, binding: null, kernels: null })
    const kernels = place(otherBinding())
    expect(findEarlier('cpu')).toEqual({ libraries: kernels, binding: null, kernels })
    const binding = place(otherKernels())
    expect(findEarlier('cpu')).toEqual({ libraries: binding, binding, kernels })
    remove(kernels)
    expect(findEarlier('cpu')).toEqual({ libraries: binding, binding, kernels: null })
  })

  test('takes the add-on of version 0.2.0, whose folder name has no hash of kernels', () => {
    place(`${tensorflowKey('cpu')}0`)
    expect(findEarlier('cpu')?.binding).toBeNull()
    const first = place(tensorflowKey('cpu'))
    expect(findEarlier('cpu')).toEqual({ libraries: first, binding: first, kernels: null })
  })

  test('takes no kernels from an engine without kernels', () => {
    const engine = place(basename(engineDirectory('cpu')), { kernelsMissing: 'no compiler' })
    expect(findEarlier('cpu')).toEqual({ libraries: engine, binding: engine, kernels: null })
  })
})

test('the libraries get a second name, and the other files of the engine do not', async () => {
  const earlier = place(otherBinding())
  const to = join(folder, 'new')
  await takeLibraries(earlier, to)
  expect(inode(to, 'tensorflow', 'library')).toBe(inode(earlier.directory, 'tensorflow', 'library'))
  expect(readdirSync(to)).toEqual(['tensorflow'])
  await takeFile(earlier.directory, BINDING, to)
  expect(inode(to, BINDING)).toBe(inode(earlier.directory, BINDING))
})

test('a CUDA engine gives NVIDIA’s libraries too', async () => {
  place(otherBinding())
  const earlier = place(otherBinding('cuda'), { variant: 'cuda' })
  expect(findEarlier('cuda')).toEqual({ libraries: earlier, binding: null, kernels: earlier })
  const to = join(folder, 'new')
  await takeLibraries(earlier, to)
  expect(readdirSync(to).sort()).toEqual(['nvidia', 'tensorflow'])
  for (const path of LIBRARIES.cuda) expect(inode(to, path)).toBe(inode(earlier.directory, path))
})

const isOther = existsSync(otherDisk) && statSync(otherDisk).dev !== statSync(tmpdir()).dev

test.runIf(isOther)('files are copied if the disk has no hard links to them', async () => {
  const earlier = place(otherBinding())
  const to = mkdtempSync(join(otherDisk, 'self-mri-takeover-'))
  try {
    await takeLibraries(earlier, to)
    expect(readFileSync(join(to, 'tensorflow', 'library'), 'utf8')).toBe('tensorflow/library')
  } finally {
    rmSync(to, { recursive: true })
  }
})
