/** Rows of runs without a training, for tests. */
import { Recipe } from '../src/contract/recipes.ts'
import type { RunConfig } from '../src/contract/runs.ts'
import type { StudyVolume } from '../src/contract/studies.ts'
import type { Profile } from '../src/services/profile/profile.ts'
import { insertRun, type NewRun } from '../src/services/runs/store.ts'

/** A training from scratch of two epochs. */
export const TRAINING: RunConfig = {
  kind: 'train',
  network: 'unet',
  networkConfig: { channels: 4, pools: 2 },
  method: null,
  methodConfig: {},
  pretext: null,
  recipe: Recipe.parse({
    epochs: 2,
    batch: 1,
    optimizer: { kind: 'sgd' },
    schedule: { kind: 'constant', rate: 1 },
  }),
  fineTuning: null,
  mask: { kind: 'random', acceleration: 4, centerFraction: 0.08 },
  slices: { kind: 'all' },
  seed: 0,
}

interface Added extends Partial<NewRun> {
  /** The patients of the training volumes. */
  readonly trained?: readonly string[]
  /** The process that owns the run, and when the process took the run. */
  readonly pid?: number
  readonly host?: string | null
  readonly claimedAt?: string
}

/** Adds a finished run of a study. `added` overrides its properties. */
export function addRun(
  profile: Profile,
  study: number,
  { trained = [], pid, host, claimedAt, ...added }: Added = {},
): string {
  const used = { train: trained.map(patient => ({ file: patient, patient }) as StudyVolume), val: [] }
  const run = insertRun(profile, { study, config: TRAINING, parent: null, status: 'finished', used, ...added })
  profile.db
    .prepare('UPDATE runs SET pid = coalesce(?, pid), claimed_at = coalesce(?, claimed_at) WHERE id = ?')
    .run(pid, claimedAt, Number(run))
  if (host !== undefined) profile.db.prepare('UPDATE runs SET host = ? WHERE id = ?').run(host, Number(run))
  return run
}
