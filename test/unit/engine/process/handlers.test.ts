import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { Recipe } from '../../../../src/contract/recipes.ts'
import { RunConfig } from '../../../../src/contract/runs.ts'
import { openVolume } from '../../../../src/engine/files/volumes.ts'
import { KERNELS_FILE, type NativeLibrary } from '../../../../src/engine/native/library.ts'
import { handlers } from '../../../../src/engine/process/handlers.ts'
import type { TrainRequest } from '../../../../src/engine/process/protocol.ts'
import { useEngine } from '../../../engine.ts'
import { writeNoise } from '../files/noise-file.ts'

const context = { signal: new AbortController().signal, emit() {}, pause: async () => {} }

it('an imported checkpoint cannot be trained', async () => {
  const request = { config: { kind: 'import' } } as TrainRequest
  const training = handlers.train(request, context)
  await expect(training).rejects.toThrow('An imported checkpoint is not trained')
  await expect(training).rejects.not.toHaveProperty('code') // The error has no code, because only a bug can cause it.
})

it('a training keeps no working memory when it ends', async () => {
  await useEngine()
  const binding = process.env.SELF_MRI_BINDING!
  const library: NativeLibrary = createRequire(import.meta.url)(join(dirname(binding), KERNELS_FILE))
  const directory = mkdtempSync(join(tmpdir(), 'self-mri-train-'))
  try {
    const volume = await openVolume(await writeNoise(directory, 'noise'), 'salt')
    volume.dispose()
    const config = RunConfig.parse({
      kind: 'train',
      method: null,
      methodConfig: {},
      pretext: null,
      network: 'unet',
      networkConfig: { channels: 2, pools: 2 },
      recipe: Recipe.parse({
        epochs: 1,
        batch: 1,
        optimizer: { kind: 'adam' },
        schedule: { kind: 'constant', rate: 1e-3 },
      }),
      mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
      slices: { kind: 'all' },
      seed: 2,
    })
    const request = { run: '1', config, train: [volume.info], validation: [], start: null, states: [], notes: [] }
    await handlers.train({ ...request, directory }, context)
    expect(library.releaseWorkingMemory()).toBe(0)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
