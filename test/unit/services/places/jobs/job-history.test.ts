import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { TrainingEvent } from '../../../../../src/contract/runs.ts'
import {
  afterEvent,
  type History,
  historyOf,
  NO_HISTORY,
  statesOf,
} from '../../../../../src/services/places/jobs/job-history.ts'

const begun = { steps: 100, epochs: 10, parameters: 1, notes: [] }
const started: TrainingEvent = { type: 'started', ...begun }
const resumed = (epoch: number): TrainingEvent => ({ type: 'resumed', from: { step: 10 * epoch, epoch }, ...begun })
const state = (epoch: number, bestEpoch: number | null = null) =>
  ({ type: 'state', at: { step: 10 * epoch, epoch }, bestEpoch, path: `state-${epoch}`, sha256: `${epoch}` }) as const
const weights = (role: 'best' | 'last' | 'milestone', epoch: number, head?: string) =>
  ({ type: 'checkpoint', role, epoch, step: 10 * epoch, path: `${role}-${epoch}`, sha256: '', head }) as const

/** What each event makes superfluous. */
function gone(events: readonly TrainingEvent[]): string[][] {
  let history: History = NO_HISTORY
  return events.map(event => {
    const after = afterEvent(history, event)
    history = after.history
    return [...after.gone]
  })
}

it('keeps two states, the last weights, and the best weights that a state names', () => {
  const events = [
    started,
    weights('best', 1),
    weights('last', 1, 'head-1'),
    state(1, 1),
    weights('best', 2),
    weights('last', 2, 'head-2'),
    state(2, 2),
    weights('last', 3),
    state(3, 2),
  ]
  expect(gone(events)).toEqual([
    [],
    [],
    [],
    [],
    [],
    ['last-1', 'head-1'],
    [],
    ['last-2', 'head-2'],
    ['state-1', 'best-1'],
  ])
})

it('removes what a resumed training computes again, and keeps milestones before', () => {
  const events = [started, weights('milestone', 1), state(1), weights('milestone', 2), state(2), resumed(1)]
  expect(gone(events).at(-1)).toEqual(['state-2', 'milestone-2'])
})

it('does not remove a file that was written again under its name', () => {
  const events = [started, state(1), state(2), resumed(1), state(2), weights('last', 2), weights('last', 2)]
  expect(gone(events).flat()).toEqual(['state-2'])
})

it('a training that begins anew removes all states', () => {
  expect(gone([started, state(1), state(2), started]).at(-1)).toEqual(['state-2', 'state-1'])
})

it('names the states whose files are there, newest first', () => {
  const folder = mkdtempSync(join(tmpdir(), 'job-history-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const at = (epoch: number) => ({ ...state(epoch), path: join(folder, `${epoch}`) })
  for (const epoch of [2, 3]) writeFileSync(at(epoch).path, '')
  expect(statesOf(historyOf([started, at(1), at(2), at(3)])).map(({ sha256 }) => sha256)).toEqual(['3', '2'])
  rmSync(at(3).path)
  expect(statesOf(historyOf([started, at(1), at(2), at(3)])).map(({ sha256 }) => sha256)).toEqual(['2'])
})
