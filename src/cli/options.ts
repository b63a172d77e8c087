/** Options shared by commands, and options made from a configuration's schema. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { AppError } from '../contract/errors.ts'
import { MASK_KINDS, MaskSpec } from '../contract/evaluation.ts'
import { Recipe } from '../contract/runs.ts'
import type { SliceSelection } from '../contract/volumes.ts'

interface JsonProperty {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly description?: string
}

const kebab = (name: string) => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.')
  return value
}

export function wholeNumber(text: string): number {
  const value = number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number from 0 up.')
  return value
}

/** `100,200,500` */
export const epochList = (text: string): number[] => text.split(',').map(wholeNumber)

const parameters = (schema: z.ZodType) =>
  Object.entries((z.toJSONSchema(schema, { io: 'input' }).properties ?? {}) as Record<string, JsonProperty>)

/** Adds an option for every setting of the schema: `--kebab-name VALUE`, its description and its default. */
export function addSchemaOptions(command: Command, schema: z.ZodType, heading: string): void {
  for (const [name, { type, enum: choices, default: standard, description }] of parameters(schema)) {
    const option = new Option(
      `--${kebab(name)} <${type === 'string' ? 'word' : 'n'}>`,
      `${description ?? ''} (default: ${standard})`,
    ).helpGroup(heading)
    if (choices) option.choices([...choices])
    else if (type !== 'string') option.argParser(number)
    command.addOption(option)
  }
}

/** The schema's settings out of parsed options; throws `INVALID_ARGUMENT` with each fault on a line. */
export function settingsFrom<T>(schema: z.ZodType<T>, options: Record<string, unknown>): T {
  return parse(
    schema,
    Object.fromEntries(
      parameters(schema).flatMap(([name]) => (options[name] === undefined ? [] : [[name, options[name]]])),
    ),
  )
}

export const parseRecipe = (recipe: Recipe): Recipe => parse(Recipe, recipe)

function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  throw new AppError(
    'INVALID_ARGUMENT',
    parsed.error.issues.map(({ path, message }) => `--${kebab(path.join('.'))}: ${message}`).join('\n'),
  )
}

export const addMaskOptions = (command: Command): Command =>
  command
    .addOption(new Option('--mask <kind>', 'kind of column mask').choices([...MASK_KINDS]).default('random'))
    .option('--acceleration <n>', 'columns over measured columns', number, 4)
    .option('--center-fraction <share>', 'share of the columns, at the centre, that is always measured', number, 0.08)

export function maskFrom(options: { mask: string; acceleration: number; centerFraction: number }): MaskSpec {
  return settingsFrom(MaskSpec, {
    kind: options.mask,
    acceleration: options.acceleration,
    centerFraction: options.centerFraction,
  })
}

/** `all`, `middle`, `every:N`, `A-B` (from 1, both included). */
export function sliceSelection(text: string): SliceSelection {
  if (text === 'all' || text === 'middle') return { kind: text }
  const every = /^every:(\d+)$/.exec(text)
  if (every && Number(every[1]) > 0) return { kind: 'every', n: Number(every[1]) }
  const range = /^(\d+)-(\d+)$/.exec(text)
  if (range && Number(range[1]) > 0 && Number(range[1]) <= Number(range[2]))
    return { kind: 'range', from: Number(range[1]) - 1, to: Number(range[2]) - 1 }
  throw new InvalidArgumentError('Expected all, middle, every:N or A-B (slices counted from 1).')
}
