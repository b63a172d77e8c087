/** Masks, metrics and their protocol. A metric is only printed together with its protocol. */

import { z } from 'zod'
import { ClassicalChoice } from './classical.ts'
import { Origin, withFormerOrigin } from './origin.ts'
import { SliceFault, SliceSelection } from './volumes.ts'

/** fastMRI's masks over columns. */
export const COLUMN_KINDS = ['random', 'equispaced', 'equispaced_fraction', 'magic'] as const

/** Masks in two directions, of single points of k-space. */
export const POINT_KINDS = ['poisson_disc', 'gaussian_2d', 'uniform_2d'] as const

/** The masks that are drawn. */
export const MASK_KINDS = [...COLUMN_KINDS, ...POINT_KINDS] as const
export type MaskKind = (typeof MASK_KINDS)[number]

const ACCELERATION = 4
const acceleration = z.number().min(1).max(64)
const centerFraction = z.number().gt(0).max(1)

/** One of several pairs. Each mask draws one pair, with equal probability, before anything else, as in fastMRI. */
export const MaskPair = z.object({ acceleration, centerFraction })
export type MaskPair = z.infer<typeof MaskPair>

/** An absolute path of Unix or Windows. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/

/** A file with a mask (.npy): its absolute path and the SHA-256 of its bytes. A changed file is refused. */
export const MaskFile = z.object({
  path: z.string().regex(ABSOLUTE, 'Expected an absolute path of the mask file'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type MaskFile = z.infer<typeof MaskFile>

const fields = {
  acceleration: acceleration.default(ACCELERATION).describe('samples over measured samples'),
  centerFraction: centerFraction.default(0.08).meta({
    title: 'Centre',
    description:
      'share of the columns, at the centre of k-space, that is always measured; in two directions also of the rows',
  }),
  /** Absent: none. */
  alternatives: z.array(MaskPair).min(1).max(15).optional().meta({
    title: 'Other pairs',
    description: 'further accelerations with their centre, as 8/0.04: each mask draws one of all pairs',
  }),
}

/** A mask that is drawn. The forms are made from this schema. */
export const DrawnMask = z.object({ kind: z.enum(MASK_KINDS).default('random'), ...fields })

/**
 * How k-space is sub-sampled. The central share `centerFraction` (lowest frequencies) is always measured.
 * Of the kind `file`, the mask is read, not drawn. Then the acceleration says nothing and is the default, and the
 * centre fraction says what a further sub-sample always keeps.
 */
export const MaskSpec = z
  .object({ kind: z.enum([...MASK_KINDS, 'file']).default('random'), ...fields, file: MaskFile.optional() })
  .refine(({ kind, file }) => (kind === 'file') === (file !== undefined), {
    path: ['file'],
    error: 'Expected a mask file for the kind file, and for no other kind',
  })
  // Equal mask files are stored equally, so that keys made of masks are equal.
  .overwrite(mask => {
    const { kind, centerFraction, file } = mask
    return file ? { kind, acceleration: ACCELERATION, centerFraction, file } : mask
  })
export type MaskSpec = z.infer<typeof MaskSpec>

/** All pairs of a drawn mask, in the order in which they are numbered. */
export const maskPairs = ({ acceleration, centerFraction, alternatives = [] }: MaskSpec): readonly MaskPair[] => [
  { acceleration, centerFraction },
  ...alternatives,
]

/** The seed of a mask. `null`: the characters of the file's name, as in fastMRI's validation. */
export const MaskSeed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .nullable()

export const Metrics = z.object({ ssim: z.number(), psnr: z.number(), nmse: z.number() })
export type Metrics = z.infer<typeof Metrics>

/** Everything that a metric depends on, besides the images. */
export const Protocol = z.object({
  mask: MaskSpec,
  /**
   * `file name`: the file's name is the seed, as in fastMRI's validation. `seed 3`: the seed is 3.
   * `seeded draws`: the mean over masks with the seeds 0 to `maskDraws` − 1.
   */
  maskSeed: z.union([z.enum(['file name', 'seeded draws']), z.templateLiteral(['seed ', z.int()])]),
  maskDraws: z.int(),
  crop: z.literal('ground truth size, centred'),
  dataRange: z.literal('volume maximum of the ground truth'),
  ssim: z.literal('7 × 7 uniform window, K1 0.01, K2 0.03, per slice, mean over slices'),
  /** With `computed`, the ground truth of some or all volumes is the root sum of squares of their full k-space. */
  reference: z.enum([
    'reconstruction_esc or reconstruction_rss',
    'reconstruction_noise_free',
    'computed from full k-space',
    'reconstruction_esc or reconstruction_rss, or computed from full k-space',
  ]),
  /**
   * The foreground: pixels whose ground truth, averaged over 7 × 7, is at least `threshold` times the volume maximum.
   * All other pixels are air.
   */
  foreground: z.object({ threshold: z.number(), of: z.literal('volume maximum, ground truth averaged over 7 × 7') }),
  slices: SliceSelection,
  /** The classical method that made the images, with all settings. Absent for networks and for zero-filled images. */
  classical: ClassicalChoice.optional(),
})
export type Protocol = z.infer<typeof Protocol>

export const FOREGROUND_THRESHOLD = 0.1

/**
 * The score of a volume. With several mask draws the score has each draw's metrics (`draws`), and their standard
 * deviation (`sd`, n − 1).
 */
export const VolumeScore = withFormerOrigin(
  z.object({
    file: z.string(),
    path: z.string(),
    slices: z.int(),
    acquisition: z.string().nullable(),
    origin: Origin,
    sampling: z.enum(['masked here', 'sub-sampled in the file']),
    /** Selected slices without a score, with the reason. Absent if all selected slices are scored. */
    leftOut: z.array(SliceFault).optional(),
    /** Unusual properties of the data. Absent if there are none. */
    remarks: z.array(z.string()).optional(),
    /**
     * Samples over measured samples of the mask (mean over draws).
     */
    acceleration: z.number(),
    /**
     * The same over the columns that could be measured, as the header says. Absent if all columns could be measured,
     * and in scores of older programs.
     */
    measurableAcceleration: z.number().optional(),
    ssim: z.number(),
    psnr: z.number(),
    nmse: z.number(),
    foreground: Metrics,
    /**
     * fastMRI's aggregation before March 2021: metrics of each slice, then their mean. PSNR uses each slice's maximum.
     * Absent in scores of older programs.
     */
    sliceWise: Metrics.omit({ ssim: true }).optional(),
    draws: z.array(Metrics).optional(),
    sd: Metrics.extend({ acceleration: z.number() }).optional(),
  }),
)
export type VolumeScore = z.infer<typeof VolumeScore>

export const Evaluation = z.object({
  run: z.string(),
  protocol: Protocol,
  volumes: z.array(VolumeScore),
  /** Mean over volumes. `null` if no volume could be scored. */
  mean: Metrics.extend({ foreground: Metrics }).nullable(),
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
})
export type Evaluation = z.infer<typeof Evaluation>
