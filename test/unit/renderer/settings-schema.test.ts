import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DrawnMask } from '../../../src/contract/evaluation.ts'
import { Pretext, Recipe, ScheduleConfig } from '../../../src/contract/recipes.ts'
import { pirl } from '../../../src/core/ssl/pirl.ts'
import {
  complete,
  faultsOf,
  labelOf,
  listFrom,
  listText,
  nudge,
  nullableOf,
  numberFrom,
  rowsFrom,
  type Schema,
  type Settings,
  same,
  standardOf,
  summaryOf,
  variantsOf,
  withVariant,
} from '../../../src/renderer/widgets/settings-schema.ts'

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Schema
const recipe = schemaOf(Recipe)
const part = (name: string) => recipe.properties![name]

const MINIMAL = {
  epochs: 10,
  batch: 2,
  optimizer: { kind: 'adam' },
  schedule: { kind: 'step', rate: 1e-3, every: 10, factor: 0.1 },
}

describe('schemas', () => {
  it('describes settings that may be null, and settings with variants', () => {
    expect(nullableOf(part('clipNorm'))).toMatchObject({ type: 'number', exclusiveMinimum: 0 })
    expect(nullableOf(part('earlyStopping'))?.properties).toHaveProperty('patience')
    expect(nullableOf(part('optimizer'))).toBeNull()
    expect(variantsOf(part('optimizer'))).toMatchObject({ key: 'kind', names: ['sgd', 'adam', 'rmsprop'] })
    expect(variantsOf(part('earlyStopping'))).toBeNull()
    expect(variantsOf({ anyOf: part('schedule').oneOf })?.names).toEqual(
      ScheduleConfig.options.map(({ shape }) => shape.kind.value),
    )
  })

  it('finds a description at every field of a recipe, for the form and the help', () => {
    const alone = ['optimizer', 'schedule', 'kind'] // Their names and choices need no description.
    for (const schema of [Recipe, Pretext, DrawnMask].map(schemaOf))
      for (const [name, property] of Object.entries(schema.properties!))
        if (!alone.includes(name)) expect([name, property.description]).toEqual([name, expect.any(String)])
  })

  it('completes a value as zod does', () => {
    for (const [schema, value] of [
      [Recipe, MINIMAL],
      [Recipe, { ...MINIMAL, optimizer: { kind: 'sgd', momentum: 0.5, larc: {} }, earlyStopping: { patience: 3 } }],
      [Recipe, { ...MINIMAL, precision: 'bfloat16' }],
      [pirl.config, {}],
      [Pretext, {}],
      [Pretext, { measurement: 'fresh' }],
      [DrawnMask, { acceleration: 8 }],
    ] as const)
      expect(complete(schemaOf(schema), value)).toEqual(schema.parse(value))
  })

  it('gives required settings a usable first value', () => {
    expect(Recipe.safeParse(standardOf(recipe)).success).toBe(true)
    expect(standardOf(nullableOf(part('earlyStopping'))!)).toEqual({ patience: 10 })
  })

  it('omits optional settings that have no value, and finds no fault', () => {
    expect(standardOf(recipe)).not.toHaveProperty('precision')
    expect(complete(recipe, MINIMAL)).not.toHaveProperty('precision')
    expect(faultsOf(recipe, complete(recipe, MINIMAL))).toEqual([])
    expect(faultsOf(recipe, complete(recipe, { ...MINIMAL, precision: 'float8' }))).toEqual([
      { path: 'precision', text: 'Expected bfloat16' },
    ])
  })

  it('reads and writes the pairs of a mask as text', () => {
    const items = schemaOf(DrawnMask).properties!.alternatives.items!
    const pairs = rowsFrom(items, '8/0.04; 16 / x')
    expect(pairs).toEqual([
      { acceleration: 8, centerFraction: 0.04 },
      { acceleration: 16, centerFraction: 'x' },
    ])
    expect(listText(items, pairs)).toBe('8/0.04, 16/x')
    expect(faultsOf(schemaOf(DrawnMask), { ...DrawnMask.parse({}), alternatives: pairs })).toEqual([
      { path: 'alternatives', text: expect.stringMatching(/^Expected a number.*, got 16\/x$/) },
    ])
    expect(complete(schemaOf(DrawnMask), {})).toEqual(DrawnMask.parse({}))
  })

  it('omits settings that the schema lacks', () => {
    expect(complete(schemaOf(z.object({ channels: z.int().default(32) })), { width: 3 })).toEqual({ channels: 32 })
  })

  it('changes to another variant, and keeps settings that both variants have', () => {
    const schedule = withVariant(part('schedule'), MINIMAL.schedule, 'cosine')
    expect(schedule).toEqual({ kind: 'cosine', rate: 1e-3, end: 0 })
    expect(withVariant(part('schedule'), schedule, 'step')).toEqual(MINIMAL.schedule)
    expect(withVariant(part('optimizer'), { kind: 'sgd', momentum: 0.7, weightDecay: 1e-4 }, 'rmsprop')).toEqual({
      kind: 'rmsprop',
      alpha: 0.99,
      epsilon: 1e-8,
      momentum: 0.7,
      weightDecay: 1e-4,
    })
    // A faulty value is not kept.
    expect(withVariant(part('schedule'), { kind: 'step', rate: 'x' }, 'constant')).toEqual({
      kind: 'constant',
      rate: 1e-3,
    })
  })
})

describe('faults', () => {
  const texts = (value: Settings) =>
    Object.fromEntries(faultsOf(recipe, complete(recipe, value), 'training').map(({ path, text }) => [path, text]))

  it('are absent if zod finds no fault', () => {
    expect(texts(MINIMAL)).toEqual({})
    expect(texts({ ...MINIMAL, clipNorm: 1, earlyStopping: { patience: 1 }, milestones: [1, 5] })).toEqual({})
  })

  it('say at each field what was expected', () => {
    expect(
      texts({
        ...MINIMAL,
        epochs: 0,
        batch: '',
        schedule: { kind: 'cosine', rate: 0, end: -1 },
        clipNorm: 'much',
        earlyStopping: { patience: 1.5 },
        milestones: [10, 'x'],
      }),
    ).toEqual({
      'training.epochs': 'Expected a whole number, at least 1',
      'training.batch': 'Expected a whole number, at least 1',
      'training.schedule.rate': 'Expected a number, more than 0',
      'training.schedule.end': 'Expected a number, at least 0',
      'training.clipNorm': 'Expected a number, more than 0',
      'training.earlyStopping.patience': 'Expected a whole number, at least 1',
      'training.milestones': 'Expected a whole number, at least 1, got x',
    })
  })

  it('are found in variants and choices', () => {
    expect(texts({ ...MINIMAL, optimizer: { kind: 'lion' } })).toEqual({
      'training.optimizer': 'Expected sgd, adam, rmsprop',
    })
    expect(faultsOf(schemaOf(Pretext), { ...Pretext.parse({}), measurement: 'often', keep: 1 }, 'pretext')).toEqual([
      { path: 'pretext.measurement', text: 'Expected fixed, fresh' },
      { path: 'pretext.keep', text: 'Expected a number, more than 0, less than 1' },
    ])
  })
})

describe('text', () => {
  it('becomes a number of any size or null, or stays text', () => {
    expect(numberFrom('1e-8')).toBe(1e-8)
    expect(numberFrom(' 0.0012 ')).toBe(0.0012)
    expect(numberFrom('')).toBe('')
    expect(numberFrom('0.')).toBe(0)
    expect(numberFrom('1e')).toBe('1e')
  })

  it('becomes lists', () => {
    expect(listFrom('100, 200; 300 ')).toEqual([100, 200, 300])
    expect(listFrom('')).toEqual([])
    expect(listFrom('10, x')).toEqual([10, 'x'])
  })

  it('is stepped up and down by its first digit', () => {
    expect(nudge(0.001, 1)).toBe(0.002)
    expect(nudge(0.001, -1)).toBe(0.0009)
    expect(nudge(0.0009, 1)).toBe(0.001)
    expect(nudge(0.12, 1)).toBe(0.22)
    expect(nudge(0.05, -1)).toBe(0.04)
    expect(nudge(5, -1)).toBe(4)
    expect(nudge(0, 1)).toBe(0.1)
  })

  it('names properties and summarises settings', () => {
    expect(labelOf('minimumArea')).toBe('Minimum area')
    const schema = schemaOf(z.object({ crop: z.int(), flip: z.boolean(), blur: z.boolean(), kind: z.string() }))
    expect(summaryOf(schema, { crop: 64, flip: true, blur: false, kind: 'equispaced_fraction' })).toBe(
      'crop 64, flip, kind equispaced fraction',
    )
  })
})

it('compares values, not the order of their properties', () => {
  expect(same({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true)
  expect(same({ a: 1 }, { a: 1, b: null })).toBe(false)
  expect(same([1, 2], [2, 1])).toBe(false)
  expect(same(null, {})).toBe(false)
})
