/** The order in which the trainings of a plan begin. */
import type { Finished } from './lookup.ts'
import type { Plan } from './plan.ts'
import type { PlannedTraining } from './planned.ts'

/**
 * The plan's trainings in the order of training. Controls of equal time with one pace are sorted by duration, because
 * a longer control starts from the end of a shorter control.
 */
export function inTurn({ trainings }: Plan, finished: Finished): PlannedTraining[] {
  const seconds = ({ asLongAs }: PlannedTraining) =>
    asLongAs!.trainings.reduce((sum, key) => sum + (finished.get(key)?.summary?.seconds.steps ?? Infinity), 0)
  const turns = new Map<string, PlannedTraining[]>()
  for (const training of trainings) {
    const pace = training.asLongAs?.pace
    if (pace) turns.set(pace, [...(turns.get(pace) ?? []), training])
  }
  for (const turn of turns.values()) turn.sort((a, b) => seconds(a) - seconds(b) || 0)
  return trainings.map(training => (training.asLongAs ? turns.get(training.asLongAs.pace)!.shift()! : training))
}
