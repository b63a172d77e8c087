/** The rows of one fold and one seed. A row is planned when its key is first asked for, and only once. */
import type { ReproductionRequest, RowKind } from '../../contract/reproduction.ts'
import { type PlanKey, writtenKey } from './keys.ts'
import type { PlannedRow } from './planned.ts'
import type { Course } from './scales.ts'
import { networkName, type Part, type SeedTrainings } from './seed-trainings.ts'

/** Row kinds that a demonstration scores over many masks. */
const MAIN: ReadonlySet<RowKind> = new Set([
  'zero-filled',
  'classical',
  'baseline',
  'fine-tuned',
  'control',
  'control of equal time',
  'U-Net of equal time',
])

/** Fields of a row without defaults, and other fields if they differ from their defaults. */
type OwnFields = Pick<PlannedRow, 'kind' | 'label'> &
  Partial<Omit<PlannedRow, 'training' | 'baseline'>> & {
    readonly training: PlanKey | null
    readonly baseline?: PlanKey
  }

export interface SeedRows {
  /** Adds a row unless its key exists. `details` distinguish rows of one kind. Returns the key. */
  add(details: PlanKey['details'], own: OwnFields): string
  all(): readonly PlannedRow[]
}

export function seedRows({ scale, demo }: ReproductionRequest, { fold, seed, sizes }: Part): SeedRows {
  const rows = new Map<string, PlannedRow>()
  return {
    add(details, { training, baseline, ...own }) {
      const key = writtenKey({ kind: own.kind, details, fold, seed })
      const row: PlannedRow = {
        method: null,
        epoch: null,
        patients: sizes.trainingPatients,
        block: null,
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

/** @param training of the baseline */
export function baselineRow(rows: SeedRows, training: PlanKey, milestones: readonly number[], block?: string): string {
  const { details } = training
  const own = { training, baseline: training, ...(block && { block }) }
  for (const epoch of milestones)
    rows.add([...details, epoch], { ...own, kind: 'baseline at', label: `Baseline after ${epoch} epochs`, epoch })
  return rows.add(details, { ...own, kind: 'baseline', label: 'Baseline from scratch' })
}

/** Distinguishes the rows of a method. */
export const courseDetails = ({ method, on }: Course): string[] => (on ? [method, on.network] : [method])

const blockOf = ({ on }: Course) => (on ? { block: on.network } : {})

/** Whether the control is the method's own. The first control of a network belongs to no method. */
function isOwnControl(trainings: SeedTrainings, courses: readonly Course[], course: Course, patients?: number) {
  const first = courses.find(other => networkName(other) === networkName(course))!
  return writtenKey(trainings.control(first, patients)) !== writtenKey(trainings.control(course, patients))
}

function controlRow(rows: SeedRows, trainings: SeedTrainings, courses: readonly Course[], course: Course): string {
  const training = trainings.control(course)
  const isOwn = isOwnControl(trainings, courses, course)
  return rows.add(isOwn ? courseDetails(course) : [networkName(course)], {
    ...blockOf(course),
    kind: 'control',
    label: `Control${isOwn ? ` of ${course.label}` : ''}: same fine-tuning, no pre-training`,
    method: isOwn ? course.method : null,
    training,
    baseline: trainings.baseline(course),
  })
}

interface Against {
  /** Key of the baseline's row. */
  readonly baseline: string
  /** Key of the control of equal time. `null`: the plan has none. */
  readonly equalTime: string | null
}

/** The fine-tuning of a method, and its control. `courses`: all of one table. */
export function fineTunedRows(
  rows: SeedRows,
  trainings: SeedTrainings,
  courses: readonly Course[],
  course: Course,
  against: Against,
): void {
  const { method, label } = course
  rows.add(courseDetails(course), {
    ...blockOf(course),
    kind: 'fine-tuned',
    label: `${label} + fine-tuning`,
    method,
    training: trainings.fineTuning(course),
    baseline: trainings.baseline(course),
    against: { control: controlRow(rows, trainings, courses, course), ...against },
  })
}

/** A method on the ground truth of the first patients, and its control. */
export function fewLabelsRows(
  rows: SeedRows,
  trainings: SeedTrainings,
  { sizes }: Part,
  courses: readonly Course[],
  course: Course,
  patients: number,
): void {
  const { method, label, on } = course
  const onFew = `on ${patients} of ${sizes.trainingPatients} patients`
  const shared = { ...blockOf(course), baseline: trainings.baseline(course), patients }
  const details = [...courseDetails(course), patients]
  rows.add(details, {
    ...shared,
    kind: 'few labels',
    label: `${label} + fine-tuning ${onFew}`,
    method,
    training: trainings.fineTuning(course, { patients }),
  })
  // A block has several methods with few labels, which share a control.
  const isShared = on !== undefined && !isOwnControl(trainings, courses, course, patients)
  rows.add(isShared ? [networkName(course), patients] : details, {
    ...shared,
    kind: 'few labels control',
    label: `Control ${onFew}`,
    ...(on && !isShared && { method }),
    training: trainings.control(course, patients),
  })
}
