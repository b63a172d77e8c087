import { expect, it } from 'vitest'
import type { LoggedEvent } from '../../../src/contract/runs.ts'
import { healthOf, warningsOf, warns } from '../../../src/renderer/runs/health-figures.ts'

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

it('tells warnings from other notes', () => {
  expect(
    warns('The embeddings have nearly become one point (spread 0.010 of 1). A lower learning rate may help.'),
  ).toBe(true)
  expect(warns('2 training volumes without ground truth are left out.')).toBe(false)
})

it('says after which epoch a warning was given', () => {
  const note = (text: string): LoggedEvent => ({ seq: 9, run: '1', at: '', event: { type: 'note', text } })
  const started: LoggedEvent = {
    seq: 0,
    run: '1',
    at: '',
    event: { type: 'started', steps: 1, epochs: 1, parameters: 1, notes: ['It shows the label.', 'Nothing else.'] },
  }
  expect(warningsOf([started, epoch(1, {}), note('More may help.'), note('It ended early.'), epoch(2, {})])).toEqual([
    { text: 'It shows the label.', epoch: null },
    { text: 'More may help.', epoch: 1 },
  ])
})
