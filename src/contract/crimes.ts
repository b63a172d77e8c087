/** Implicit data crimes: what speaks against k-space being raw, in numbers and in words. See core/data/crimes.ts. */
import { z } from 'zod'

/** Statistics of one slice and one coil. */
export const Crimes = z.object({
  /** Counted from 0. */
  slice: z.int(),
  /** The coil with the most signal, counted from 0. */
  coil: z.int(),
  hermitianResidual: z.number(),
  imaginaryShare: z.number(),
  /** `null`: the matrix is too small. */
  outerToMidEnergy: z.number().nullable(),
  zeroColumns: z.number(),
  zeroRows: z.number(),
  gridResidual: z.number(),
  /** Number of levels of the grid, or 0 if the image lies on no grid. */
  gridMaximum: z.int(),
  /** `null`: the matrix is too small. */
  dctRatio: z.number().nullable(),
})
export type Crimes = z.infer<typeof Crimes>
export type CrimeStatistics = Omit<Crimes, 'slice' | 'coil'>

export const FLAGS = ['hermitianResidual', 'outerToMidEnergy', 'gridResidual', 'dctRatio'] as const
export const Flag = z.enum(FLAGS)
export type Flag = z.infer<typeof Flag>

interface FlagWords {
  /** Raw data lie above. Of 29 measured volumes, none comes near. */
  readonly flaggedBelow: number
  readonly label: string
  readonly statistic: string
  readonly meaning: string
}

export const FLAG_WORDS: Readonly<Record<Flag, FlagWords>> = {
  hermitianResidual: {
    flaggedBelow: 0.05,
    label: 'magnitude only',
    statistic: 'Hermitian residual',
    meaning: 'The image has no phase. One half of k-space then tells the other half, which raw data do not.',
  },
  outerToMidEnergy: {
    flaggedBelow: 0.1,
    label: 'zero-filled or filtered',
    statistic: 'outer to middle energy',
    meaning:
      'The outer k-space was filled with zeros, or filtered. The measured part is sub-sampled less than it seems.',
  },
  gridResidual: {
    flaggedBelow: 0.05,
    label: 'rounded to integers',
    statistic: 'distance from a grid of integers',
    meaning: 'The image was stored as integers, as image files are. Its noise is no longer the scanner’s.',
  },
  dctRatio: {
    flaggedBelow: 0.5,
    label: 'JPEG',
    statistic: 'DCT ratio of 8 × 8 blocks',
    meaning: 'The image was compressed as JPEG, which removes noise and fine structure.',
  },
}

/** What to do with flagged data. */
export const FLAG_REMEDY =
  'Sub-sampling processed data looks easier than it is (Shimron 2022). Use raw k-space, or say so with every result.'

export const flagsOf = (crimes: CrimeStatistics | undefined): Flag[] =>
  crimes ? FLAGS.filter(flag => (crimes[flag] ?? Number.POSITIVE_INFINITY) < FLAG_WORDS[flag].flaggedBelow) : []

/** The part of a volume that says what speaks against its being raw. */
export interface Examined {
  readonly content?: { readonly crimes?: Crimes | undefined } | undefined
  readonly acknowledged?: readonly Flag[] | undefined
}

/** Flags of a volume that nobody has acknowledged. */
export const openFlags = ({ content, acknowledged = [] }: Examined): Flag[] =>
  flagsOf(content?.crimes).filter(flag => !acknowledged.includes(flag))

/** '2 of 8 volumes may not be raw: zero-filled or filtered (2), JPEG (1).' `null`: no flag is open. */
export function flagsInWords(volumes: readonly Examined[]): string | null {
  const open = volumes.map(openFlags).filter(flags => flags.length > 0)
  if (open.length === 0) return null
  const counts = FLAGS.flatMap(flag => {
    const count = open.filter(flags => flags.includes(flag)).length
    return count > 0 ? [`${FLAG_WORDS[flag].label} (${count})`] : []
  })
  return `${open.length} of ${volumes.length} volumes may not be raw: ${counts.join(', ')}.`
}
