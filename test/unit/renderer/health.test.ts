import { expect, it } from 'vitest'
import { beginningNotes, type LoggedNote, type Note } from '../../../src/contract/notes.ts'
import type { LoggedEvent } from '../../../src/contract/runs.ts'
import { healthOf, warningsOf } from '../../../src/renderer/runs/health-figures.ts'

const epoch = (n: number, extra: Record<string, number>): LoggedEvent => ({
  seq: n,
  run: '1',
  at: '2026-01-01T00:00:00Z',
  event: {
    type: 'epoch',
    figures: { epoch: n, loss: 1, learningRate: 0.1, seconds: 1, validationLoss: null, validation: null, extra },
  },
})

it('gathers a method’s figures, with what they are measured against', () => {
  const [prototypes, spread, other] = healthOf([
    epoch(1, { prototypes: 3, prototypesOf: 32, spread: 0.2, novel: 7 }),
    epoch(2, { prototypes: 20, prototypesOf: 32, spread: 0.6 }),
  ])
  expect(prototypes).toMatchObject({
    name: 'prototypes',
    points: { x: [1, 2], y: [3, 20] },
    bounds: [0, 32],
    level: { value: 32 },
  })
  expect(spread).toMatchObject({ label: 'Spread', bounds: [0, 1], points: { x: [1, 2], y: [0.2, 0.6] } })
  expect(other).toMatchObject({ name: 'novel', label: 'novel', bounds: null, level: null })
  expect(healthOf([epoch(1, { retrieval: 0.5, retrievalChance: 1 / 15 })])).toMatchObject([
    { name: 'retrieval', meaning: expect.stringContaining('1 of 15'), level: { value: 1 / 15, label: 'chance' } },
  ])
  expect(healthOf([])).toEqual([])
})

const note = (said: LoggedNote): LoggedEvent => ({ seq: 9, run: '1', at: '', event: { type: 'note', ...said } })
const started = (own: ReturnType<typeof beginningNotes> | { notes: string[] }): LoggedEvent => ({
  seq: 0,
  run: '1',
  at: '',
  event: { type: 'started', steps: 1, epochs: 1, parameters: 1, ...own },
})

it('says after which epoch a warning was given, once', () => {
  const warning = (text: string): Note => ({ level: 'warning', code: 'caution', text })
  const info = (text: string): Note => ({ level: 'info', code: 'stopped-early', text })
  const events = [
    started(beginningNotes([warning('Before it begins.'), info('Left out.')])),
    epoch(1, {}),
    note(warning('Later.')),
    note(info('It may help to read this.')),
    epoch(2, {}),
    note(warning('Later.')),
  ]
  expect(warningsOf(events)).toEqual([
    { text: 'Before it begins.', epoch: null },
    { text: 'Later.', epoch: 1 },
  ])
})

it('finds the warnings of logs whose notes are texts alone', () => {
  const left = '2 training volumes without ground truth are left out.'
  const collapsed = 'The embeddings have nearly become one point (spread 0.010 of 1). A lower learning rate may help.'
  const events = [started({ notes: ['It shows the label.', left] }), epoch(1, {}), note({ text: collapsed })]
  expect(warningsOf(events)).toEqual([
    { text: 'It shows the label.', epoch: null },
    { text: collapsed, epoch: 1 },
  ])
})
