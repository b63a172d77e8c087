/** The saved page and the window show a reproduction with equal cells. */
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import type { ReproductionReport } from '../../../src/contract/reproduction.ts'
import { tableOne } from '../../../src/presentation/headline-tables.ts'
import { ReproductionTables } from '../../../src/renderer/report/tables.tsx'
import { reportPage } from '../../../src/services/reports/index.ts'
import { CLASSICAL_ROWS, reproductionOf, reproductionOfTwoVersions, troubledReproduction } from '../../reproductions.ts'

interface DrawnCell {
  /** The lines of text in the cell. */
  readonly lines: readonly string[]
  /** Hover note. The heads of columns have hover notes in the window only. */
  readonly hover: string | null
}

interface DrawnTable {
  readonly title: string
  /** Rows, including the heads. */
  readonly rows: readonly (readonly DrawnCell[])[]
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#x27;': "'",
}
const plainText = (markup: string) => markup.replaceAll(/&(?:amp|lt|gt|quot|#39|#x27);/g, entity => ENTITIES[entity])

/** The texts between tags. */
const linesOf = (markup: string): string[] =>
  markup
    .split(/<[^>]*>/)
    .map(text => plainText(text).trim())
    .filter(Boolean)

function cellsOf(row: string): DrawnCell[] {
  return [...row.matchAll(/<(t[hd])\b([^>]*)>(.*?)<\/\1>/gs)].map(([, , attributes, content]) => {
    const hover = /(?<![\w-])title="([^"]*)"/.exec(attributes)?.[1]
    return { lines: linesOf(content), hover: hover === undefined ? null : plainText(hover) }
  })
}

const rowsOf = (table: string) => [...table.matchAll(/<tr\b[^>]*>(.*?)<\/tr>/gs)].map(([, row]) => cellsOf(row))

/** The tables of the page, each under a heading. After 'Scores of each test volume', the page has lists of files. */
function tablesOfPage(html: string): DrawnTable[] {
  const tables = html.split('<h2>Scores of each test volume')[0]
  return [...tables.matchAll(/<h2>([^<]*)<\/h2><div class="scroll">(<table>.*?<\/table>)/gs)].map(
    ([, title, table]) => ({
      title: plainText(title),
      rows: rowsOf(table),
    }),
  )
}

const tablesOfWindow = (html: string): DrawnTable[] =>
  [...html.matchAll(/<table\b[^>]*>.*?<\/table>/gs)].map(([table]) => ({
    title: linesOf(/<caption>(.*?)<\/caption>/s.exec(table)![1]).join(' '),
    rows: rowsOf(table),
  }))

const page = (report: ReproductionReport) => reportPage(report, [])
const window = (report: ReproductionReport) =>
  renderToStaticMarkup(createElement(ReproductionTables, { report, methods: ['simclr', 'swav'], onRun: () => {} }))

const CASES: Readonly<Record<string, () => ReproductionReport>> = {
  'one seed': () => reproductionOf(),
  'five seeds, four patients left out': () => reproductionOf({ seeds: 5, folds: 4 }),
  'missing rows, infinities, NaN, other devices': troubledReproduction,
  'rows of two versions': reproductionOfTwoVersions,
  'classical rows': () => reproductionOf({ seeds: 2, folds: 2, classical: CLASSICAL_ROWS }),
  'a network of k-space': () => reproductionOf({ seeds: 2, folds: 2, classical: CLASSICAL_ROWS, networks: true }),
  'headline only': () => reproductionOf({ headline: true }),
}

describe.each(Object.entries(CASES))('%s', (_, reportOf) => {
  const report = reportOf()
  const [printed, shown] = [tablesOfPage(page(report)), tablesOfWindow(window(report))]

  it('has equal tables in equal order', () => {
    expect(shown.map(({ title }) => title)).toEqual(printed.map(({ title }) => title))
    expect(shown.length).toBeGreaterThanOrEqual(5)
    expect(shown.map(({ rows }) => rows.length)).toEqual(printed.map(({ rows }) => rows.length))
  })

  it('has equal text in every cell', () => {
    const texts = (tables: readonly DrawnTable[]) =>
      tables.flatMap(({ title, rows }) =>
        rows.flatMap((row, i) =>
          row.map(({ lines }, column) => ({ place: `${title}, row ${i + 1}, column ${column + 1}`, lines })),
        ),
      )
    expect(texts(printed).length).toBeGreaterThan(200)
    expect(texts(shown)).toEqual(texts(printed))
  })

  it('has an equal hover note on every cell', () => {
    const notes = (tables: readonly DrawnTable[]) =>
      tables.map(({ rows }) => rows.map(row => row.slice(1).map(({ hover }) => hover)).slice(2))
    expect(notes(shown)).toEqual(notes(printed))
  })

  it('has equal findings', () => {
    const findings = (html: string, heading: string) =>
      [
        ...html
          .split(heading)[1]
          .split('</ul>')[0]
          .matchAll(/<li>(.*?)<\/li>/g),
      ].map(([, text]) => plainText(text))
    const printedFindings = findings(page(report), '<h2>What came out</h2>')
    expect(printedFindings.length).toBeGreaterThan(1)
    expect(findings(window(report), '>What came out</h3>')).toEqual(printedFindings)
  })
})

describe('special values', () => {
  const report = troubledReproduction()
  const [first] = tablesOfWindow(window(report))
  const cellsBeside = (label: string) =>
    first.rows.filter(([head]) => head?.lines[0] === label).map(cells => cells.map(({ lines }) => lines.join(' ')))

  it('an infinite PSNR stays in the mean, without a deviation', () => {
    expect(cellsBeside('RotNet + fine-tuning')[0][8]).toBe('∞')
  })

  it('NaN is left out of means, and NaN alone is a dash', () => {
    const control = first.rows.find(([head]) => head?.lines.includes('of RotNet; n = 6'))!
    expect(control[7].lines).toEqual(['—'])
  })

  it('missing rows are counted', () => {
    expect(cellsBeside('SwAV + fine-tuning')[0][0]).toContain('n = 4 of 6')
  })

  it('times of another device are shares of its own baseline, or have no share', () => {
    expect(cellsBeside('PIRL + fine-tuning')[0][10]).toMatch(/\d %$/)
    const control = first.rows.find(([head]) => head?.lines.includes('of PIRL; n = 6'))!
    expect(control[10].lines.join(' ')).not.toContain('%')
  })
})

describe('a line over seeds and left-out patients', () => {
  const report = reproductionOf({ seeds: 2, folds: 2 })

  it('unfolds into its trainings, each with seed and patient, numbers and runs', () => {
    const rows = tableOne(report)!.sections.flatMap(section => section.rows)
    const line = rows.find(({ label }) => label === 'SimCLR + fine-tuning')!
    const trainings = report.rows.filter(({ kind, method }) => kind === 'fine-tuned' && method === 'simclr')
    const parts = line.parts!()
    expect(parts.map(({ label }) => label)).toEqual(
      trainings.map(({ seed, fold }) => `seed ${seed}, tested on patient ${fold + 1} & <b>`),
    )
    expect(parts.map(({ cells }) => cells[6])).toEqual(
      trainings.map(({ metrics }) => ({ text: metrics.ssim.toFixed(3), spread: undefined, notes: [] })),
    )
    expect(parts.map(({ run, cells }) => [run, cells[0].run])).toEqual(
      trainings.map(({ training, pretraining }) => [training!.run, pretraining!.run]),
    )
    expect(line.run).toBeNull()
  })

  it('of one training opens that run', () => {
    const [first] = tableOne(reproductionOf())!.sections[1].rows
    expect([first.run, first.parts]).toEqual(['ft-simclr-0-0', null])
  })
})
