/** Which engine is taken over, and how its files get into the new engine. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type InstalledEngine, tensorflowKey } from '../../../../src/engine/install/environment.ts'
import { BINDING, MANIFEST, readManifest, writeManifest } from '../../../../src/engine/install/manifest.ts'
import { findEarlierEngine, takeFiles } from '../../../../src/engine/install/takeover.ts'
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

function place(name: string): InstalledEngine {
  const directory = join(folder, 'engine', name)
  mkdirSync(join(directory, 'tensorflow'), { recursive: true })
  for (const path of ['tensorflow/library', BINDING, KERNELS_FILE]) writeFileSync(join(directory, path), path)
  writeManifest(directory, 'cpu', '2.21.0', null)
  return readManifest(directory)!
}

test('an engine with the same TensorFlow and add-on is found, with any kernels', () => {
  expect(findEarlierEngine('cpu')).toBeNull()
  const others = ['tensorflow-2.20.0-cpu-linux-x64-6760d1f8263a', tensorflowKey('cuda'), `${tensorflowKey('cpu')}0`]
  for (const name of others) place(name)
  expect(findEarlierEngine('cpu')).toBeNull()
  const incomplete = place(`${tensorflowKey('cpu')}-000000000000`)
  rmSync(join(incomplete.directory, 'tensorflow', 'library'))
  expect(findEarlierEngine('cpu')).toBeNull()
  const earlier = place(tensorflowKey('cpu'))
  expect(findEarlierEngine('cpu')).toEqual(earlier)
  rmSync(earlier.directory, { recursive: true })
  const other = place(`${tensorflowKey('cpu')}-0123456789ab`)
  expect(findEarlierEngine('cpu')).toEqual(other)
})

test('files of TensorFlow and the add-on get a second name, and kernels and manifest stay', async () => {
  const earlier = place(tensorflowKey('cpu'))
  const to = join(folder, 'new')
  await takeFiles(earlier, to)
  for (const path of ['tensorflow/library', BINDING]) {
    expect(statSync(join(to, path)).ino).toBe(statSync(join(earlier.directory, path)).ino)
  }
  expect([KERNELS_FILE, MANIFEST].some(name => existsSync(join(to, name)))).toBe(false)
})

const isOther = existsSync(otherDisk) && statSync(otherDisk).dev !== statSync(tmpdir()).dev

test.runIf(isOther)('files are copied if the disk has no hard links to them', async () => {
  const earlier = place(tensorflowKey('cpu'))
  const to = mkdtempSync(join(otherDisk, 'self-mri-takeover-'))
  try {
    await takeFiles(earlier, to)
    expect(readFileSync(join(to, 'tensorflow', 'library'), 'utf8')).toBe('tensorflow/library')
  } finally {
    rmSync(to, { recursive: true })
  }
})
