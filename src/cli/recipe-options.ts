/** The fields of a recipe as options. The help of an option is the description in the recipe's schema. */
import { type Command, Option } from 'commander'
import type { z } from 'zod'
import { Recipe, ScheduleConfig } from '../contract/recipes.ts'
import { epochList, parseRecipe, wholeNumber } from './options.ts'

export interface RecipeFields {
  readonly epochs?: number
  readonly batch?: number
  readonly rate?: number
  readonly accumulate?: number
  readonly warmup?: number
  readonly clipNorm?: number
  readonly precision?: 'float32' | 'bfloat16'
  readonly patience?: number
  readonly saveMinutes?: number
  readonly milestones?: number[]
  readonly freshOutput?: boolean
}

export const fieldOption = (flags: string, { description }: z.ZodType, read: (text: string) => unknown): Option =>
  new Option(flags, `${description} (default: the recipe’s)`).argParser(read)

const { epochs, batch, accumulate, warmup, clipNorm, precision, earlyStopping, saveMinutes, milestones } = Recipe.shape
const { rate } = ScheduleConfig.options[0].shape
const { patience } = earlyStopping.unwrap().unwrap().shape

export const addRecipeFields = (command: Command): Command =>
  [
    fieldOption('--epochs <n>', epochs, wholeNumber),
    fieldOption('--batch <n>', batch, wholeNumber),
    fieldOption('--rate <n>', rate, Number),
    fieldOption('--accumulate <n>', accumulate, wholeNumber),
    fieldOption('--warmup <epochs>', warmup, wholeNumber),
    fieldOption('--clip-norm <n>', clipNorm, Number),
    fieldOption('--precision <word>', precision, String).choices(['float32', 'bfloat16']),
    fieldOption('--patience <n>', patience, wholeNumber),
    fieldOption('--save-minutes <n>', saveMinutes, Number),
    fieldOption('--milestones <epochs>', milestones, epochList),
  ].reduce((described, option) => described.addOption(option), command)

const PLAIN = [
  'epochs',
  'batch',
  'accumulate',
  'warmup',
  'clipNorm',
  'saveMinutes',
  'milestones',
  'freshOutput',
] as const

/** The recipe with the fields that the user gave. */
export function recipeFrom(
  recipe: Recipe,
  { rate, patience, precision = recipe.precision, ...options }: RecipeFields,
): Recipe {
  const given = PLAIN.filter(name => options[name] !== undefined).map(name => [name, options[name]])
  return parseRecipe({
    ...recipe,
    ...Object.fromEntries(given),
    schedule: { ...recipe.schedule, rate: rate ?? recipe.schedule.rate },
    earlyStopping: patience === undefined ? recipe.earlyStopping : { patience },
    precision: precision === 'float32' ? undefined : precision,
  })
}
