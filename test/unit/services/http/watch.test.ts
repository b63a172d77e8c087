import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppEvent } from '../../../../src/contract/api.ts'
import { endable } from '../../../../src/services/http/endable.ts'
import { watchEngines } from '../../../../src/services/http/engine-state.ts'
import { watch } from '../../../../src/services/http/watch.ts'
import { openServices, type Services } from '../../../../src/services/open.ts'
import { eventsOf, lastEvent, logEvent } from '../../../../src/services/runs/log.ts'
import { addRun } from '../../../runs.ts'
import { addStudy } from '../../../studies.ts'

let profile: string
let services: Services

beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'self-mri-watch-'))
  services = openServices({ profile })
  addRun(services.profile, addStudy(services.profile, 's', []).id)
})

afterEach(() => {
  services.dispose()
  rmSync(profile, { recursive: true, force: true })
})

const step = (step: number) => ({ type: 'step' as const, step, steps: 9, epoch: 1, loss: 1 })

const engines = watchEngines({ living: [], onDevices: () => [] }, () => ({ doing: [], jobs: null }))

const stream = (afterSeq?: number) => endable(signal => watch(services.profile, engines, afterSeq, signal))

/** The next events whose type is not `state`. */
async function take(events: AsyncIteratorObject<AppEvent>, count: number): Promise<AppEvent[]> {
  const taken: AppEvent[] = []
  while (taken.length < count) {
    const { done, value } = await events.next()
    if (done) throw new Error('The stream ended')
    if (value.type !== 'state') taken.push(value)
  }
  return taken
}

const steps = (events: AppEvent[]) =>
  events.map(event => (event.type === 'run' && event.logged.event.type === 'step' ? event.logged.event.step : event))

describe('the stream of events', () => {
  it('begins with the state of the engine', async () => {
    const events = stream()
    expect((await events.next()).value).toMatchObject({ type: 'state', engine: { doing: null } })
    await events.return!()
  })

  it('sends the logged lines, then follows the log, each line once', async () => {
    for (const n of [1, 2, 3]) logEvent(services.profile, '1', step(n))
    const events = stream(lastEvent(services.profile) - 2)
    expect(steps(await take(events, 2))).toEqual([2, 3])
    const next = take(events, 2)
    logEvent(services.profile, '1', step(4))
    logEvent(services.profile, '1', step(5))
    expect(steps(await next)).toEqual([4, 5])
    await events.return!()
  })

  it('begins with new lines if no place in the log is given', async () => {
    logEvent(services.profile, '1', step(1))
    const events = stream()
    await events.next()
    logEvent(services.profile, '1', step(2))
    expect(steps(await take(events, 1))).toEqual([2])
    await events.return!()
  })

  it('sends lines and studies of other processes', async () => {
    const events = stream()
    await events.next()
    const next = take(events, 2)
    const other = openServices({ profile })
    logEvent(other.profile, '1', step(7))
    other.profile.db.exec("UPDATE studies SET hidden_at = 'now'")
    other.dispose()
    const [line, changed] = await next
    expect(steps([line])).toEqual([7])
    expect(changed).toEqual({ type: 'changed', what: 'studies' })
    await events.return!()
  })

  it('ends at once if it is closed while it waits', async () => {
    const events = stream()
    await events.next()
    const pending = events.next()
    const start = performance.now()
    await events.return!()
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

it('only the steps in the log of a long run are thinned', () => {
  services.profile.db.transaction(() => {
    for (let n = 1; n <= 9000; n++) logEvent(services.profile, '1', step(n))
    logEvent(services.profile, '1', { type: 'status', status: 'finished', reason: null })
  })()
  const events = eventsOf(services.profile, '1')
  expect(events.length).toBeLessThanOrEqual(2001)
  expect(events.length).toBeGreaterThan(1000)
  expect(events.at(-1)!.event.type).toBe('status')
})
