/** What a reproduction says of its classical rows. */
import { classicalInWords } from '../contract/classical.ts'
import type { ClassicalRow, ReproductionReport } from '../contract/reproduction.ts'
import { metricColumn } from './columns.ts'
import { groupsOf, type Line, linesOf, onNetwork } from './lines.ts'
import { formatNmse } from './numbers.ts'
import { CLASSICAL_CAUTION, protocolSentence } from './protocol.ts'
import { formatSpread, spreadOf } from './statistics.ts'
import type { Column } from './table.ts'

/** The classical methods with a row, each method and settings once. */
function classicalRows({ rows }: ReproductionReport): ClassicalRow[] {
  const all = rows.flatMap(({ classical }) => classical ?? [])
  return [...new Map(all.map(row => [JSON.stringify([row.classical, row.config]), row])).values()]
}

/** ' (cg-sense:2)' if other settings of the method have the name; else empty. */
export const sourceIfShared = ({ classical, name, source }: ClassicalRow, all: readonly ClassicalRow[]): string =>
  all.filter(other => other.classical === classical && other.name === name).length > 1 ? ` (${source})` : ''

export const hasClassical = (report: ReproductionReport): boolean => classicalRows(report).length > 0

/** Where the settings come from. */
function originOf(row: ClassicalRow, all: readonly ClassicalRow[]): string {
  const { name, tuned } = row
  if (name === null) return 'default settings'
  const how = tuned ? `lambda tuned on validation patients of ${tuned.study}` : 'lambda chosen by the user'
  return `named settings “${name}”${sourceIfShared(row, all)}, ${how}`
}

/** Below tables with classical rows: how they were computed, and why their whole-image SSIM ranks nothing. */
export function classicalNotes(report: ReproductionReport): string[] {
  const rows = classicalRows(report)
  if (rows.length === 0) return []
  const methods = rows.map(row => `${classicalInWords(row)}, ${originOf(row, rows)}`)
  return [CLASSICAL_CAUTION, `Classical rows: ${methods.join('; ')}. Coil maps have no eigenvalue crop.`]
}

/** Foreground metrics: of tables without classical rows, only the SSIM. */
export function foregroundColumns(report: ReproductionReport): Column<Line>[] {
  const protocol = protocolSentence(report.protocol)
  const column = (metric: 'ssim' | 'psnr' | 'nmse', short: string) =>
    metricColumn(metric, 'Foreground', protocol, row => row.metrics.foreground, `${short} foregr.`)
  if (!hasClassical(report)) return [column('ssim', 'SSIM')]
  const stacked = (metric: 'ssim' | 'psnr' | 'nmse', short: string): Column<Line> => ({
    ...column(metric, short),
    fact: text => `${short} ${text}`,
  })
  return [stacked('ssim', 'SSIM'), stacked('psnr', 'PSNR'), stacked('nmse', 'NMSE')]
}

/** All kinds of reconstruction by foreground NMSE, if there are classical rows. */
export function foregroundFindings(report: ReproductionReport): string[] {
  if (!hasClassical(report)) return []
  const groups = groupsOf(report)
  const lines = groups
    .flatMap(group => linesOf(group, 'zero-filled', 'classical', 'fine-tuned', 'baseline'))
    .flatMap(line => {
      const spread = spreadOf(line.rows.map(({ metrics }) => metrics.foreground.nmse))
      const name = line.label + (line.networkName === null ? '' : onNetwork(line, groups))
      return spread ? [{ name, spread }] : []
    })
    .sort((a, b) => a.spread.mean - b.spread.mean)
  const words = lines.map(({ name, spread }) => `${name} ${formatSpread(spread, formatNmse)}`)
  return [`Foreground NMSE on test patients, lowest first: ${words.join('; ')}.`]
}
