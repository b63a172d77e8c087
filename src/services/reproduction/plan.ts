/**
 * The original work on a study as a list of trainings, in the order in which they are done, and the rows that come of them.
 * Nothing is read.
 */
import { MaskSpec } from '../../contract/evaluation.ts'
import type { ReproductionRequest, ReproductionRow } from '../../contract/reproduction.ts'
import type { Study } from '../../contract/studies.ts'
import { METHODS, methodOf } from '../runs/catalogue.ts'
import { type Fold, foldsOf, type Sizes, sizesOf, withSlices } from './folds.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'
import { baselineReductions, coarserImages, fewerImages, reductionsOf } from './reductions.ts'
import { baselineAt, courseAt, demoCourse, slicesAt } from './scales.ts'
import { seedPlan } from './seed-plan.ts'
import { baselineMilestones } from './seed-trainings.ts'

export interface Plan {
  readonly request: ReproductionRequest
  readonly study: Study
  readonly folds: readonly Fold[]
  readonly mask: MaskSpec
  readonly trainings: readonly PlannedTraining[]
  readonly rows: readonly PlannedRow[]
  readonly reductions: readonly string[]
  /** Rows that another report has, by key: see `withKnown`. */
  readonly known: ReadonlyMap<string, ReproductionRow>
}

/** Every choice spelt out, so that it means the same when there are more methods. */
export const spellOut = (request: ReproductionRequest): ReproductionRequest => ({
  ...request,
  methods: request.methods ?? Object.keys(METHODS),
})

/** Seeds 0 to n − 1, or the one of a demonstration. */
export const seedsOf = ({ seeds, demo }: ReproductionRequest): number[] =>
  demo ? [demo.seed] : Array.from({ length: seeds }, (_, seed) => seed)

/** The original's way of a method, and the one that a request takes. */
const courseOf = ({ scale, demo }: ReproductionRequest, method: string, sizes: Sizes) =>
  demo ? demoCourse(method, demo.channels) : courseAt(scale, method, sizes)

/** Throws `INVALID_ARGUMENT` for a method that there is not, or a study with too few patients. */
export function makePlan(asked: ReproductionRequest, study: Study): Plan {
  const request = spellOut(asked)
  const { scale, demo } = request
  const methods = [...new Set(request.methods)]
  for (const method of methods) methodOf(method)
  const slices = slicesAt(scale, foldsOf(study, request)[0].study)
  const folds = foldsOf(withSlices(study, slices), request)
  const mask = MaskSpec.parse({})
  const seeds = seedsOf(request)
  const scratch = baselineAt(scale)
  const milestones = demo ? [] : baselineMilestones(scratch)
  const parts = seeds.flatMap(seed =>
    folds.map(({ study: of }, fold) => {
      const sizes = sizesOf(of)
      const courses = methods.map(method => courseOf(request, method, sizes).here)
      const isFirst = seed === seeds[0]
      return seedPlan(request, courses, { fold, seed, isFirst, sizes, mask, slices, scratch, milestones })
    }),
  )
  return {
    request,
    study,
    folds,
    mask,
    trainings: parts.flatMap(({ trainings }) => trainings),
    rows: parts.flatMap(({ rows }) => rows),
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
  const manyMasks = demo ? 'No score is a mean over twenty masks.' : 'Twenty masks are drawn for the main rows alone.'
  return [
    ...fewerImages(sizes.pretextSlices),
    ...(middle ? ['The middle slice of each volume alone, in training and in scoring.'] : []),
    ...(scale !== 'full' ? [manyMasks] : []),
    ...baselineReductions(baselineAt('full'), baselineAt(scale)),
    ...methods.flatMap(method => {
      const { original, here } = courseOf(request, method, sizes)
      return reductionsOf(original, here)
    }),
  ]
}
