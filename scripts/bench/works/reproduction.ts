/** What works that time whole reproductions have in common. */
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Reproduced, ReproductionAsked } from '../ours/reproduction.ts'
import type { SmallStudy } from '../ours/small-study.ts'
import { type Check, makeCheck } from '../report.ts'
import type { Request } from '../side.ts'
import type { Bench } from './work.ts'

/** Asks a new process, because variables of an earlier request would stay. */
async function askNew<Answer>({ ours }: Bench, request: Request): Promise<Answer> {
  const side = await ours()
  try {
    return await side.ask<Answer>(request)
  } finally {
    await side.dispose()
  }
}

/** 48 slices to train on, and 24 to score. */
const STUDY: Omit<SmallStudy, 'files'> = { patients: { train: 2, val: 1, test: 1 }, drawn: 2, measured: 6 }

/** The folder of a study of small images. The first call writes the files. */
export async function smallStudy(bench: Bench): Promise<string> {
  const files = join(bench.folder, 'small-study')
  if (existsSync(files)) return files
  bench.say('Making a study of 64 × 64 images …')
  await askNew(bench, { do: 'small study', files, ...STUDY })
  return files
}

export type Way = Pick<ReproductionAsked, 'variables' | 'execution'>

/** Both ways may use two cores. */
export const TWO_SLOTS: Way = { variables: { TF_NUM_INTRAOP_THREADS: '2' }, execution: { slots: 2 } }
export const IN_TURN: Way = { variables: { TF_NUM_INTRAOP_THREADS: '2' }, execution: { slots: 1 } }
export const IN_TURN_ON_ONE_CORE: Way = { variables: { TF_NUM_INTRAOP_THREADS: '1' }, execution: { slots: 1 } }

/** Carries out the six trainings and their scores in a new profile. Throws if a training or a score is missing. */
export async function reproduce(bench: Bench, way: Way, epochs: ReproductionAsked['epochs']): Promise<Reproduced> {
  const files = await smallStudy(bench)
  const profile = await mkdtemp(join(bench.folder, 'reproduction-'))
  const reproduced = await askNew<Reproduced>(bench, { do: 'reproduction', files, profile, epochs, ...way })
  const { planned, trainings, complete, failures } = reproduced
  if (trainings.length < planned || !complete)
    throw new Error(`Expected ${planned} trainings and all scores, got ${trainings.length}. ${failures.join(' ')}`)
  return reproduced
}

/** Compares weights and scores, of which each must be equal to the last bit. */
export function checkEqual(what: string, ours: Reproduced, other: Reproduced): Check {
  const weightsOf = ({ trainings }: Reproduced) => new Map(trainings.map(({ key, weights }) => [key, weights]))
  const [mine, theirs] = [weightsOf(ours), weightsOf(other)]
  const weights = [...theirs].filter(([key, hash]) => mine.get(key) !== hash).length
  const scores = Object.entries(other.metrics).filter(
    ([key, metrics]) => JSON.stringify(ours.metrics[key]) !== JSON.stringify(metrics),
  ).length
  return makeCheck(`${what}: weights and scores`, weights + scores, 0)
}
