/** Options that commands share, and options made from a configuration's schema. */
import { type Command, Help, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { CLASSICAL_IDS } from '../contract/classical.ts'
import { AppError } from '../contract/errors.ts'
import { MASK_KINDS, MaskPair, MaskSpec } from '../contract/evaluation.ts'
import { Recipe } from '../contract/recipes.ts'
import { MOST_ITERATION_COUNTS } from '../contract/tuning.ts'
import type { SliceSelection } from '../contract/volumes.ts'
import { kebab } from '../contract/words.ts'
import { maskFileAt } from '../services/profile/mask-files.ts'
import { callersPath } from '../services/profile/paths.ts'
import { ZERO_FILLED } from '../services/viewing/evaluations.ts'

interface JsonProperty {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly description?: string
}

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

/** `yes` or `no`. */
export function yesOrNo(text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes'
  throw new InvalidArgumentError('Expected yes or no.')
}

export interface NamedWeights {
  readonly run: string
  /** Epoch of a milestone. `null`: the kept weights. */
  readonly epoch: number | null
}

/** `RUN`, `RUN@EPOCH` for a milestone of the run, or `zero-filled`. */
export function namedWeights(text: string): NamedWeights {
  const [run, epoch] = text.split('@')
  if (epoch === undefined) return { run, epoch: null }
  if (!/^\d+$/.test(run)) throw new InvalidArgumentError('Expected a run’s number before @.')
  return { run, epoch: wholeNumber(epoch) }
}

/** Help for a source of images: the classical methods. */
export const CLASSICAL_HELP =
  `or a classical method of several coils (${CLASSICAL_IDS.join(', ')}), ` +
  'also with the number of named settings, as cg-sense:3'

/** `--run`. The default is zero-filled. */
export const runOption = (description: string): Option =>
  new Option('--run <run>', description).argParser(namedWeights).default({ run: ZERO_FILLED, epoch: null }, ZERO_FILLED)

/** Help for an argument that names a study. */
export const STUDY_HELP = 'name or number of a study (number:22 or name:22 if both exist)'

/** `--overwrite` replaces only files that Self-MRI wrote. */
export const overwriteOption = (what: string): Option =>
  new Option(
    '--overwrite',
    `replace ${what}, and list the replaced files; ` +
      'never replaces files of other programs, or files that were changed since',
  ).default(false)

/** `100,200,500` */
export const epochList = (text: string): number[] => text.split(',').map(wholeNumber)

/** Numbers of iterations that a tuning tries. */
export function iterationList(text: string): number[] {
  const numbers = text.split(',').map(wholeNumber)
  if (numbers.length > MOST_ITERATION_COUNTS || numbers.some(number => number < 1 || number > 1000))
    throw new InvalidArgumentError(`Expected at most ${MOST_ITERATION_COUNTS} numbers from 1 to 1000.`)
  return numbers
}

const parameters = (schema: z.ZodType) =>
  Object.entries((z.toJSONSchema(schema, { io: 'input' }).properties ?? {}) as Record<string, JsonProperty>)

/** The settings of a network, a method or the pretext, under one heading of the help. */
export interface SettingsGroup {
  readonly heading: string
  readonly schema: z.ZodType
  /** Defaults for the help. Absent: the default is the recipe's value. */
  readonly standards?: Readonly<Record<string, unknown>>
}

const flags = (name: string, { type }: JsonProperty) => {
  const value = { string: 'word', boolean: 'yes|no' }[type ?? ''] ?? 'n'
  return `--${kebab(name)} <${value}>`
}

const inWords = (value: unknown) => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : value)

function describe(name: string, { enum: choices, description }: JsonProperty, { standards }: SettingsGroup): string {
  const standard = standards ? inWords(standards[name]) : 'the recipe’s'
  return [description, choices && `(${choices.join(', ')})`, standard !== undefined && `(default: ${standard})`]
    .filter(Boolean)
    .join(' ')
}

/**
 * Adds an option for every setting of the groups: `--kebab-name VALUE`. A setting that several groups have is one
 * option. The help lists this option under each heading. `settingsFrom` reads its text with the chosen group's schema.
 */
export function addSettingsOptions(command: Command, groups: readonly SettingsGroup[]): void {
  const listed: Option[] = []
  const names = new Set<string>()
  for (const group of groups) {
    for (const [name, property] of parameters(group.schema)) {
      const made = () => new Option(flags(name, property), describe(name, property, group)).helpGroup(group.heading)
      listed.push(made())
      if (!names.has(name)) command.addOption(made().hideHelp())
      names.add(name)
    }
  }
  command.configureHelp({
    visibleOptions(this: Help, shown: Command) {
      return [...Help.prototype.visibleOptions.call(this, shown), ...listed]
    },
    // In the order of `listed`, not in the order in which commander holds the options.
    groupItems<T extends Command | Option>(this: Help, _all: T[], visible: T[], groupOf: (item: T) => string) {
      return Help.prototype.groupItems.call(this, visible, visible, groupOf as never) as Map<string, T[]>
    },
  })
}

/** Throws `INVALID_ARGUMENT` for an option that is a setting of a network or method that was not chosen. */
export function refuseForeign(
  options: Record<string, unknown>,
  { all, chosen, of }: { all: readonly SettingsGroup[]; chosen: readonly z.ZodType[]; of: string },
): void {
  const known = new Set(chosen.flatMap(schema => parameters(schema).map(([name]) => name)))
  const foreign = all
    .flatMap(({ schema }) => parameters(schema).map(([name]) => name))
    .find(name => options[name] !== undefined && !known.has(name))
  if (foreign) throw new AppError('INVALID_ARGUMENT', `--${kebab(foreign)}: ${of} has no such setting`)
}

/** Converts an option's text to the setting's type. An invalid text stays text, and the schema refuses the text. */
function valueFrom(given: unknown, { type }: JsonProperty): unknown {
  if (typeof given !== 'string') return given
  if (type === 'boolean') return given === 'yes' ? true : given === 'no' ? false : given
  if (type === 'string') return given
  const value = Number(given)
  return given.trim() === '' || Number.isNaN(value) ? given : value
}

/** The schema's settings from parsed options, else from `base`. Throws `INVALID_ARGUMENT` with one line per fault. */
export function settingsFrom<T>(
  schema: z.ZodType<T>,
  options: Record<string, unknown>,
  base: Readonly<Record<string, unknown>> = {},
): T {
  const given = parameters(schema).flatMap(([name, property]): [string, unknown][] => {
    const value = options[name] === undefined ? base[name] : valueFrom(options[name], property)
    return value === undefined ? [] : [[name, value]]
  })
  return parse(schema, Object.fromEntries(given))
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

export interface MaskOptions {
  /** A kind, or the path of a mask file. */
  readonly mask: string
  readonly acceleration: readonly number[]
  readonly centerFraction: readonly number[]
}

/** `4` or `4,8` */
const numberList = (text: string): number[] => text.split(',').map(number)

const listOption = (flags: string, description: string, standard: number, several: string): Option =>
  new Option(flags, `${description}; several (${several}): each mask draws one pair`)
    .argParser(numberList)
    .default([standard], String(standard))

const STANDARD = MaskSpec.parse({})

export const addMaskOptions = (command: Command): Command =>
  command
    .option('--mask <kind>', `kind of mask (${MASK_KINDS.join(', ')}), or a mask file (.npy)`, STANDARD.kind)
    .addOption(listOption('--acceleration <n>', MaskSpec.shape.acceleration.description!, STANDARD.acceleration, '4,8'))
    .addOption(
      listOption(
        '--center-fraction <share>',
        MaskSpec.shape.centerFraction.description!,
        STANDARD.centerFraction,
        '0.08,0.04',
      ),
    )

/** Throws `INVALID_ARGUMENT` for an unknown kind, for unequal lists, and for a mask file with an acceleration. */
export function maskFrom({ mask, acceleration, centerFraction }: MaskOptions): MaskSpec {
  if (acceleration.length !== centerFraction.length)
    throw new AppError(
      'INVALID_ARGUMENT',
      `--center-fraction: expected ${acceleration.length}, one for each acceleration, got ${centerFraction.length}`,
    )
  const [pair, ...alternatives] = acceleration.map((each, i) =>
    parse(MaskPair, { acceleration: each, centerFraction: centerFraction[i] }),
  )
  if ((MASK_KINDS as readonly string[]).includes(mask))
    return parse(MaskSpec, { kind: mask, ...pair, ...(alternatives.length > 0 && { alternatives }) })
  if (!/\.npy$/i.test(mask))
    throw new AppError(
      'INVALID_ARGUMENT',
      `--mask: expected ${MASK_KINDS.join(', ')} or a mask file (.npy), got ${mask}`,
    )
  if (alternatives.length > 0 || pair.acceleration !== STANDARD.acceleration)
    throw new AppError(
      'INVALID_ARGUMENT',
      '--acceleration: a mask file has an acceleration of its own. Omit the option.',
    )
  return parse(MaskSpec, { kind: 'file', ...pair, file: maskFileAt(callersPath(mask)) })
}

/** `all`, `middle`, `every:N`, `A-B` (from 1, both ends included). */
export function sliceSelection(text: string): SliceSelection {
  if (text === 'all' || text === 'middle') return { kind: text }
  const every = /^every:(\d+)$/.exec(text)
  if (every && Number(every[1]) > 0) return { kind: 'every', n: Number(every[1]) }
  const range = /^(\d+)-(\d+)$/.exec(text)
  if (range && Number(range[1]) > 0 && Number(range[1]) <= Number(range[2]))
    return { kind: 'range', from: Number(range[1]) - 1, to: Number(range[2]) - 1 }
  throw new InvalidArgumentError('Expected all, middle, every:N or A-B (slices counted from 1).')
}
