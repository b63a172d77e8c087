/** How far all trainings of a plan are. */
import type { RunRow } from '../../contract/runs.ts'
import type { Profile } from '../profile/profile.ts'
import { findRun } from '../runs/runs.ts'
import { type Finished, matchOf, prepare, type Sketch, sketchesOf, type Wanted } from './lookup.ts'
import type { Plan } from './plan.ts'

/**
 * `waits`: the training needs trainings that have not finished. `refused`: the training cannot start.
 * `ready`: the training can start, or has a run that has not finished.
 */
export type Standing =
  | { readonly state: 'finished'; readonly run: RunRow }
  | { readonly state: 'waits' }
  | { readonly state: 'refused'; readonly reason: string }
  | { readonly state: 'ready'; readonly run: Sketch | null; readonly epochs: number }

export interface Survey {
  readonly finished: Finished
  /** By key, in the order of the plan. */
  readonly standings: ReadonlyMap<string, Standing>
}

/** What later surveys need not look up again: the list of reproductions asks often. */
interface Kept {
  readonly finished: Map<string, RunRow>
  readonly wanted: Map<string, Wanted>
}

const surveyed = new WeakMap<Profile, WeakMap<Plan, Kept>>()

function keptOf(profile: Profile, plan: Plan): Kept {
  const plans = surveyed.get(profile) ?? new WeakMap<Plan, Kept>()
  surveyed.set(profile, plans)
  const kept = plans.get(plan) ?? { finished: new Map(), wanted: new Map() }
  plans.set(plan, kept)
  return kept
}

/** Looks up all trainings of a plan. */
export function survey(profile: Profile, plan: Plan): Survey {
  const kept = keptOf(profile, plan)
  const sketches = sketchesOf(profile, plan.study.id)
  const finished: Finished = new Map()
  const standings = new Map<string, Standing>()
  for (const planned of plan.trainings) {
    const { key } = planned
    const before = kept.finished.get(key)
    if (before) {
      finished.set(key, before)
      standings.set(key, { state: 'finished', run: before })
      continue
    }
    let wanted = kept.wanted.get(key)
    if (!wanted) {
      const ready = prepare(profile, plan, planned, finished)
      if (!ready.prepared) {
        standings.set(key, ready.waits ? { state: 'waits' } : { state: 'refused', reason: ready.reason })
        continue
      }
      wanted = ready.wanted
      kept.wanted.set(key, wanted)
    }
    const match = matchOf(profile, sketches, wanted)
    if (match?.status !== 'finished') {
      standings.set(key, { state: 'ready', run: match, epochs: wanted.config.recipe.epochs })
      continue
    }
    const run = findRun(profile, match.id)
    kept.finished.set(key, run)
    kept.wanted.delete(key)
    finished.set(key, run)
    standings.set(key, { state: 'finished', run })
  }
  return { finished, standings }
}
