/**
 * The part of the plan for one fold and one seed: its rows, and their trainings in the order in which they are done.
 */
import { type ReproductionRequest, ROW_KINDS } from '../../contract/reproduction.ts'
import { addBlock } from './block-rows.ts'
import type { Block } from './blocks.ts'
import { classicalLabel, settingsKey } from './classical.ts'
import { writtenKey } from './keys.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'
import type { Course } from './scales.ts'
import { baselineRow, fewLabelsRows, fineTunedRows, type SeedRows, seedRows } from './seed-rows.ts'
import { networkKey, type Part, type SeedTrainings, seedTrainings } from './seed-trainings.ts'

/** Rows without a training. They need no seed, so the first seed has them. */
function addUntrained({ classical = [] }: ReproductionRequest, rows: SeedRows): void {
  const shared = { training: null, patients: null }
  rows.add([], { ...shared, kind: 'zero-filled', label: 'Zero-filled' })
  for (const each of classical)
    rows.add(settingsKey(each), {
      ...shared,
      kind: 'classical',
      label: classicalLabel(each, classical),
      classical: each,
    })
}

/** Baselines, and each method's fine-tuning with its control. */
function addHeadline(
  { headline }: ReproductionRequest,
  rows: SeedRows,
  trainings: SeedTrainings,
  part: Part,
  courses: readonly Course[],
): void {
  const { fold, seed, milestones } = part
  const baselines = new Map(
    courses.map(course => [networkKey(course), baselineRow(rows, trainings.baseline(course), milestones)]),
  )
  for (const course of courses) {
    const equalTime = writtenKey({ kind: 'control of equal time', details: [course.method], fold, seed })
    fineTunedRows(rows, trainings, courses, course, {
      equalTime: headline ? null : equalTime,
      baseline: baselines.get(networkKey(course))!,
    })
  }
}

function addEqualTime(rows: SeedRows, trainings: SeedTrainings, courses: readonly Course[]): void {
  const estimates = new Map(courses.map(course => [course, trainings.get(trainings.pretraining(course)).estimate]))
  for (const course of courses.toSorted((a, b) => estimates.get(a)! - estimates.get(b)!)) trainings.equalTime(course)
  for (const course of courses)
    rows.add([course.method], {
      kind: 'control of equal time',
      label: `Control of equal time to ${course.label}`,
      method: course.method,
      training: trainings.equalTime(course),
      baseline: trainings.baseline(course),
    })
}

function addMilestones(rows: SeedRows, trainings: SeedTrainings, courses: readonly Course[]): void {
  for (const course of courses) {
    const { milestones, epochs } = course.training
    for (const epoch of milestones.filter(each => each < epochs))
      rows.add([course.method, epoch], {
        kind: 'milestone',
        label: `${course.label} + fine-tuning from epoch ${epoch}`,
        method: course.method,
        training: trainings.fineTuning(course, { epoch }),
        baseline: trainings.baseline(course),
        epoch,
      })
  }
}

export function seedPlan(
  request: ReproductionRequest,
  courses: readonly Course[],
  blocks: readonly Block[],
  part: Part,
): { readonly trainings: PlannedTraining[]; readonly rows: PlannedRow[] } {
  const trainings = seedTrainings(part)
  const rows = seedRows(request, part)
  // A demonstration shows what is new first: the pre-training and its fine-tuning are trained before what they are
  // compared with.
  if (request.demo) for (const course of courses) trainings.fineTuning(course)
  if (part.isFirst) addUntrained(request, rows)
  addHeadline(request, rows, trainings, part, courses)
  if (!request.headline) {
    addEqualTime(rows, trainings, courses)
    addMilestones(rows, trainings, courses)
    for (let patients = 1; patients <= part.sizes.trainingPatients; patients++)
      fewLabelsRows(rows, trainings, part, courses, courses[0], patients)
  }
  for (const block of blocks) addBlock(request, rows, trainings, part, block)
  const order = ({ kind }: PlannedRow) => ROW_KINDS.indexOf(kind)
  return { trainings: trainings.all(), rows: rows.all().toSorted((a, b) => order(a) - order(b)) }
}
