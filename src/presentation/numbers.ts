/** How numbers and times are written, once for screen and print. */

/** Written in place of a value that was never measured. */
export const NONE = '—'

/** A number with its decimals. Identical images have an infinite PSNR. This is a result, and is written as ∞. */
function fixed(value: number | null | undefined, decimals: number): string {
  if (value === Number.POSITIVE_INFINITY) return '∞'
  return value == null || !Number.isFinite(value) ? NONE : value.toFixed(decimals)
}

export const formatSsim = (value: number | null | undefined): string => fixed(value, 3)
export const formatPsnr = (value: number | null | undefined): string => fixed(value, 2)
export const formatNmse = (value: number | null | undefined): string => fixed(value, 4)
export const formatCount = (value: number | null | undefined): string => fixed(value, 0)

/** Four significant digits, because losses span decades (L1 near 0.1, InfoNCE near 10). */
export function formatLoss(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? NONE : value.toPrecision(4)
}

export function formatAcceleration(value: number): string {
  return Number.isFinite(value) ? `${fixed(value, 2)}×` : NONE
}

/** A duration: 42.1 s · 3 min 05 s · 1.2 h. The screen formats countdowns by itself. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole >= 3600) return `${(whole / 3600).toFixed(1)} h`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

export const formatPercent = (share: number | null | undefined): string =>
  share == null || !Number.isFinite(share) ? NONE : `${(100 * share).toFixed(0)} %`

/** A difference of SSIM with its sign: +0.0041, −0.0012. Four decimals, because gains are near 0.001. */
export function formatDifference(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE
  const digits = Math.abs(value).toFixed(4)
  return Number(digits) === 0 ? digits : `${value < 0 ? '−' : '+'}${digits}`
}

export const formatDeviation = (value: number | null | undefined): string => formatDifference(value).replace('+', '')

/** '1 volume', '8 volumes' */
export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`

/** '3 of 8 MB'; of one thing without a unit its share: '37 %'. */
export const formatDone = ({ done, total }: { readonly done: number; readonly total: number }, unit: string): string =>
  total === 1 && unit === ''
    ? `${Math.floor(100 * done)} %`
    : `${Math.floor(done)} of ${Math.ceil(total)}${unit && ` ${unit}`}`
