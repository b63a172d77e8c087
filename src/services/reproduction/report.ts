/** The report of a plan, with the rows that are finished. Everything is read from the profile. */

import { FLAG_REMEDY, flagsInWords } from '../../contract/crimes.ts'
import { originOfAll } from '../../contract/origin.ts'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { trainedOnInWords } from '../../contract/trained-on.ts'
import { protocolOf } from '../../core/evaluate.ts'
import type { Profile } from '../profile/profile.ts'
import { VERSION } from '../runs/environment.ts'
import { volumesOf } from '../studies/studies.ts'
import { requestOfReport } from './classical.ts'
import type { Failures } from './driver.ts'
import { describeFold } from './folds.ts'
import { gainsOf } from './gains.ts'
import type { Finished } from './lookup.ts'
import { networkGainsOf } from './network-gains.ts'
import { readCompany, timedRun } from './pace-doubts.ts'
import type { Plan } from './plan.ts'
import { needsOf } from './planned.ts'
import { reproductionRow } from './rows.ts'
import { readScores } from './scores.ts'
import { type Survey, survey } from './survey.ts'

/** The devices of all trainings in words. */
function devicesInWords(profile: Profile, { known }: Plan, finished: Finished): string {
  const others = [...known.values()].flatMap(({ device }) => device ?? [])
  const own = [...finished.values()].flatMap(run => timedRun(profile, run).trainedOn)
  return [...new Set([...others, trainedOnInWords(own)])].filter(Boolean).join('; ') || 'nothing trained yet'
}

/** Trainings that failed, and trainings that need a failed training. */
function failedTrainings({ trainings }: Plan, { standings }: Survey): Failures {
  const failures: Failures = new Map()
  for (const training of trainings) {
    const { key } = training
    const standing = standings.get(key)!
    const run = standing.state === 'ready' ? standing.run : null
    const failed = needsOf(training).filter(need => failures.has(need))
    if (failed.length > 0)
      failures.set(key, `The training needs a training that failed: ${[...new Set(failed)].join('; ')}.`)
    else if (standing.state === 'refused') failures.set(key, standing.reason)
    else if (run?.status === 'failed') failures.set(key, run.reason ?? 'The training failed.')
    else if (run?.status === 'cancelled')
      failures.set(key, 'The training was cancelled. Resume the reproduction to continue.')
  }
  return failures
}

/** Names acknowledged flags too, because the report's readers have not seen them. */
function flagRemarks({ volumes }: Plan['study']): string[] {
  const words = flagsInWords(volumes.map(({ content }) => ({ content })))
  return words ? [`${words} ${FLAG_REMEDY}`] : []
}

/** @param failures failures of this process, in addition to those in the profile */
export function assemble(
  profile: Profile,
  plan: Plan,
  createdAt: string,
  failures: Failures = new Map(),
): ReproductionReport {
  const { request, study, folds, mask, reductions, networks } = plan
  const all = survey(profile, plan)
  const { finished } = all
  const hadCompany = readCompany(profile)
  const rows = plan.rows.flatMap(row => {
    const known = plan.known.get(row.key)
    if (known) return [known]
    const scores = readScores(profile, plan, row, finished)
    return scores ? [reproductionRow(profile, plan, row, scores, finished, hadCompany)] : []
  })
  const failed = new Map([...failures, ...failedTrainings(plan, all)])
  return {
    request: requestOfReport(request),
    study: study.name,
    origin: originOfAll(study.volumes),
    remarks: [...study.remarks, ...flagRemarks(study)],
    device: devicesInWords(profile, plan, finished),
    createdAt,
    version: VERSION,
    complete: rows.length === plan.rows.length,
    folds: folds.map(describeFold),
    protocol: protocolOf(
      { mask, maskDraws: null, slices: folds[0].study.slices, reference: 'ground truth' },
      folds.flatMap(fold => volumesOf(fold.study, 'test')),
    ),
    reductions: [...reductions],
    rows,
    gains: gainsOf(plan, rows),
    ...(networks.length > 0 && { networks: [...networks], networkGains: networkGainsOf(plan, rows) }),
    failures: [...failed].map(([key, reason]) => ({ key, reason })),
  }
}
