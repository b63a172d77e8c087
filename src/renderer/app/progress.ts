/** How far a run is and how long it still takes, from its log. */
import type { LoggedEvent } from '../../contract/runs.ts'

export interface RunProgress {
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly steps: number
  readonly loss: number | null
  /** Milliseconds since 1970 and step of the first step that was heard of: the pace is measured from there. */
  readonly from: { readonly at: number; readonly step: number } | null
  readonly at: number
  /** Why it waits, in words: for room on the disk, for the device. */
  readonly waiting: string | null
}

const NOTHING: RunProgress = { epoch: 0, epochs: 0, step: 0, steps: 0, loss: null, from: null, at: 0, waiting: null }

/** Progress after one more line of the log. */
export function progressAfter(before: RunProgress | null, { event, at }: LoggedEvent): RunProgress {
  const progress = before ?? NOTHING
  const time = Date.parse(at)
  if (event.type === 'started') return { ...NOTHING, epochs: event.epochs, steps: event.steps, at: time }
  if (event.type === 'resumed') {
    const { step, epoch } = event.from
    return { ...NOTHING, epochs: event.epochs, steps: event.steps, step, epoch, at: time }
  }
  if (event.type === 'waiting') return { ...progress, waiting: event.words }
  // The wait is no part of the pace.
  if (event.type === 'continued') return { ...progress, waiting: null, from: null, at: time }
  if (event.type !== 'step') return progress
  return {
    ...progress,
    epoch: event.epoch,
    step: event.step,
    steps: event.steps,
    loss: event.loss,
    from: progress.from ?? { at: time, step: event.step },
    at: time,
    waiting: null,
  }
}

/** Seconds left at the pace so far; `null` until there is one. */
export function secondsLeft({ from, step, steps, at }: RunProgress): number | null {
  if (!from || step <= from.step) return null
  return ((at - from.at) / 1000 / (step - from.step)) * (steps - step)
}

/** The longest time left, because all runs must end. `null`: a run has no pace yet. */
export function longestLeft(
  running: readonly string[],
  progresses: Readonly<Record<string, RunProgress>>,
): number | null {
  const left = running.map(run => (progresses[run] ? secondsLeft(progresses[run]) : null))
  return left.some(seconds => seconds === null) ? null : Math.max(...left.map(Number))
}

/** Seconds a step takes at the pace so far. */
export function secondsPerStep({ from, step, at }: RunProgress): number | null {
  return from && step > from.step ? (at - from.at) / 1000 / (step - from.step) : null
}

/** 45 s, 3:10, 1:02:05 */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}
