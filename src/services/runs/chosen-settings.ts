/** Checks the settings of a network or a method before they are stored. */
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { trainedNetwork } from '../../core/models/trained.ts'
import { makeStem } from '../../core/ssl/trunk.ts'
import { methodOf, networkOf } from './catalogue.ts'

type Settings = Record<string, unknown>

/**
 * Settings with their defaults. Throws `INVALID_ARGUMENT` that names every invalid field. `at` is the prefix of the
 * names: `methodConfig.crop: …`. An unknown field is an error if `strict`, otherwise it is omitted.
 */
export function chosenSettings(
  schema: z.ZodType,
  given: unknown,
  { of, at, strict = false }: { readonly of: string; readonly at?: string; readonly strict?: boolean },
): Settings {
  const parsed = (strict && schema instanceof z.ZodObject ? schema.strict() : schema).safeParse(given)
  if (parsed.success) return parsed.data as Settings
  const faults = parsed.error.issues.map(({ path, message }) => {
    const field = [...(at === undefined ? [] : [at]), ...path].join('.')
    return field === '' ? message : `${field}: ${message}`
  })
  throw new AppError('INVALID_ARGUMENT', `Expected settings that ${of} takes, got ${faults.join('; ')}`)
}

interface Chosen {
  readonly network: string
  readonly networkConfig: Settings
  readonly method: string
  readonly methodConfig: Settings
}

/** Throws if the method does not fit this network and batch: the grid does not divide the views, the queue is short. */
export function requireFittingHead({ method, methodConfig, ...chosen }: Chosen, batch: number): void {
  const { network, networkConfig } = trainedNetwork({ ...chosen, kind: 'pretrain' })
  methodOf(method).head(methodConfig, makeStem(networkOf(network), networkConfig), { batch, samples: batch })
}
