/** A run's log as it grows. A run that resumes from an earlier state discards the log lines after that state. */
import type { LoggedEvent, Position } from '../../contract/runs.ts'

/** Whether a line stays in the log when the run resumes at `from`. */
function stays({ event }: LoggedEvent, from: Position): boolean {
  if (event.type === 'step') return event.step <= from.step
  if (event.type === 'epoch') return event.figures.epoch <= from.epoch
  return event.type !== 'preview' || event.epoch <= from.epoch
}

/** A run that was interrupted before its first state begins anew. */
const START: Position = { step: 0, epoch: 0 }

/** The log with one more line, in the order of `seq`; a line that is there already is replaced. */
export function withEvent(events: readonly LoggedEvent[], logged: LoggedEvent): LoggedEvent[] {
  const { event } = logged
  const others = events.filter(({ seq }) => seq !== logged.seq)
  const from = event.type === 'resumed' ? event.from : event.type === 'started' ? START : null
  return [...(from ? others.filter(other => stays(other, from)) : others), logged]
}
