/**
 * The report on a study as a list of trainings, in the order in which they are done, and the rows that come of them.
 * Nothing is read.
 */
import { MaskSpec } from '../../contract/evaluation.ts'
import type { Study } from '../../contract/studies.ts'
import type { ReproductionRequest, StudyRow } from '../../contract/study.ts'
import { METHODS, methodOf } from '../runs/catalogue.ts'
import { type Fold, foldsOf, type Sizes, sizesOf, withSlices } from './folds.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'
import { baselineReductions, coarserImages, fewerImages, reductionsOf } from './reductions.ts'
import { baselineAt, courseAt, slicesAt } from './scales.ts'
import { seedPlan } from './seed-plan.ts'

export interface Plan {
  readonly request: ReproductionRequest
  readonly study: Study
  readonly folds: readonly Fold[]
  readonly mask: MaskSpec
  readonly trainings: readonly PlannedTraining[]
  readonly rows: readonly PlannedRow[]
  readonly reductions: readonly string[]
  /** Rows that another report has, by key: see `withKnown`. */
  readonly known: ReadonlyMap<string, StudyRow>
}

/** Every choice spelt out, so that it means the same when there are more methods. */
export const spellOut = (request: ReproductionRequest): ReproductionRequest => ({
  ...request,
  methods: request.methods ?? Object.keys(METHODS),
})

/** Throws `INVALID_ARGUMENT` for a method that there is not, or a study with too few patients. */
export function makePlan(asked: ReproductionRequest, study: Study): Plan {
  const request = spellOut(asked)
  const { scale, seeds } = request
  const methods = [...new Set(request.methods)]
  for (const method of methods) methodOf(method)
  const slices = slicesAt(scale, foldsOf(study, request.leaveOneOut)[0].study)
  const folds = foldsOf(withSlices(study, slices), request.leaveOneOut)
  const mask = MaskSpec.parse({})
  const parts = Array.from({ length: seeds }, (_, seed) =>
    folds.map(({ study: of }, fold) => {
      const sizes = sizesOf(of)
      const courses = methods.map(method => courseAt(scale, method, sizes).here)
      return seedPlan(request, courses, { fold, seed, sizes, mask, slices, scratch: baselineAt(scale) })
    }),
  ).flat()
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
  { scale }: ReproductionRequest,
  methods: readonly string[],
  sizes: Sizes,
  middle: boolean,
): string[] {
  return [
    ...fewerImages(sizes.pretextSlices),
    ...(middle ? ['The middle slice of each volume alone, in training and in scoring.'] : []),
    ...(scale !== 'full' ? ['Twenty masks are drawn for the main rows alone.'] : []),
    ...baselineReductions(baselineAt('full'), baselineAt(scale)),
    ...methods.flatMap(method => {
      const { report, here } = courseAt(scale, method, sizes)
      return reductionsOf(report, here)
    }),
  ]
}
