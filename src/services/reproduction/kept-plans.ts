/** Plans of a profile's reproductions. */
import type { ReproductionRequest } from '../../contract/reproduction.ts'
import type { Study } from '../../contract/studies.ts'
import type { Profile } from '../profile/profile.ts'
import { studyById } from '../studies/studies.ts'
import { makePlan, type Plan } from './plan.ts'

interface Kept {
  readonly study: string
  readonly plan: Plan
}

/** Most plans that are kept. */
const MOST = 8

const kept = new WeakMap<Profile, Map<string, Kept>>()

/**
 * The plan of a request. Plans are kept, because a plan of hundreds of trainings takes longer than everything else in
 * the list of reproductions.
 */
export function planOf(
  profile: Profile,
  request: ReproductionRequest,
  study: Study = studyById(profile, request.study),
): Plan {
  const all = kept.get(profile) ?? new Map<string, Kept>()
  kept.set(profile, all)
  const key = JSON.stringify(request)
  const contents = JSON.stringify(study)
  const before = all.get(key)
  const plan = before?.study === contents ? before.plan : makePlan(request, study)
  all.delete(key)
  all.set(key, { study: contents, plan })
  if (all.size > MOST) all.delete(all.keys().next().value!)
  return plan
}
