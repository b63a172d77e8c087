/** Named settings of classical methods, and the tuning that found them. */
import { z } from 'zod'
import { CLASSICAL_LABELS, ClassicalChoice, ClassicalId } from './classical.ts'
import { MaskSpec, Protocol } from './evaluation.ts'
import { SkippedFile, SliceSelection } from './volumes.ts'

/** What a tuning optimises. Never SSIM of the whole image, because its air decides about methods that use coil maps. */
export const CRITERIA = ['foreground-nmse', 'nmse', 'foreground-ssim'] as const
export const Criterion = z.enum(CRITERIA)
export type Criterion = z.infer<typeof Criterion>

/** One point of a tuning's curve. */
export const TuningPoint = z.object({
  lambda: z.number(),
  iterations: z.int(),
  /** The criterion of each volume, in the order of the tuning's `volumes`. */
  scores: z.array(z.number()),
  mean: z.number(),
})
export type TuningPoint = z.infer<typeof TuningPoint>

/** A volume on which settings were tuned. Its patient must not be a test patient of these settings. */
export const TunedVolume = z.object({
  file: z.string(),
  /** Salted hash, of this profile. */
  patient: z.string(),
  /** `VolumeContent.scan` */
  scan: z.string(),
})
export type TunedVolume = z.infer<typeof TunedVolume>

/** How settings were found, on the validation volumes of a study. */
export const Tuning = z.object({
  study: z.object({ id: z.int(), name: z.string() }),
  criterion: Criterion,
  protocol: Protocol,
  /** The files that were scored. */
  volumes: z.array(TunedVolume),
  /** Validation volumes that could not be scored. */
  skipped: z.array(SkippedFile),
  /** Mean criterion of the zero-filled images of these volumes. `null`: they could not be scored. */
  zeroFilled: z.number().nullable(),
  /** By λ, then by number of iterations. */
  points: z.array(TuningPoint),
  /** The best λ is the smallest, or the largest, that was tried. A better λ may lie beyond. `null`: it is not. */
  edge: z.enum(['smallest', 'largest']).nullable(),
})
export type Tuning = z.infer<typeof Tuning>

/** Settings that the user named. They never change. As a source of images: `cg-sense:3`, with their number. */
export const NamedSettings = ClassicalChoice.extend({
  id: z.int(),
  name: z.string().min(1).max(120),
  /** `null`: the user chose the values. */
  tuning: Tuning.nullable(),
  createdAt: z.string(),
})
export type NamedSettings = z.infer<typeof NamedSettings>

/** Named settings as a source of images. */
export const sourceOfSettings = ({ classical, id }: Pick<NamedSettings, 'classical' | 'id'>): string =>
  `${classical}:${id}`

/** 'CG-SENSE, Soft', as in reports. If other settings of the method have the name: 'CG-SENSE, Soft (cg-sense:3)'. */
export function labelOfSettings(settings: NamedSettings, all: readonly NamedSettings[]): string {
  const { classical, name, id } = settings
  const isAlone = all.every(other => other.id === id || other.classical !== classical || other.name !== name)
  return `${CLASSICAL_LABELS[classical]}, ${name}${isAlone ? '' : ` (${sourceOfSettings(settings)})`}`
}

/** Most numbers of iterations that a tuning tries. An image of each slice of a volume is held for each number. */
export const MOST_ITERATION_COUNTS = 8

/** Tunes on the validation volumes of a study. */
export const TuningRequest = z.object({
  study: z.int(),
  classical: ClassicalId,
  /** Settings besides λ and the iterations. Settings that are left out have their defaults. */
  config: ClassicalChoice.shape.config.default({}),
  mask: MaskSpec,
  slices: SliceSelection.default({ kind: 'middle' }),
  criterion: Criterion.default('foreground-nmse'),
  /** Numbers of iterations to try. Absent: a sixth, a third, two thirds and all of the method's usual number. */
  iterations: z.array(z.int().min(1).max(1000)).min(1).max(MOST_ITERATION_COUNTS).optional(),
  /** Name of the settings. Absent: made of the study and the mask. */
  name: NamedSettings.shape.name.optional(),
})
export type TuningRequest = z.infer<typeof TuningRequest>
