/** How numbers, times, protocols and text are written, the same in the figure, the table and the page. */
import type { Protocol, VolumeScore } from '../../contract/evaluation.ts'
import type { Report } from '../../contract/report.ts'

export const NONE = '—'
export const RESEARCH_ONLY = 'Research use only. Not a medical device.'

/** A number with its decimals; what was never measured is a dash, never `NaN`. Identical images have an infinite PSNR. */
function fixed(value: number | null | undefined, decimals: number): string {
  if (value === Number.POSITIVE_INFINITY) return '∞'
  return value == null || !Number.isFinite(value) ? NONE : value.toFixed(decimals)
}

export const formatSsim = (value: number | null | undefined): string => fixed(value, 3)
export const formatPsnr = (value: number | null | undefined): string => fixed(value, 2)
export const formatNmse = (value: number | null | undefined): string => fixed(value, 4)
export const formatCount = (value: number | null | undefined): string => fixed(value, 0)

/** Losses span decades (L1 near 0.1, InfoNCE near 10): four digits that mean something, not a fixed number of decimals. */
export function formatLoss(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? NONE : value.toPrecision(4)
}

export function formatAcceleration(value: number): string {
  return Number.isFinite(value) ? `${fixed(value, 2)}×` : NONE
}

/** 42.1 s · 3 min 05 s · 1.2 h */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole >= 3600) return `${(whole / 3600).toFixed(1)} h`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** `part` as a percentage of the baseline's `whole`; a dash where either took no time. */
export function formatShare(part: number, whole: number | undefined): string {
  return part > 0 && whole !== undefined && whole > 0 ? `${fixed((100 * part) / whole, 1)} %` : NONE
}

export function baselineSeconds(report: Report): number | undefined {
  return report.rows.find(row => row.kind === 'baseline')?.totalSeconds
}

function slicesInWords(slices: Protocol['slices']): string {
  if (slices.kind === 'range') return `${slices.from + 1} to ${slices.to + 1}`
  if (slices.kind === 'every') return slices.n === 1 ? 'all' : `one in ${slices.n}, from the first`
  return slices.kind === 'middle' ? 'the middle one of each volume' : 'all'
}

function seedInWords(protocol: Protocol): string {
  if (protocol.maskSeed === 'file name') return 'seeded by the file name'
  if (protocol.maskSeed !== 'seeded draws') return `one draw, ${protocol.maskSeed}`
  return protocol.maskDraws === 1
    ? 'one draw, seed 0'
    : `mean over ${protocol.maskDraws} draws, seeds 0 to ${protocol.maskDraws - 1}`
}

/** The protocol as names and values, in reading order. */
export function protocolParts(protocol: Protocol): readonly (readonly [name: string, value: string])[] {
  const { mask, foreground } = protocol
  return [
    [
      'Mask',
      `${mask.kind.replaceAll('_', ' ')} columns, ${mask.acceleration}×, centre fraction ${mask.centerFraction}, ${seedInWords(protocol)}`,
    ],
    ['Crop', protocol.crop],
    ['Data range', protocol.dataRange],
    ['SSIM', protocol.ssim],
    ['Reference', protocol.reference],
    ['Foreground', `at least ${foreground.threshold} of the ${foreground.of}`],
    ['Slices', slicesInWords(protocol.slices)],
  ]
}

/** Everything a metric depends on, as one line of text. */
export function protocolSentence(protocol: Protocol): string {
  return `${protocolParts(protocol)
    .map(([name, value]) => `${name}: ${value}`)
    .join('. ')}.`
}

interface Scored {
  readonly rows: readonly { readonly volumes: readonly VolumeScore[] }[]
}

/** The test volumes as they were scored, each once; rows score the same ones, or those of their fold, and may be another machine's, where they lie elsewhere. */
function testVolumes({ rows }: Scored): readonly VolumeScore[] {
  const named = rows.flatMap(({ volumes }) =>
    volumes.map(volume => [`${volume.file} ${volume.acceleration}`, volume] as const),
  )
  return [...new Map(named).values()]
}

const NAMED_VOLUMES = 8

/** The test volumes with the acceleration that their masks really had; a long list is cut to its first names and its range. */
export function volumesSentence(report: Scored): string {
  const volumes = testVolumes(report)
  if (volumes.length === 0) return 'Test volumes: none could be scored.'
  const named = volumes.slice(0, NAMED_VOLUMES).map(volume => {
    const own = volume.sampling === 'sub-sampled in the file' ? ', sub-sampled in the file' : ''
    return `${volume.file} (${formatAcceleration(volume.acceleration)}${own})`
  })
  const accelerations = volumes.map(volume => volume.acceleration)
  const rest =
    volumes.length > NAMED_VOLUMES
      ? ` and ${volumes.length - NAMED_VOLUMES} more; all between ${formatAcceleration(Math.min(...accelerations))} and ${formatAcceleration(Math.max(...accelerations))}`
      : ''
  return `Test volumes, with the real acceleration: ${named.join(', ')}${rest}.`
}

/** Text as content or attribute value of XML and HTML; control characters, which XML cannot carry, become spaces. */
export function escapeMarkup(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, ' ')
    .replace(/[&<>"']/g, character => entities[character])
}

/** Lines of at most `columns` characters, broken between words; a longer word (a file name) is broken where it must. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const joined = line === '' ? word : `${line} ${word}`
    if (joined.length <= columns) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (line.length > columns) {
      lines.push(line.slice(0, columns))
      line = line.slice(columns)
    }
  }
  return line === '' ? lines : [...lines, line]
}
