/** Inputs that are too small for a training: the messages are compared with what the networks compute. */

import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Pretext, Recipe } from '../../../../src/contract/recipes.ts'
import type { RunConfig } from '../../../../src/contract/runs.ts'
import type { SliceSelection, VolumeInfo } from '../../../../src/contract/volumes.ts'
import { networkOf } from '../../../../src/core/models/index.ts'
import { initialParameters, unpack } from '../../../../src/core/models/parameters.ts'
import { METHODS, methodOf } from '../../../../src/core/ssl/index.ts'
import { requireTrainable } from '../../../../src/core/training/trainable.ts'
import { kernels, useEngine } from '../../../engine.ts'
import { noiseInput } from '../../../network-inputs.ts'
import { noiseVolume } from '../../../volumes.ts'

beforeAll(useEngine)

/** Whether noise of this size gives values other than 0 in the deepest layer. `false` if the size is not possible. */
function isAlive(id: string, given: object, [height, width]: readonly [number, number], batch: number): boolean {
  const network = networkOf(id)
  const config = network.config.parse({ channels: 2, ...given })
  const specs = network.parameters(config)
  const { layer } = network.bottleneck(config)
  try {
    return tf.tidy(() => {
      const parameters = unpack(tf.tensor1d(initialParameters(specs, 3)), specs)
      const input = noiseInput(network, config, [height, width], 7, batch)
      let alive = false
      network.outputs(kernels(), config, parameters, input, {
        set() {},
        tap(name, features) {
          if (name === layer) alive = (tf.max(tf.abs(features)).dataSync()[0] as number) > 1e-3
        },
      })
      return alive
    })
  } catch {
    return false
  }
}

describe('a network', () => {
  it.each([1, 2, 3, 4])('U-Net of %i pools refuses exactly the sizes that leave its bottleneck at zero', pools => {
    const unit = 2 ** pools
    for (const shape of [
      [unit, unit],
      [unit, 2 * unit],
      [2 * unit, unit],
      [2 * unit - 1, 2 * unit - 1],
      [2 * unit, 2 * unit],
      [unit - 1, 4 * unit],
    ] as const) {
      const network = networkOf('unet')
      const said = network.tooSmall(network.config.parse({ pools }), shape, 4)
      expect([shape, said === null]).toEqual([shape, isAlive('unet', { pools }, shape, 4)])
      if (said) expect(said).toMatch(/Take (at most \d+ pools|larger images)/)
    }
  })

  it('U-Net++ refuses exactly such sizes and batches, because its norm is over the batch', () => {
    const network = networkOf('unet-plus-plus')
    for (const [shape, batch] of [
      [[16, 16], 1],
      [[16, 16], 2],
      [[15, 14], 1],
      [[17, 16], 1],
      [[16, 33], 1],
      [[5, 40], 4],
      [[6, 40], 4],
    ] as const) {
      const said = network.tooSmall(network.config.parse({}), shape, batch)
      expect([shape, batch, said === null]).toEqual([shape, batch, isAlive('unet-plus-plus', {}, shape, batch)])
    }
  })
})

const recipe = (batch: number) =>
  Recipe.parse({ epochs: 1, batch, optimizer: { kind: 'adam' }, schedule: { kind: 'constant', rate: 1e-3 } })

function configOf(method: string | null, batch: number, more: Partial<RunConfig> = {}): RunConfig {
  const network = more.network ?? 'unet'
  return {
    kind: method ? 'pretrain' : 'train',
    network,
    networkConfig: networkOf(network).config.parse({
      channels: 2,
      ...more.networkConfig,
    }) as RunConfig['networkConfig'],
    method,
    methodConfig: method ? (methodOf(method).config.parse(more.methodConfig ?? {}) as RunConfig['methodConfig']) : {},
    pretext: method ? Pretext.parse({}) : null,
    mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
    slices: more.slices ?? { kind: 'all' },
    seed: 0,
    recipe: recipe(batch),
    fineTuning: null,
  }
}

const square = (side: number, slices = 3) => noiseVolume('a', { slices, rows: side, columns: side }).info

describe('a training', () => {
  const fails = (config: RunConfig, words: RegExp, train = [square(48)], validation = [square(48)]) =>
    expect(() => requireTrainable(config, train, validation)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(words) }),
    )
  const passes = (config: RunConfig, train = [square(48)], validation = [square(48)]) =>
    expect(() => requireTrainable(config, train, validation)).not.toThrow()

  it('of RotNet under points is refused if it masks rotated images, and no other method is', () => {
    const mask = { kind: 'poisson_disc', acceleration: 4, centerFraction: 0.08 } as const
    const rotnet = { ...configOf('rotnet', 1, { methodConfig: { crop: 32 } }), mask }
    const fresh = Pretext.parse({ measurement: 'fresh' })
    fails({ ...rotnet, pretext: fresh }, /mask of columns for RotNet .* got poisson_disc\..*or the fixed measurement/)
    passes(rotnet)
    passes({ ...rotnet, pretext: fresh, mask: { ...mask, kind: 'magic' } })
    passes({ ...configOf('subsample-again', 1), pretext: fresh, mask })
  })

  it('of RotNet is refused if a pair is impossible for its own masked views, however large the volumes are', () => {
    const alternatives = [{ acceleration: 8, centerFraction: 0.12 }]
    const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08, alternatives } as const
    const rotnet = { ...configOf('rotnet', 1, { methodConfig: { crop: 32 } }), mask }
    fails({ ...rotnet, pretext: Pretext.parse({ measurement: 'fresh' }) }, /32 × 32 views of RotNet.*got 8\. Lower/)
    passes(rotnet)
  })

  it('of any method under a mask file has the fixed measurement', () => {
    const file = { path: '/m.npy', sha256: '0'.repeat(64) }
    const mask = { kind: 'file', acceleration: 4, centerFraction: 0.08, file } as const
    for (const id of Object.keys(METHODS)) {
      const config = { ...configOf(id, 3, { methodConfig: id === 'rotnet' ? { crop: 32 } : {} }), mask }
      fails(
        { ...config, pretext: Pretext.parse({ measurement: 'fresh' }) },
        /A mask file is one mask\. Choose the fixed/,
      )
    }
    passes({ ...configOf('subsample-again', 1), mask })
    passes({ ...configOf(null, 1), mask })
  })

  it('of 16 × 16 images by a U-Net of 4 pools is refused, with the file and how many pools it may have', () => {
    const config = configOf(null, 1)
    fails(config, /16 × 16 pixels in a\.h5.*4 pools.*1 × 1.*at most 3 pools/, [square(16)])
    fails(config, /16 × 16 pixels in a\.h5/, undefined, [square(16)])
    passes({ ...config, networkConfig: { channels: 2, pools: 3 } }, [square(16)], [square(16)])
    passes(config, [square(32)], [square(32)])
  })

  it('of U-Net++ needs two samples in an epoch’s last batch if the deepest node has one pixel', () => {
    const config = configOf(null, 2, { network: 'unet-plus-plus' })
    fails(config, /16 × 16.*batch of one/, [square(16, 3)], [square(16)]) // batches of 2 and 1
    passes(config, [square(16, 4)], [square(16)])
  })

  it('is refused if validation images are smaller than SSIM’s window, or if there are no slices', () => {
    const small = configOf(null, 1, { networkConfig: { pools: 1 } })
    fails(small, /7 × 7 pixels.*got 6 × 6 in a\.h5/, [square(16)], [square(6)])
    const slices: SliceSelection = { kind: 'range', from: 5, to: 9 }
    fails(configOf(null, 1, { slices }), /got none: of a\.h5 \(3 slices\)/)
    fails(configOf(null, 1, { slices }), /none of the 3 of a\.h5/, [square(48, 8)])
  })

  it('counts the usable slices, and names the others', () => {
    const withFaults = (dataset: string, faulty: readonly number[], slices = 3): VolumeInfo => ({
      ...square(48, slices),
      content: {
        ...{ identity: 'a', scan: 'a', version: { bytes: 0, modified: '0', changed: '0', inode: '0' }, remarks: [] },
        sampling: { kind: 'full', nearlyEmptyColumns: 0, zeroPadding: 0 },
        faults: faulty.map(slice => ({ slice, dataset, fault: 'all zero' as const })),
      },
    })
    const all = withFaults('reconstruction_esc', [0, 1, 2])
    fails(configOf(null, 1), /got none: .*a\.h5 slice 1 \(reconstruction_esc: all zero\), .*slice 3/, [all])
    fails(configOf(null, 1), /validate on, got none.*a\.h5 slice 1 \(reconstruction_esc: all zero\)/, undefined, [all])
    passes(configOf(null, 1), [square(48)], [all, square(48)])
    passes(configOf('rotnet', 1), [all], [all]) // A pretext needs no ground truth.
    fails(configOf('simclr', 2), /at least 2 training slices.*got 1\. Left out: a\.h5 slice 2/, [
      withFaults('kspace', [1], 2),
    ])
  })

  it('that compares samples needs at least two, and other trainings take any batch', () => {
    fails(configOf('simclr', 1), /batch of at least 2.*got batch 1/)
    passes(configOf('simclr', 2))
    fails(configOf('swav', 1, { network: 'unet-plus-plus' }), /got batch 1 and queue 0/)
    passes(configOf('swav', 1, { network: 'unet-plus-plus', methodConfig: { queue: 4 } }))
    fails(configOf('pirl', 1), /at least 2 training slices.*got 1/, [square(48, 1)])
    passes(configOf('pirl', 1))
    for (const id of ['rotnet', 'subsample-again']) passes(configOf(id, 1))
  })

  it('is refused if views are too small for the network, slices too few, or a queue too short', () => {
    const shallow = { networkConfig: { pools: 5 } }
    fails(
      configOf('rotnet', 1, { ...shallow, methodConfig: { crop: 32 } }),
      /32 × 32 pixels in the smallest views.*4 pools/,
    )
    passes(configOf('rotnet', 1, { ...shallow, methodConfig: { crop: 64 } }))
    fails(configOf('subsample-again', 1), /16 × 16 pixels in a\.h5/, [square(16)])
    for (const id of Object.keys(METHODS)) fails(configOf(id, 4), /at least 4 training slices.*got 3/)
    fails(configOf('swav', 3, { methodConfig: { queue: 2 } }), /queue of at least the batch’s 3, got 2/)
  })
})
