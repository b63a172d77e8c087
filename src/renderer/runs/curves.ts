/** A run's log as points to plot, by epoch or by time. */
import type { LoggedEvent, RunDetail } from '../../contract/runs.ts'
import { NONE } from '../../presentation/numbers.ts'

export type Axis = 'epoch' | 'time'

export interface Curves {
  readonly loss: Points
  readonly validationLoss: Points
  readonly ssim: Points
  /** Loss of single steps, live. */
  readonly steps: Points
}

export interface Points {
  readonly x: number[]
  readonly y: number[]
}

const empty = (): Points => ({ x: [], y: [] })

function add(points: Points, x: number, y: number | null): void {
  if (y === null) return
  points.x.push(x)
  points.y.push(y)
}

/** Either tells how many steps and epochs are planned. */
const begun = (events: readonly LoggedEvent[]) =>
  events.find(({ event }) => event.type === 'started' || event.type === 'resumed')

/**
 * Points of a run. By time: seconds of training (steps, as epochs report them) since its start, behind `before` seconds
 * that the runs it came from took.
 */
export function curvesOf({ run, events }: RunDetail, axis: Axis, withParents: boolean): Curves {
  const curves: Curves = { loss: empty(), validationLoss: empty(), ssim: empty(), steps: empty() }
  const before = withParents ? run.secondsBefore : 0
  const begin = begun(events)
  const plan = begin && 'epochs' in begin.event ? begin.event : { steps: 0, epochs: run.epochs.planned }
  let seconds = before
  let lastEpochAt = begin ? Date.parse(begin.at) : 0
  for (const { event, at } of events) {
    if (event.type === 'epoch') {
      const { figures } = event
      seconds += figures.seconds
      lastEpochAt = Date.parse(at)
      const x = axis === 'epoch' ? figures.epoch : seconds
      add(curves.loss, x, figures.loss)
      add(curves.validationLoss, x, figures.validationLoss)
      add(curves.ssim, x, figures.validation?.ssim ?? null)
    } else if (event.type === 'resumed') {
      lastEpochAt = Date.parse(at) // the time between is no training
    } else if (event.type === 'step') {
      const x =
        axis === 'epoch'
          ? (event.step / Math.max(1, plan.steps)) * plan.epochs
          : seconds + Math.max(0, (Date.parse(at) - lastEpochAt) / 1000)
      add(curves.steps, x, event.loss)
    }
  }
  return curves
}

/** Settings in which runs differ: rows of (path, one value a run). */
export function differences(details: readonly RunDetail[]): { path: string; values: string[] }[] {
  const flat = details.map(({ run }) => {
    const settings = new Map<string, string>()
    const walk = (value: unknown, path: string) => {
      if (value !== null && typeof value === 'object')
        for (const [name, part] of Object.entries(value)) walk(part, path ? `${path}.${name}` : name)
      else settings.set(path, value === null || value === undefined ? NONE : String(value))
    }
    walk({ ...run.config, study: run.study, start: run.parent ?? NONE }, '')
    return settings
  })
  const paths = [...new Set(flat.flatMap(settings => [...settings.keys()]))]
  return paths
    .map(path => ({ path, values: flat.map(settings => settings.get(path) ?? NONE) }))
    .filter(({ values }) => new Set(values).size > 1)
}
