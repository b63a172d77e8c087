/** The classical methods that a reproduction can have, and how long their rows take. */
import type { Catalogue } from '../../contract/catalogue.ts'
import type { ClassicalChoice } from '../../contract/classical.ts'
import type { Study } from '../../contract/studies.ts'
import { labelOfSettings, type NamedSettings, sourceOfSettings } from '../../contract/tuning.ts'
import { mayHaveTruth, selectSlices } from '../../contract/volumes.ts'
import { classicalSeconds } from '../../presentation/classical-seconds.ts'
import { duration } from './estimate.ts'

export interface ClassicalSource extends ClassicalChoice {
  /** `cg-sense`, or `cg-sense:3` with the number of named settings. */
  readonly source: string
  readonly label: string
}

function defaultsOf({ properties }: Record<string, unknown>): ClassicalChoice['config'] {
  const all = Object.entries(properties as Record<string, { readonly default: number | string }>)
  return Object.fromEntries(all.map(([name, { default: value }]) => [name, value]))
}

/** Each method with its default settings, then with each of its named settings. */
export const classicalSources = (
  { classical: methods }: Pick<Catalogue, 'classical'>,
  named: readonly NamedSettings[],
): ClassicalSource[] =>
  methods.flatMap(({ id, label, schema }) => [
    { source: id, label, classical: id, config: defaultsOf(schema) },
    ...named
      .filter(({ classical }) => classical === id)
      .map(settings => ({
        source: sourceOfSettings(settings),
        label: labelOfSettings(settings, named),
        classical: id,
        config: settings.config,
      })),
  ])

export const hasSeveralCoils = (study: Study): boolean => study.volumes.some(({ coils }) => coils > 1)

/**
 * Sources that are chosen unless the user chooses others. Every laboratory compares networks with CG-SENSE and
 * l1-wavelet. The user adds SENSE combination, which has no prior, and total variation, which takes longer than
 * CG-SENSE. With one coil, CG-SENSE only scales the zero-filled image.
 */
export const USUAL_SOURCES: readonly string[] = ['cg-sense', 'l1-wavelet']

/** One mask by the file name and twenty more masks, as the service scores the rows. */
const MASKS = 21

/** 'Classical rows add at most about 10 minutes.', on two cores. Empty without classical methods. */
export function classicalEstimate(
  chosen: readonly ClassicalChoice[],
  { volumes, slices: selected }: Study,
  leaveOneOut: boolean,
): string {
  if (chosen.length === 0) return ''
  const tested = volumes.filter(volume => mayHaveTruth(volume) && (leaveOneOut || volume.role === 'test'))
  const seconds = tested.flatMap(({ slices, ...matrix }) => {
    const work = { ...matrix, count: MASKS * selectSlices(selected, slices).length }
    return chosen.map(choice => classicalSeconds(choice, work))
  })
  const minutes = seconds.reduce((sum, each) => sum + each, 0) / 60
  return `Classical rows add at most about ${duration(minutes)}.`
}
