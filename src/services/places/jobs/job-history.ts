/**
 * The files that a job's events name. In a job, this process alone deletes files of the run, because the program that
 * waits for the job reads the events later, when the job may have written a file of this name again.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Position, TrainingEvent } from '../../../contract/runs.ts'
import type { WrittenFile } from '../../../engine/process/protocol.ts'

type Named<Type extends TrainingEvent['type']> = Extract<TrainingEvent, { type: Type }>

/** As the recorder keeps them: the newest state, and the state before in case the newest is damaged. */
const STATES_KEPT = 2

export interface History {
  readonly states: readonly Named<'state'>[]
  readonly checkpoints: readonly Named<'checkpoint'>[]
}

export const NO_HISTORY: History = { states: [], checkpoints: [] }

const isAfter = (a: Position, b: Position) => a.step > b.step || (a.step === b.step && a.epoch > b.epoch)

const filesOf = ({ states, checkpoints }: History): string[] => [
  ...states.map(({ path }) => path),
  ...checkpoints.flatMap(({ path, head }) => [path, head ?? []].flat()),
]

/** Without what the training computes again. */
const rewound = ({ states, checkpoints }: History, from: Position): History => ({
  states: states.filter(({ at }) => !isAfter(at, from)),
  checkpoints: checkpoints.filter(({ role, step }) => role === 'last' || step <= from.step),
})

/** Without older states, and without best weights that no state names. The newest state comes first. */
function withState({ states, checkpoints }: History, state: Named<'state'>): History {
  const newest = [state, ...states.filter(({ path }) => path !== state.path)]
    .sort((a, b) => (isAfter(a.at, b.at) ? -1 : 1))
    .slice(0, STATES_KEPT)
  const best = checkpoints.filter(({ role }) => role === 'best').map(({ epoch }) => epoch)
  const needed = new Set([Math.max(...best), ...newest.map(({ bestEpoch }) => bestEpoch)])
  return { states: newest, checkpoints: checkpoints.filter(({ role, epoch }) => role !== 'best' || needed.has(epoch)) }
}

function withCheckpoint({ states, checkpoints }: History, added: Named<'checkpoint'>): History {
  const others = checkpoints.filter(
    ({ role, epoch }) => role !== added.role || (role !== 'last' && epoch !== added.epoch),
  )
  return { states, checkpoints: [...others, added] }
}

/** The history after an event, and the files that are then no longer needed. The rules are those of the recorder. */
export function afterEvent(
  history: History,
  event: TrainingEvent,
): { readonly history: History; readonly gone: readonly string[] } {
  const next = following(history, event)
  if (next === history) return { history, gone: [] }
  const kept = new Set(filesOf(next))
  return { history: next, gone: filesOf(history).filter(path => !kept.has(path)) }
}

function following(history: History, event: TrainingEvent): History {
  switch (event.type) {
    case 'started':
      return rewound(history, { step: 0, epoch: 0 })
    case 'resumed':
      return rewound(history, event.from)
    case 'checkpoint':
      return withCheckpoint(history, event)
    case 'state':
      return withState(history, event)
    default:
      return history
  }
}

export const historyOf = (events: readonly TrainingEvent[]): History => events.reduce(following, NO_HISTORY)

/** The states whose files are there, newest first. */
export const statesOf = ({ states }: History): WrittenFile[] =>
  states.filter(({ path }) => existsSync(path)).map(({ path, sha256 }) => ({ path, sha256 }))

/** Removes incomplete files of an attempt that was killed. */
export function removePartialFiles(directory: string): void {
  if (!existsSync(directory)) return
  for (const name of readdirSync(directory)) {
    if (name.startsWith('.') && name.endsWith('.part')) rmSync(join(directory, name), { force: true })
  }
}
