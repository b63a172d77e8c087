/**
 * The plan of a reproduction: a list of trainings in the order of training, and the rows that they give.
 * Making a plan reads no files.
 */
import { MaskSpec } from '../../contract/evaluation.ts'
import type { ReportNetwork, ReproductionRequest, ReproductionRow } from '../../contract/reproduction.ts'
import type { Study } from '../../contract/studies.ts'
import { METHODS, methodOf, networkOf } from '../runs/catalogue.ts'
import { blocksOf, requireBlockNetworks } from './blocks.ts'
import { requireUntunedFolds } from './classical.ts'
import { type Fold, foldsOf, type Sizes, sizesOf, withSlices } from './folds.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'
import { baselineReductions, coarserImages, fewerImages, networkReductions, reductionsOf } from './reductions.ts'
import { baselineAt, courseAt, demoCourse, networkAt, slicesAt } from './scales.ts'
import { seedPlan } from './seed-plan.ts'
import { baselineMilestones } from './seed-trainings.ts'

export interface Plan {
  readonly request: ReproductionRequest
  readonly study: Study
  readonly folds: readonly Fold[]
  readonly mask: MaskSpec
  readonly trainings: readonly PlannedTraining[]
  readonly rows: readonly PlannedRow[]
  /** The networks with a block of rows. */
  readonly networks: readonly ReportNetwork[]
  readonly reductions: readonly string[]
  /** Rows from an earlier report, by key. See `withKnown`. */
  readonly known: ReadonlyMap<string, ReproductionRow>
}

/** The request with all methods listed, so that a request keeps its meaning if methods are added. */
export const spellOut = (request: ReproductionRequest): ReproductionRequest => ({
  ...request,
  methods: request.methods ?? Object.keys(METHODS),
})

/** Seeds 0 to n − 1, or the seed of a demonstration. */
export const seedsOf = ({ seeds, demo }: ReproductionRequest): number[] =>
  demo ? [demo.seed] : Array.from({ length: seeds }, (_, seed) => seed)

/** The original course of a method, and the course of the request. */
const courseOf = ({ scale, demo }: ReproductionRequest, method: string, sizes: Sizes) =>
  demo ? demoCourse(method, demo.channels) : courseAt(scale, method, sizes)

/** Makes the plan. Throws `INVALID_ARGUMENT` for an unknown method, or a study with too few patients. */
export function makePlan(asked: ReproductionRequest, study: Study): Plan {
  const request = spellOut(asked)
  const { scale, demo } = request
  const methods = [...new Set(request.methods)]
  for (const method of methods) methodOf(method)
  const slices = slicesAt(scale, foldsOf(study, request)[0].study)
  const folds = foldsOf(withSlices(study, slices), request)
  requireUntunedFolds(folds, request.classical ?? [])
  const mask = MaskSpec.parse({})
  const seeds = seedsOf(request)
  const scratch = baselineAt(scale)
  const milestones = demo ? [] : baselineMilestones(scratch)
  const networks = [...new Set(request.networks)]
  requireBlockNetworks(networks)
  const blocksIn = (fold: Fold, seed: number) => blocksOf({ scale, networks }, methods, fold, { mask, slices, seed })
  const parts = seeds.flatMap(seed =>
    folds.map((of, fold) => {
      const sizes = sizesOf(of.study)
      const courses = methods.map(method => courseOf(request, method, sizes).here)
      const isFirst = seed === seeds[0]
      const part = { fold, seed, isFirst, sizes, mask, slices, scratch, milestones }
      return seedPlan(request, courses, blocksIn(of, seed), part)
    }),
  )
  return {
    request,
    study,
    folds,
    mask,
    trainings: parts.flatMap(({ trainings }) => trainings),
    rows: parts.flatMap(({ rows }) => rows),
    networks: blocksIn(folds[0], seeds[0]).map(({ report }) => report),
    reductions: [
      ...coarserImages(study),
      ...reductionsAt(request, methods, sizesOf(folds[0].study), slices.kind !== study.slices.kind),
    ],
    known: new Map(),
  }
}

function reductionsAt(
  request: ReproductionRequest,
  methods: readonly string[],
  sizes: Sizes,
  middle: boolean,
): string[] {
  const { scale, demo } = request
  const manyMasks = demo ? 'No score is a mean over twenty masks.' : 'Only main rows have a score over twenty masks.'
  return [
    ...fewerImages(sizes.pretextSlices),
    ...(middle ? ['Only the middle slice of each volume is used, in training and in scoring.'] : []),
    ...(scale !== 'full' ? [manyMasks] : []),
    ...baselineReductions(baselineAt('full'), baselineAt(scale)),
    ...methods.flatMap(method => {
      const { original, here } = courseOf(request, method, sizes)
      return reductionsOf(original, here)
    }),
    ...(request.networks ?? []).flatMap(network =>
      networkReductions(networkOf(network).label, networkAt('full', network), networkAt(scale, network)),
    ),
  ]
}
