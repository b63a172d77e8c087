/**
 * The part of the plan for one fold and one seed: its rows, and their trainings in the order in which they are done.
 */
import { type ReproductionRequest, ROW_KINDS, type RowKind } from '../../contract/reproduction.ts'
import { classicalLabel, settingsKey } from './classical.ts'
import { type PlanKey, writtenKey } from './keys.ts'
import type { PlannedRow, PlannedTraining } from './planned.ts'
import type { Course } from './scales.ts'
import { networkKey, networkName, type Part, seedTrainings } from './seed-trainings.ts'

/** Row kinds that a demonstration scores over many masks. */
const MAIN: ReadonlySet<RowKind> = new Set([
  'zero-filled',
  'classical',
  'baseline',
  'fine-tuned',
  'control',
  'control of equal time',
])

/** Fields of a row without defaults, and other fields if they differ from their defaults. */
type OwnFields = Pick<PlannedRow, 'kind' | 'label'> &
  Partial<Omit<PlannedRow, 'training' | 'baseline'>> & {
    readonly training: PlanKey | null
    readonly baseline?: PlanKey
  }

interface SeedRows {
  /** Adds a row unless its key exists. `details` distinguish rows of one kind. Returns the key. */
  add(details: PlanKey['details'], own: OwnFields): string
  all(): readonly PlannedRow[]
}

function rowList({ scale, demo }: ReproductionRequest, { fold, seed, sizes }: Part): SeedRows {
  const rows = new Map<string, PlannedRow>()
  return {
    add(details, { training, baseline, ...own }) {
      const key = writtenKey({ kind: own.kind, details, fold, seed })
      const row: PlannedRow = {
        method: null,
        epoch: null,
        patients: sizes.trainingPatients,
        classical: null,
        against: null,
        key,
        fold,
        seed,
        manyMasks: !demo && (scale === 'full' || MAIN.has(own.kind)),
        training: training && writtenKey(training),
        baseline: baseline ? writtenKey(baseline) : null,
        ...own,
      }
      if (!rows.has(key)) rows.set(key, row)
      return key
    },
    all: () => [...rows.values()],
  }
}

type Trainings = ReturnType<typeof seedTrainings>

function baselineRow(rows: SeedRows, trainings: Trainings, part: Part, course: Course): string {
  const training = trainings.baseline(course)
  const { details } = training
  const own = { training, baseline: training }
  for (const epoch of part.milestones)
    rows.add([...details, epoch], { ...own, kind: 'baseline at', label: `Baseline after ${epoch} epochs`, epoch })
  return rows.add(details, { ...own, kind: 'baseline', label: 'Baseline from scratch' })
}

/** The first control of a network belongs to no method. A control of another recipe is its method's own. */
function controlRow(rows: SeedRows, trainings: Trainings, courses: readonly Course[], course: Course): string {
  const training = trainings.control(course)
  const first = courses.find(other => networkName(other) === networkName(course))!
  const isOwn = writtenKey(trainings.control(first)) !== writtenKey(training)
  return rows.add([isOwn ? course.method : networkName(course)], {
    kind: 'control',
    label: `Control${isOwn ? ` of ${course.label}` : ''}: same fine-tuning, no pre-training`,
    method: isOwn ? course.method : null,
    training,
    baseline: trainings.baseline(course),
  })
}

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
  trainings: Trainings,
  part: Part,
  courses: readonly Course[],
): void {
  const { fold, seed } = part
  const baselines = new Map(courses.map(course => [networkKey(course), baselineRow(rows, trainings, part, course)]))
  for (const course of courses) {
    const { method, label } = course
    const equalTime = writtenKey({ kind: 'control of equal time', details: [method], fold, seed })
    rows.add([method], {
      kind: 'fine-tuned',
      label: `${label} + fine-tuning`,
      method,
      training: trainings.fineTuning(course),
      baseline: trainings.baseline(course),
      against: {
        control: controlRow(rows, trainings, courses, course),
        equalTime: headline ? null : equalTime,
        baseline: baselines.get(networkKey(course))!,
      },
    })
  }
}

function addEqualTime(rows: SeedRows, trainings: Trainings, courses: readonly Course[]): void {
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

function addMilestones(rows: SeedRows, trainings: Trainings, courses: readonly Course[]): void {
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

function addFewLabels(rows: SeedRows, trainings: Trainings, { sizes }: Part, course: Course): void {
  const { method, label } = course
  for (let patients = 1; patients <= sizes.trainingPatients; patients++) {
    const on = `on ${patients} of ${sizes.trainingPatients} patients`
    const shared = { baseline: trainings.baseline(course), patients }
    rows.add([method, patients], {
      ...shared,
      kind: 'few labels',
      label: `${label} + fine-tuning ${on}`,
      method,
      training: trainings.fineTuning(course, { patients }),
    })
    rows.add([method, patients], {
      ...shared,
      kind: 'few labels control',
      label: `Control ${on}`,
      training: trainings.control(course, patients),
    })
  }
}

export function seedPlan(
  request: ReproductionRequest,
  courses: readonly Course[],
  part: Part,
): { readonly trainings: PlannedTraining[]; readonly rows: PlannedRow[] } {
  const trainings = seedTrainings(part)
  const rows = rowList(request, part)
  // A demonstration shows what is new first: the pre-training and its fine-tuning are trained before what they are
  // compared with.
  if (request.demo) for (const course of courses) trainings.fineTuning(course)
  if (part.isFirst) addUntrained(request, rows)
  addHeadline(request, rows, trainings, part, courses)
  if (!request.headline) {
    addEqualTime(rows, trainings, courses)
    addMilestones(rows, trainings, courses)
    addFewLabels(rows, trainings, part, courses[0])
  }
  const order = ({ kind }: PlannedRow) => ROW_KINDS.indexOf(kind)
  return { trainings: trainings.all(), rows: rows.all().toSorted((a, b) => order(a) - order(b)) }
}
