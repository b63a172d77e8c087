/** Differences between a recipe and the original recipe in words, field by field. */
import type { Recipe } from '../../contract/recipes.ts'
import type { Study } from '../../contract/studies.ts'
import { sizesOf } from '../../core/mri/phantom/index.ts'
import { DEFAULT_LOSS } from '../../core/training/losses.ts'
import { networkOf } from '../runs/catalogue.ts'
import type { Course, OwnNetwork } from './scales.ts'

type Fields = Map<string, string>

/** The original work used one slice of each single-coil knee volume of fastMRI. */
const ORIGINAL_IMAGES = 973

const inWords = (name: string) => name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function written(value: unknown): string {
  if (value === null) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length > 0 ? value.join(', ') : 'none'
  if (!isRecord(value)) return String(value)
  const { kind, ...rest } = value
  const more = Object.entries(rest).map(([name, each]) => `${inWords(name)} ${written(each)}`)
  return [kind, more.length > 0 && `(${more.join(', ')})`].filter(Boolean).join(' ')
}

/** Every setting by its name in words. An optimizer or a schedule with its settings is one field. */
function fieldsOf({ network, networkConfig, methodConfig, pretext, training, fineTuning }: Course): Fields {
  const fields: Fields = new Map([['network', network]])
  const parts = [
    ['', networkConfig],
    ['', methodConfig],
    ['', pretext],
    ['pre-training ', training],
    ['fine-tuning ', fineTuning],
  ] as const
  for (const [prefix, part] of parts)
    for (const [name, value] of Object.entries(part)) fields.set(`${prefix}${inWords(name)}`, written(value))
  return fields
}

/** One sentence. Empty if nothing differs. */
function differences(label: string, theirs: Fields, ours: Fields): string[] {
  const names = [...new Set([...theirs.keys(), ...ours.keys()])]
  const all = names
    .filter(name => theirs.get(name) !== ours.get(name))
    .map(name => `${name} ${ours.get(name) ?? 'none'} in place of ${theirs.get(name) ?? 'none'}`)
  return all.length > 0 ? [`${label}: ${all.join('; ')}.`] : []
}

export const reductionsOf = (original: Course, here: Course): string[] =>
  differences(here.label, fieldsOf(original), fieldsOf(here))

const recipeFields = (recipe: Recipe): Fields =>
  new Map(Object.entries(recipe).map(([name, value]) => [inWords(name), written(value)]))

export const baselineReductions = (original: Recipe, here: Recipe): string[] =>
  differences('Baseline', recipeFields(original), recipeFields(here))

/** With the loss of a recipe that names none. */
const networkFields = ({ network, networkConfig, scratch }: OwnNetwork): Fields =>
  new Map(
    [
      ...Object.entries(networkConfig),
      ...Object.entries({ loss: DEFAULT_LOSS[networkOf(network).takes], ...scratch }),
    ].map(([name, value]) => [inWords(name), written(value)]),
  )

export const networkReductions = (label: string, original: OwnNetwork, here: OwnNetwork): string[] =>
  differences(label, networkFields(original), networkFields(here))

const FASTMRI = sizesOf(1)

/** Says if a synthetic knee is coarser than fastMRI's images. */
export const coarserImages = ({ kind, volumes: [first] }: Study): string[] =>
  kind === 'synthetic' && first.columns < FASTMRI.columns
    ? [
        `k-space: ${first.rows} × ${first.columns} samples in place of ${FASTMRI.rows} × ${FASTMRI.columns}, ` +
          'with the same field of view.',
      ]
    : []

export const fewerImages = (trainingSlices: number): string[] =>
  trainingSlices < ORIGINAL_IMAGES ? [`Training images: ${trainingSlices} in place of ${ORIGINAL_IMAGES}.`] : []
