/**
 * The rows of one network: the baseline by the network's own recipe, a U-Net that was trained for the time of this
 * baseline, and each method that can pre-train the network, with its control.
 */
import type { ReproductionRequest } from '../../contract/reproduction.ts'
import type { Block } from './blocks.ts'
import type { Course } from './scales.ts'
import { baselineRow, fewLabelsRows, fineTunedRows, type SeedRows } from './seed-rows.ts'
import { networkName, type Part, type SeedTrainings } from './seed-trainings.ts'

/** The pretext that any other pretext must beat. */
const SIMPLEST = 'subsample-again'

/** Most training patients of a row with few labels. */
const FEW = 2

/** The methods with few labels: the simplest pretext, and the first other method of the request. */
function withFewLabels(courses: readonly Course[]): Course[] {
  const simplest = courses.filter(({ method }) => method === SIMPLEST)
  return [...simplest, ...courses.filter(({ method }) => method !== SIMPLEST).slice(0, 1)]
}

/** The recipe of the part's U-Net baseline. Its row is planned too, because its epochs are the pace. */
export function addBlock(
  { headline }: ReproductionRequest,
  rows: SeedRows,
  trainings: SeedTrainings,
  part: Part,
  { on, unet: own, courses }: Block,
): void {
  const unet = { ...own, scratch: { ...part.scratch, milestones: [...part.milestones] } }
  const unetBaseline = trainings.ownBaseline(unet)
  baselineRow(rows, unetBaseline, part.milestones)
  const baseline = baselineRow(rows, trainings.ownBaseline(on), [], on.network)
  rows.add([on.network], {
    block: on.network,
    kind: 'U-Net of equal time',
    label: `U-Net of equal time to ${networkName(on)}`,
    training: trainings.unetOfEqualTime(on, unet),
    baseline: unetBaseline,
  })
  for (const course of courses) fineTunedRows(rows, trainings, courses, course, { equalTime: null, baseline })
  if (headline) return
  for (const course of withFewLabels(courses))
    for (let patients = 1; patients <= FEW && patients < part.sizes.trainingPatients; patients++)
      fewLabelsRows(rows, trainings, part, courses, course, patients)
}
