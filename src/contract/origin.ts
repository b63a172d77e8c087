/** Where k-space comes from. Volumes of different origins never share a mean, a table or a ranking. */
import { z } from 'zod'
import { AppError } from './errors.ts'
import { some } from './words.ts'

/**
 * `measured`: by a scanner, as far as the file says. `simulated`: computed from images, which have no phase, noise or
 * coils of a measurement. `synthetic`: of drawn anatomy.
 * In this order, the earlier origin is the study's where files of several origins are imported together.
 */
export const ORIGINS = ['measured', 'simulated', 'synthetic'] as const
export const Origin = z.enum(ORIGINS)
export type Origin = z.infer<typeof Origin>

interface OriginWords {
  /** What the data is, as the object of a sentence. */
  readonly data: string
  /** On a badge beside the study or the image. Also on a report, in capitals. */
  readonly badge: string
  /** What results on the data do not show. */
  readonly why: string
  /** The first words of the notice in an exported file. ASCII. */
  readonly notice: string
  /** Of a network's table: where its data comes from. */
  readonly source: string
  /** What a network that uses phase sees. */
  readonly kspace: string
}

const WORDS: Readonly<Record<Exclude<Origin, 'measured'>, OriginWords>> = {
  simulated: {
    data: 'simulated k-space (computed from images)',
    badge: 'simulated k-space',
    why:
      'The k-space was computed from images. It has no measured phase, noise or coils. Results on it do not show how ' +
      'well a network images measured data.',
    notice: 'Simulated k-space.',
    source: 'Data: simulated k-space, computed from images. No scanner measured this k-space.',
    kspace: 'It was computed from images, without the noise, phase and coils of a measurement.',
  },
  synthetic: {
    data: 'synthetic k-space (drawn anatomy)',
    badge: 'synthetic',
    why: 'Drawn anatomy, not a patient. Results on it do not show how well a network images patients.',
    notice: 'Synthetic data.',
    source: 'Data: synthetic k-space, computed from solids. No scanner measured the data.',
    kspace: 'It has the noise, phase and coils of a simulation.',
  },
}

/** `null`: measured data, of which nothing is said. */
export const originWords = (origin: Origin): OriginWords | null => (origin === 'measured' ? null : WORDS[origin])

export const originInWords = (origin: Origin): string => originWords(origin)?.data ?? 'measured k-space'

/** ' (synthetic)' behind a file's name in a table. Empty for measured data. */
export const originMark = (origin: Origin): string => (origin === 'measured' ? '' : ` (${origin})`)

/** The origins of volumes, without repetition, in the order of `ORIGINS`. */
export const originsOf = (volumes: readonly { readonly origin: Origin }[]): Origin[] =>
  ORIGINS.filter(origin => volumes.some(volume => volume.origin === origin))

/** The origin that is said of several volumes: the one that is farthest from measured. */
export const originOfAll = (volumes: readonly { readonly origin: Origin }[]): Origin =>
  originsOf(volumes).at(-1) ?? 'measured'

/** Throws `INVALID_ARGUMENT` if the volumes have several origins. `purpose`: what shall be done with the volumes. */
export function requireOneOrigin(
  volumes: readonly { readonly origin: Origin; readonly file: string }[],
  purpose: string,
): void {
  const origins = originsOf(volumes)
  if (origins.length < 2) return
  const each = origins.map(origin => {
    const files = volumes.filter(volume => volume.origin === origin).map(({ file }) => file)
    return `${originInWords(origin)} of ${some(files)}`
  })
  throw new AppError(
    'INVALID_ARGUMENT',
    `Expected volumes of one class of data for ${purpose}, got ${each.join(', and ')}. ` +
      'Import the files of each class as a study of its own.',
  )
}

/**
 * The volumes that a study takes, and the files of other origins with the reason. `origin`: that of the study; absent
 * if the study is new.
 */
export function ofOneOrigin<T extends { readonly origin: Origin; readonly path: string }>(
  volumes: readonly T[],
  origin: Origin | undefined = originsOf(volumes)[0],
): { readonly kept: T[]; readonly others: { readonly path: string; readonly reason: string }[] } {
  return {
    kept: volumes.filter(volume => volume.origin === origin),
    others: volumes
      .filter(volume => volume.origin !== origin)
      .map(volume => ({
        path: volume.path,
        reason:
          `Expected ${originInWords(origin!)}, as in the other files of the study, got ` +
          `${originInWords(volume.origin)}. Import this file as a study of its own.`,
      })),
  }
}

/**
 * The schema, which also reads what older programs wrote: `synthetic`, true or false, in place of `origin`.
 */
export const withFormerOrigin = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value: z.input<T>) => {
    if (typeof value !== 'object' || value === null || !('synthetic' in value) || 'origin' in value) return value
    const { synthetic, ...rest } = value as { readonly synthetic: unknown }
    return { ...rest, origin: synthetic ? 'synthetic' : 'measured' } as z.input<T>
  }, schema)
