/** What a reproduction says of its classical rows. */
import { describe, expect, it } from 'vitest'
import type { ReproductionReport } from '../../../src/contract/reproduction.ts'
import { conclusions, statusSentences } from '../../../src/presentation/findings.ts'
import { tableOne, tableTwo } from '../../../src/presentation/headline-tables.ts'
import { notesBelow, type Table } from '../../../src/presentation/table.ts'
import { reportMarkdown, reportText } from '../../../src/services/reports/index.ts'
import { CLASSICAL_ROWS, METHODS, reproductionOf } from '../../reproductions.ts'

const methods = METHODS.slice(0, 1)
const report = reproductionOf({ folds: 2, headline: true, methods, classical: CLASSICAL_ROWS })
const without = reproductionOf({ folds: 2, headline: true, methods })

const foregroundOf = (table: Table) =>
  table.columns.flatMap(({ group, name }) => (group === 'Foreground' ? [name] : []))
const rowsOf = ({ sections }: Table) => sections.flatMap(({ rows }) => rows)
const tables = (of: ReproductionReport) => [tableOne(of)!, tableTwo(of)!]

describe('classical rows', () => {
  it('are lines after the zero-filled line, one for each settings, without times', () => {
    for (const table of tables(report))
      expect(
        rowsOf(table)
          .map(({ label }) => label)
          .slice(0, 3),
      ).toEqual(['Zero-filled', 'CG-SENSE', 'l1-wavelet, Knee <4×>'])
    const table = tableOne(report)!
    const total = table.columns.findIndex(({ name }) => name === 'Total')
    expect(rowsOf(table)[1].cells[total].text).toBe('—')
    expect(rowsOf(table)[1].note).toBe('n = 2')
    const [first] = report.rows.flatMap(({ classical }) => classical ?? [])
    const other = { ...first, config: { ...first.config, lambda: 0.02 }, name: 'Two' }
    const two = reproductionOf({ folds: 2, methods, classical: [first, other] })
    expect(rowsOf(tableOne(two)!).map(({ label }) => label)).toEqual(
      expect.arrayContaining(['CG-SENSE', 'CG-SENSE, Two']),
    )
  })

  it('are told apart if two settings have one name', () => {
    const [, named] = CLASSICAL_ROWS
    const other = { ...named, config: { ...named.config, lambda: 0.5 }, source: 'l1-wavelet:4' }
    const two = reproductionOf({ folds: 2, methods, classical: [named, other] })
    expect(rowsOf(tableOne(two)!).map(({ label }) => label)).toEqual(
      expect.arrayContaining(['l1-wavelet, Knee <4×> (l1-wavelet:3)', 'l1-wavelet, Knee <4×> (l1-wavelet:4)']),
    )
    const printed = [...notesBelow([tableOne(two)!]).values()].flat().join('\n')
    expect(printed).toMatch(/lambda 0.0123,.* “Knee <4×>” \(l1-wavelet:3\), .*lambda 0.5,.* \(l1-wavelet:4\), /)
    const alike = reproductionOf({ folds: 2, methods, classical: [named, { ...other, name: 'Other' }] })
    expect([...notesBelow([tableOne(alike)!]).values()].flat().join('\n')).not.toContain('l1-wavelet:')
  })

  it('bring all foreground columns to the tables that have them', () => {
    for (const table of tables(report)) expect(foregroundOf(table)).toEqual(['SSIM', 'PSNR,\u00a0dB', 'NMSE'])
    expect(tables(without).map(foregroundOf)).toEqual([[], ['SSIM']])
    const [table] = tables(report)
    const column = table.columns.findIndex(({ short }) => short === 'NMSE foregr.')
    const [one, two] = report.rows.flatMap(({ label, metrics }) =>
      label === 'CG-SENSE' ? [metrics.foreground.nmse] : [],
    )
    expect(rowsOf(table)[1].cells[column].text).toBe(((one + two) / 2).toFixed(4))
  })

  it('bring a sentence, printed once, on settings, crop, origin of lambda, and whole-image SSIM', () => {
    const printed = [...notesBelow(tables(report)).values()].flat().join('\n')
    expect(printed.match(/Do not rank classical images by whole-image SSIM alone/g)).toHaveLength(1)
    expect(printed).toContain(
      'CG-SENSE (30 iterations, lambda 0.01, automatic maps, no coil compression), default settings; ' +
        'l1-wavelet (60 iterations, lambda 0.0123, wavelet db4, 4 levels, ESPIRiT maps, 8 virtual coils), ' +
        'named settings “Knee <4×>”, lambda tuned on validation patients of Knees. ' +
        'Coil maps have no eigenvalue crop.',
    )
    expect([...notesBelow(tables(without)).values()].flat().join(' ')).not.toMatch(/classical|eigenvalue/)
  })

  it('are compared by foreground NMSE, and have no gain', () => {
    const finding = conclusions(report).at(-1)!
    expect(finding).toMatch(/^Foreground NMSE on test patients, lowest first: /)
    const numbers = [...finding.matchAll(/0\.\d{4}(?= ±)/g)].map(Number)
    expect(numbers).toHaveLength(5)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(conclusions(without).join(' ')).not.toContain('lowest first')
    expect(conclusions(report).slice(0, -1)).toEqual(conclusions(without))
    expect(statusSentences(report)[0]).toContain('with 2 classical methods')
  })

  it('are in the terminal’s table, which still fits 120 characters, and in Markdown', () => {
    const text = reportText(report, 120)
    expect(text).toMatch(/^CG-SENSE .*SSIM 0\.\d{3}/m)
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(120)
    expect(reportMarkdown(report, 'npm run study')).toMatch(/^\| l1-wavelet, Knee \\<4×\\> \(n = 2\) \|/m)
  })
})
