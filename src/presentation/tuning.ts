/** A tuning in words, once for screen and terminal. */
import type { MaskSpec } from '../contract/evaluation.ts'
import { maskPairs } from '../contract/evaluation.ts'
import type { Criterion, Tuning, TuningPoint } from '../contract/tuning.ts'
import { formatNmse, formatSsim } from './numbers.ts'

export const CRITERION_LABELS: Readonly<Record<Criterion, string>> = {
  'foreground-nmse': 'foreground NMSE',
  nmse: 'NMSE',
  'foreground-ssim': 'foreground SSIM',
}

export const formatCriterion = (criterion: Criterion, value: number | null): string =>
  criterion === 'foreground-ssim' ? formatSsim(value) : formatNmse(value)

/** Lower is better for errors, higher for SSIM. */
export const isBetter = (criterion: Criterion, value: number, than: number): boolean =>
  criterion === 'foreground-ssim' ? value > than : value < than

/** Of equal points: with the smallest λ, and then with the fewest iterations. */
export const bestPoint = ({ criterion, points }: Pick<Tuning, 'criterion' | 'points'>): TuningPoint =>
  points.reduce((best, point) => (isBetter(criterion, point.mean, best.mean) ? point : best))

/** 'Tuned on Knee, 8 coils, 4× random' */
export function tunedName(study: string, mask: MaskSpec): string {
  const how = mask.file
    ? 'mask file'
    : `${maskPairs(mask)
        .map(({ acceleration }) => `${acceleration}×`)
        .join(' or ')} ${mask.kind.replaceAll('_', ' ')}`
  return `Tuned on ${study}, ${how}`
}

/** A caution if the best λ is the smallest or the largest. */
export const edgeInWords = ({ edge }: Pick<Tuning, 'edge'>): string[] =>
  edge === null ? [] : [`The best λ is the ${edge} λ that was tried. A better λ may lie beyond.`]
