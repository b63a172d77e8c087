/** The part of the plan that is of one fold and one seed: its rows, and the trainings that they come of, in the order in which those are done. */
import { type ReproductionRequest, STUDY_ROW_KINDS, type StudyRowKind } from '../../contract/study.ts'
import type { PlannedRow, PlannedTraining } from './plan.ts'
import type { Course } from './scales.ts'
import { keyOf, milestonesOf, networkKey, networkName, type Part, seedTrainings } from './seed-trainings.ts'

/** Those that a demonstration scores over many masks. */
const MAIN: ReadonlySet<StudyRowKind> = new Set([
  'zero-filled',
  'baseline',
  'fine-tuned',
  'control',
  'control of equal time',
])

export function seedPlan(
  { scale, headline }: ReproductionRequest,
  courses: readonly Course[],
  part: Part,
): { readonly trainings: PlannedTraining[]; readonly rows: PlannedRow[] } {
  const { fold, seed, sizes } = part
  const everyPatient = sizes.trainingPatients
  const { baseline, pretraining, fineTuning, control, equalTime, planned } = seedTrainings(part)
  const rows: PlannedRow[] = []

  /** Words tell it from others of its kind. */
  function row(
    words: readonly (string | number)[],
    own: Pick<PlannedRow, 'kind' | 'label' | 'training'> & Partial<PlannedRow>,
  ): string {
    const key = keyOf(part, own.kind, ...words)
    const manyMasks = scale === 'full' || MAIN.has(own.kind)
    const rest = { method: null, epoch: null, patients: everyPatient, baseline: null, against: null }
    if (!rows.some(other => other.key === key)) rows.push({ ...rest, key, fold, seed, manyMasks, ...own })
    return key
  }
  /** A row that is a method's own. */
  const ofMethod = (
    course: Course,
    own: Pick<PlannedRow, 'kind' | 'label' | 'training'> & Partial<PlannedRow>,
    ...words: readonly number[]
  ) => row([course.method, ...words], { method: course.method, baseline: baseline(course), ...own })

  function baselineRow(course: Course): string {
    const key = baseline(course)
    const words = key.split(' · ').slice(1, -2) // as the training is told from others
    const own = { training: key, baseline: key }
    for (const epoch of milestonesOf(part))
      row([...words, epoch], { ...own, kind: 'baseline at', label: `Baseline after ${epoch} epochs`, epoch })
    return row(words, { ...own, kind: 'baseline', label: 'Baseline from scratch' })
  }

  /** The first control of a network is nobody's; another one, of another recipe, is each method's own. */
  function controlRow(course: Course): string {
    const training = control(course)
    const first = courses.find(other => networkName(other) === networkName(course))!
    const own = control(first) !== training
    return row([own ? course.method : networkName(course)], {
      kind: 'control',
      label: `Control${own ? ` of ${course.label}` : ''}: same fine-tuning, no pre-training`,
      method: own ? course.method : null,
      training,
      baseline: baseline(course),
    })
  }

  if (seed === 0) row([], { kind: 'zero-filled', label: 'Zero-filled', training: null, patients: null })
  const baselines = new Map(courses.map(course => [networkKey(course), baselineRow(course)]))
  for (const course of courses) {
    ofMethod(course, {
      kind: 'fine-tuned',
      label: `${course.label} + fine-tuning`,
      training: fineTuning(course),
      against: {
        control: controlRow(course),
        equalTime: headline ? null : keyOf(part, 'control of equal time', course.method),
        baseline: baselines.get(networkKey(course))!,
      },
    })
  }
  if (!headline) {
    const estimateOf = (course: Course) => planned().find(({ key }) => key === pretraining(course))!.estimate
    for (const course of courses.toSorted((a, b) => estimateOf(a) - estimateOf(b))) equalTime(course)
    for (const course of courses)
      ofMethod(course, {
        kind: 'control of equal time',
        label: `Control of equal time to ${course.label}`,
        training: equalTime(course),
      })
    for (const course of courses) {
      const { milestones, epochs } = course.training
      for (const epoch of milestones.filter(each => each < epochs)) {
        const label = `${course.label} + fine-tuning from epoch ${epoch}`
        ofMethod(course, { kind: 'milestone', label, training: fineTuning(course, { epoch }), epoch }, epoch)
      }
    }
    const [first] = courses
    for (let patients = 1; patients <= everyPatient; patients++) {
      const on = `on ${patients} of ${everyPatient} patients`
      const label = `${first.label} + fine-tuning ${on}`
      ofMethod(first, { kind: 'few labels', label, training: fineTuning(first, { patients }), patients }, patients)
      const own = { kind: 'few labels control', label: `Control ${on}`, training: control(first, patients) } as const
      ofMethod(first, { ...own, method: null, patients }, patients)
    }
  }
  const order = ({ kind }: PlannedRow) => STUDY_ROW_KINDS.indexOf(kind)
  return { trainings: planned(), rows: rows.toSorted((a, b) => order(a) - order(b)) }
}
