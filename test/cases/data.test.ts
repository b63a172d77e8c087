/** K1: results belong to the contents of files. K2: no file of a user is replaced. */

import { cpSync } from 'node:fs'
import { expect, vi } from 'vitest'
import type { Evaluation } from '../../src/contract/evaluation.ts'
import { stretch } from '../../src/contract/recipes.ts'
import type { ReproductionReport } from '../../src/contract/reproduction.ts'
import type { RunRow } from '../../src/contract/runs.ts'
import { metricsOf, type Variant, variant } from './variant.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Shortens a reproduction's trainings to a tenth, with a small network, because only the zero-filled row is tested. */
vi.mock(import('../../src/services/reproduction/plan.ts'), async importOriginal => {
  const original = await importOriginal()
  const tenth = (epochs: number) => Math.max(1, Math.round(epochs / 10))
  const makePlan: typeof original.makePlan = (...request) => {
    const plan = original.makePlan(...request)
    const trainings = plan.trainings.map(({ config, ...training }) => {
      const recipe = stretch(config.recipe, tenth(config.recipe.epochs))
      return { ...training, config: { ...config, networkConfig: { channels: 2, pools: 2 }, recipe } }
    })
    return { ...plan, trainings, rows: plan.rows.map(row => ({ ...row, epoch: row.epoch && tenth(row.epoch) })) }
  }
  return { ...original, makePlan }
})

const TRAIN = ['train', '--epochs', '1', '--channels', '2', '--pools', '2']
const AGAIN = [
  'pretrain',
  '--method',
  'subsample-again',
  '--batch',
  '1',
  '--epochs',
  '1',
  '--channels',
  '2',
  '--pools',
  '2',
]

const changed = (file: string) => ({ code: 'DATA_CHANGED', names: file, remedy: /studies scan/ }) as const

variant('K1-changed-data/training_file_has_fewer_slices', async v => {
  await v.json('import', 'train', 'val', '--name', 's')
  for (const later of ['later', 'later2']) {
    cpSync(v.path(later, 'train1.h5'), v.path('train/train1.h5'))
    for (const args of [TRAIN, AGAIN]) await v.refused([...args, '--study', 's'], changed('train1.h5'))
  }
})

variant('K1-changed-data/training_file_lost_its_ground_truth', async v => {
  await v.json('import', 'train', 'val', '--name', 's')
  cpSync(v.path('later/train1.h5'), v.path('train/train1.h5'))
  await v.refused([...TRAIN, '--study', 's'], changed('train1.h5'))
})

variant('K1-changed-data/training_file_replaced_by_test_patient', async v => {
  await v.json('import', 'train', 'val', 'test', '--name', 's')
  cpSync(v.path('test/test0.h5'), v.path('train/train0.h5'))
  await v.refused([...TRAIN, '--study', 's'], changed('train0.h5'))
  const scan = await v.cli('studies', 'scan', 's', '--yes', '--json')
  if (scan.exit !== 0) expect(JSON.parse(scan.out).error?.code, scan.err).toBe('PATIENT_LEAK')
  await v.refused([...TRAIN, '--study', 's'], {
    code: 'PATIENT_LEAK',
    names: 'train0.h5',
    remedy: /Move|Remove|Restore/,
  })
})

for (const id of ['two_versions_motion', 'two_versions_of_one_data_set'])
  variant(`K1-changed-data/${id}`, async v => {
    const rows: Record<string, ReproductionReport['rows']> = {}
    for (const name of ['one', 'two']) await v.json('import', name)
    for (const name of ['one', 'two']) {
      const right = (v.right.numbers as Record<string, Record<string, number>>)[`zero-filled, ${name}`]
      const args = ['--methods', 'subsample-again', '--headline', '--out', `out ${name}`]
      rows[name] = (await v.json<ReproductionReport>('study', '--study', name, ...args)).rows
      v.equal(right, metricsOf(rows[name].find(row => row.kind === 'zero-filled')!.metrics), name)
      const { mean } = await v.json<Evaluation>('evaluate', '--study', name)
      v.equal(right, metricsOf(mean!), `evaluate --study ${name}`)
    }
    const identities = new Set(rows.one.map(row => row.identity))
    expect(
      rows.two.filter(row => identities.has(row.identity)),
      'no row of both studies',
    ).toEqual([])
    const runs = await v.json<RunRow[]>('runs')
    expect(runs.filter(run => run.study === 'two').length).toBe(runs.filter(run => run.study === 'one').length)
  })

async function rawFileStays(v: Variant, args: readonly string[], file: string): Promise<void> {
  const refusal = { code: 'FILE_EXISTS', names: file, remedy: /--overwrite|another folder|Choose|Give|Move/ } as const
  await v.refused(args, refusal)
  await v.refused([...args, '--overwrite'], { ...refusal, remedy: /another|Choose|Give|Move/ })
}

variant('K2-written-over/raw_scan_in_the_out_folder', v =>
  rawFileStays(v, ['reconstruct', 'masked/scan.h5', '--out', 'raw'], 'raw/scan.h5'),
)

variant('K2-written-over/raw_scan_of_a_study', async v => {
  await v.json('import', 'study')
  await rawFileStays(v, ['reconstruct', 'new/case7.h5', '--out', 'study/train'], 'study/train/case7.h5')
})
