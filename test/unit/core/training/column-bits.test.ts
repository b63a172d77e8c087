/** Column masks give the inputs of trainings bit for bit as before masks were patterns (commit 285ef48). */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { COLUMN_KINDS } from '../../../../src/contract/evaluation.ts'
import { Pretext } from '../../../../src/contract/recipes.ts'
import { makePlainArithmetic } from '../../../../src/core/compute.ts'
import { networkOf } from '../../../../src/core/models/index.ts'
import { methodOf } from '../../../../src/core/ssl/index.ts'
import { pretextTask } from '../../../../src/core/ssl/pretext.ts'
import { supervisedTask } from '../../../../src/core/training/supervised.ts'
import { noiseVolume, sourceOf } from '../../../volumes.ts'

/** SHA-256 of a batch: supervised, sub-sample again of a fixed measurement, and of a fresh one. Computed by 285ef48. */
const BEFORE: Readonly<Record<(typeof COLUMN_KINDS)[number], readonly string[]>> = {
  random: ['58860c0cb76a5cae', '3cd7290864c49b4b', 'fad4d4eb28757009'],
  equispaced: ['7fc8bf1f03e30585', '096083c630477e5a', '4a2b7e53ce40d7e3'],
  equispaced_fraction: ['589ecc9c4bd3a671', '3a62e22c68a0be8c', 'aa10aaf4ba28bd98'],
  magic: ['73002257b5cc52f8', '096083c630477e5a', '4a2b7e53ce40d7e3'],
}

it.each(COLUMN_KINDS)('a training under %s columns sees the images that it always saw', async kind => {
  const network = networkOf('unet')
  const job = {
    network,
    networkConfig: network.config.parse({ channels: 2 }),
    train: [sourceOf(noiseVolume('a')), sourceOf(noiseVolume('b'))],
    validation: [],
    slices: { kind: 'all' },
    mask: { kind, acceleration: 4, centerFraction: 0.08 },
    batch: 2,
    seed: 5,
  } as const
  const method = methodOf('subsample-again')
  const methodConfig = method.config.parse({})
  const pretexts = (['fixed', 'fresh'] as const).map(measurement =>
    pretextTask(
      { ...job, method, methodConfig, pretext: Pretext.parse({ measurement }), epochs: 2 },
      makePlainArithmetic(),
    ),
  )
  const hashes: string[] = []
  for (const task of [supervisedTask(job, makePlainArithmetic()), ...pretexts]) {
    const hash = createHash('sha256')
    for (const { data } of Object.values(await task.prepare(1, 0)))
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    hashes.push(hash.digest('hex').slice(0, 16))
  }
  expect(hashes).toEqual(BEFORE[kind])
})
