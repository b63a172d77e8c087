import { expect, it } from 'vitest'
import type { MethodFigure } from '../../../src/contract/methods.ts'
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

const declared = (id: string, more: Partial<MethodFigure> = {}): MethodFigure => ({
  id,
  label: `Figure ${id}`,
  meaning: `what ${id} says`,
  unit: 'share',
  better: 'higher',
  ...more,
})
const collapse = { below: 0.1, meaning: 'One point.', remedy: 'More.' }

it('collects the figures that a method declares, with their reference values', () => {
  const figures = healthOf(
    [
      epoch(1, { used: 3, usedOf: 32, spread: 0.2, told: 0.5, toldChance: 1 / 15, right: 0.3, idle: 2, novel: 7 }),
      epoch(2, { used: 20, usedOf: 32, spread: 0.6 }),
    ],
    [
      declared('used', { most: 'usedOf', collapse }),
      declared('spread', { most: 1, collapse }),
      declared('told', { most: 1, chance: 'toldChance' }),
      declared('right', { most: 1, chance: 0.25 }),
      declared('idle', { unit: 'loss', better: null }),
    ],
  )
  expect(figures).toEqual([
    {
      name: 'used',
      label: 'Figure used',
      meaning: 'what used says, of 32; higher is better',
      isLoss: false,
      points: { x: [1, 2], y: [3, 20] },
      bounds: [0, 32],
      level: { value: 32, label: 'all' },
    },
    expect.objectContaining({ name: 'spread', bounds: [0, 1], level: { value: 0, label: 'collapsed' } }),
    expect.objectContaining({
      name: 'told',
      meaning: 'what told says; chance is 1 of 15; higher is better',
      level: { value: 1 / 15, label: 'chance' },
    }),
    expect.objectContaining({
      name: 'right',
      meaning: 'what right says; chance is 25 %; higher is better',
      level: { value: 0.25, label: 'chance' },
    }),
    expect.objectContaining({ name: 'idle', meaning: 'what idle says', isLoss: true, bounds: null, level: null }),
    expect.objectContaining({ name: 'novel', label: 'novel', meaning: '', bounds: null, level: null }),
  ])
  expect(healthOf([], [declared('spread')])).toEqual([])
})

const note = (said: LoggedNote): LoggedEvent => ({ seq: 9, run: '1', at: '', event: { type: 'note', ...said } })
const started = (own: ReturnType<typeof beginningNotes> | { notes: string[] }): LoggedEvent => ({
  seq: 0,
  run: '1',
  at: '',
  event: { type: 'started', steps: 1, epochs: 1, parameters: 1, ...own },
})

it('names the epoch of a warning, once', () => {
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
  const left = '2 training volumes without ground truth are not used.'
  const collapsed = 'The embeddings have nearly become one point (spread 0.010 of 1). A lower learning rate may help.'
  const events = [started({ notes: ['It shows the label.', left] }), epoch(1, {}), note({ text: collapsed })]
  expect(warningsOf(events)).toEqual([
    { text: 'It shows the label.', epoch: null },
    { text: collapsed, epoch: 1 },
  ])
})
