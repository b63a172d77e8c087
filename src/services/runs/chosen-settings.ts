/** What somebody set a network and a method to, checked before anything is written down. */
import { z } from 'zod'
import { AppError } from '../../contract/errors.ts'
import { makeStem } from '../../core/ssl/trunk.ts'
import { methodOf, networkOf } from './catalogue.ts'

type Settings = Record<string, unknown>

/**
 * Settings with their defaults spelt out. Throws `INVALID_ARGUMENT` that names every field that does not fit, `at` being where they are:
 * `methodConfig.crop: …`. One that the schema does not know is a slip of the pen where it is `strict`, else left out.
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

/** Throws what the method has to say of this network and batch: a grid that does not divide the views, a queue that is too short. */
export function requireFittingHead({ network, networkConfig, method, methodConfig }: Chosen, batch: number): void {
  methodOf(method).head(methodConfig, makeStem(networkOf(network), networkConfig), { batch, samples: batch })
}
