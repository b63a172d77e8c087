/** The parts of a recipe's form: their fields, what is wrong in each, and a summary in words. */
import type { Catalogue } from '../../contract/catalogue.ts'
import type { Recipe, RecipeSettings } from '../../contract/recipes.ts'
import { count } from '../../presentation/numbers.ts'
import { faultsOf, type Schema, type Settings, shortOf } from '../widgets/settings-schema.ts'

const PARTS = ['training', 'optimizer', 'network', 'method', 'pretext', 'keeping', 'fineTuning', 'mask'] as const
export type Part = (typeof PARTS)[number]

/** What the fields are about. A value may be wrong while a user types. */
export interface FieldValues {
  readonly settings: RecipeSettings
  readonly mask: Settings
}

export interface Schemas {
  readonly network: Schema
  /** `null`: from scratch. */
  readonly method: Schema | null
  readonly pretext: Schema
  readonly recipe: Schema
  readonly mask: Schema
}

export function schemasFor(catalogue: Catalogue, { network, method }: RecipeSettings): Schemas {
  const named = (list: readonly { id: string; schema: Settings }[], id: string | null) =>
    list.find(each => each.id === id)?.schema ?? null
  return {
    ...catalogue.schemas,
    network: named(catalogue.networks, network) ?? {},
    method: named(catalogue.methods, method),
  }
}

/** Every value of a draft that cannot be used, by its path. */
export function faultsIn({ settings, mask }: FieldValues, schemas: Schemas): ReadonlyMap<string, string> {
  const { networkConfig, methodConfig, pretext, training, fineTuning } = settings
  return new Map(
    [
      ...faultsOf(schemas.recipe, training, 'training'),
      ...faultsOf(schemas.network, networkConfig, 'network'),
      ...(schemas.method ? faultsOf(schemas.method, methodConfig, 'method') : []),
      ...(pretext ? faultsOf(schemas.pretext, pretext, 'pretext') : []),
      ...(fineTuning ? faultsOf(schemas.recipe, fineTuning, 'fineTuning') : []),
      ...(mask.kind === 'file' ? [] : faultsOf(schemas.mask, mask, 'mask')),
    ].map(({ path, text }) => [path, text]),
  )
}

export const COMMON = ['epochs', 'batch', 'schedule']
export const KEEPING = [
  'accumulate',
  'warmup',
  'clipNorm',
  'earlyStopping',
  'saveMinutes',
  'milestones',
  'freshOutput',
  'precision',
]

/** The part of the form that a path's field is in. */
export function partOf(path: string): Part {
  const [first, second] = path.split('.')
  if (first === 'training') return KEEPING.includes(second) ? 'keeping' : second === 'optimizer' ? second : first
  return first as Part
}

const OPTIMIZER: Readonly<Record<string, string>> = { sgd: 'SGD', adam: 'Adam', rmsprop: 'RMSprop' }

/** '10 epochs, batch 1, RMSprop, rate 0.001 step' */
export const recipeSummary = ({ epochs, batch, optimizer: { kind }, schedule }: Recipe): string =>
  `${count(epochs, 'epoch')}, batch ${batch}, ${OPTIMIZER[kind] ?? kind}, rate ${schedule.rate} ${schedule.kind}`

export function optimizerSummary({ kind, ...rest }: Recipe['optimizer']): string {
  const parts = Object.entries(rest).flatMap(([name, value]) => {
    if (value === null || value === false) return []
    return [typeof value === 'number' ? `${shortOf(name)} ${value}` : shortOf(name)]
  })
  return [OPTIMIZER[kind] ?? kind, ...parts].join(', ')
}

export function keepingSummary(recipe: Recipe): string {
  const { accumulate, warmup, clipNorm, earlyStopping, milestones, freshOutput, precision } = recipe
  const parts = [
    accumulate > 1 && `${accumulate} batches a step`,
    warmup > 0 && `warm-up ${warmup}`,
    clipNorm !== null && `clipped at ${clipNorm}`,
    earlyStopping && `early stopping after ${earlyStopping.patience}`,
    milestones.length > 0 && `milestones ${milestones.join(', ')}`,
    freshOutput && 'fresh output layer',
    precision,
  ].filter(Boolean)
  return parts.join(', ') || 'defaults'
}
