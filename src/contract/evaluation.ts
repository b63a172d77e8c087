/** Masks, metrics and the protocol without which no metric is printed. */
import { z } from 'zod'
import { SliceFault, SliceSelection } from './volumes.ts'

export const MASK_KINDS = ['random', 'equispaced', 'equispaced_fraction', 'magic'] as const

/** A fastMRI column mask. `centerFraction` of the columns, the lowest frequencies, is always measured. */
export const MaskSpec = z.object({
  kind: z.enum(MASK_KINDS).default('random'),
  acceleration: z.number().min(1).max(64).default(4).describe('columns over measured columns'),
  centerFraction: z
    .number()
    .gt(0)
    .max(1)
    .default(0.08)
    .meta({ title: 'Centre', description: 'share of the columns, at the centre of k-space, that is always measured' }),
})
export type MaskSpec = z.infer<typeof MaskSpec>

/** What one mask is drawn from; `null`: the characters of the file's name, as fastMRI validates. */
export const MaskSeed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .nullable()

export const Metrics = z.object({ ssim: z.number(), psnr: z.number(), nmse: z.number() })
export type Metrics = z.infer<typeof Metrics>

/** Everything a metric depends on beside the images themselves. */
export const Protocol = z.object({
  mask: MaskSpec,
  /** `file name`: seeded by the file name as fastMRI validates; `seeded draws`: the mean over `maskDraws` seeds 0, 1, …; `seed 3`: that one. */
  maskSeed: z.union([z.enum(['file name', 'seeded draws']), z.templateLiteral(['seed ', z.int()])]),
  maskDraws: z.int(),
  crop: z.literal('ground truth size, centred'),
  dataRange: z.literal('volume maximum of the ground truth'),
  ssim: z.literal('7 × 7 uniform window, K1 0.01, K2 0.03, per slice, mean over slices'),
  reference: z.enum(['reconstruction_esc or reconstruction_rss', 'reconstruction_noise_free']),
  /** Pixels whose ground truth, averaged over 7 × 7, is at least `threshold` of the volume maximum; the rest is air. */
  foreground: z.object({ threshold: z.number(), of: z.literal('volume maximum, ground truth averaged over 7 × 7') }),
  slices: SliceSelection,
})
export type Protocol = z.infer<typeof Protocol>

export const FOREGROUND_THRESHOLD = 0.1

/** One volume's score. With more than one mask draw also each draw's, and `sd`: the standard deviation over them (n − 1). */
export const VolumeScore = z.object({
  file: z.string(),
  path: z.string(),
  slices: z.int(),
  acquisition: z.string().nullable(),
  synthetic: z.boolean(),
  sampling: z.enum(['masked here', 'sub-sampled in the file']),
  /** Selected slices that are not scored, and why; absent if there are none. */
  leftOut: z.array(SliceFault).optional(),
  /** What is odd about the data; absent if nothing is. */
  remarks: z.array(z.string()).optional(),
  /** Columns over measured columns, as the mask was really drawn (mean over draws); of an irregular file samples over measured samples. */
  acceleration: z.number(),
  ssim: z.number(),
  psnr: z.number(),
  nmse: z.number(),
  foreground: Metrics,
  /** fastMRI's aggregation before March 2021: each slice's, PSNR by that slice's maximum, then the mean; not in scores of older programs. */
  sliceWise: Metrics.omit({ ssim: true }).optional(),
  draws: z.array(Metrics).optional(),
  sd: Metrics.extend({ acceleration: z.number() }).optional(),
})
export type VolumeScore = z.infer<typeof VolumeScore>

export const Evaluation = z.object({
  run: z.string(),
  protocol: Protocol,
  volumes: z.array(VolumeScore),
  /** Mean over volumes, `null` when none could be scored. */
  mean: Metrics.extend({ foreground: Metrics }).nullable(),
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
})
export type Evaluation = z.infer<typeof Evaluation>
