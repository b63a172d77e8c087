/** A report's tables for a terminal. A narrow terminal gets lists of the same numbers. */
import { originMark } from '../../contract/origin.ts'
import { FACTS_AND_INFERENCES } from '../../contract/original.ts'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { conclusions, failureLines, statusSentences } from '../../presentation/findings.ts'
import { gainTable } from '../../presentation/gains.ts'
import { tableOne, tableTwo } from '../../presentation/headline-tables.ts'
import { networkGainTable, networkTable } from '../../presentation/networks.ts'
import { NONE } from '../../presentation/numbers.ts'
import { RESEARCH_ONLY, volumesSentence } from '../../presentation/protocol.ts'
import { originalTable, pretextTable } from '../../presentation/side-tables.ts'
import { type Cell, nameOnOneLine, notesBelow, onOneLine, smallLines, type Table } from '../../presentation/table.ts'
import { fewLabelsTable, milestoneTable, scratchTable } from '../../presentation/ways.ts'
import { drawTable, factLines, TABLE_COLUMNS, widthOf } from './text-table.ts'
import { wrapText } from './words.ts'

const LABEL = 24
const HEAD = 12
const FACT = 21
const WORDS = 15

const cellLines = (cell: Cell): string[] => [cell.text, ...smallLines(cell)]

type Place = readonly number[]

/** Indices of the columns in each place of the table. Facts of one group share a place. */
function places({ columns }: Table): Place[] {
  const shown = columns.flatMap(({ aside }, index) => (aside ? [] : [index]))
  return shown.reduce<number[][]>((all, index) => {
    const before = all.at(-1)?.[0]
    const joined = before !== undefined && columns[index].fact && columns[before].fact
    if (joined && columns[before].group === columns[index].group) all.at(-1)?.push(index)
    else all.push([index])
    return all
  }, [])
}

const isNone = (cells: readonly Cell[], place: Place) => place.every(index => cells[index].text === NONE)

/** The lines of a place. Each fact has its own line. Without facts there is one dash. */
function placeLines({ columns }: Table, cells: readonly Cell[], place: Place): string[] {
  if (place.length === 1) {
    const lines = cellLines(cells[place[0]])
    return columns[place[0]].words ? lines.flatMap(line => wrapText(line, WORDS)) : lines
  }
  if (isNone(cells, place)) return [NONE]
  return place.flatMap(index => {
    const { text, spread, notes } = cells[index]
    const fact = `${columns[index].fact?.(text)}${spread ? ` ${spread}` : ''}`
    return [...wrapText(fact, FACT), ...(notes ?? [])]
  })
}

const nameOf = ({ columns }: Table, place: Place): string => columns[place[0]][place.length > 1 ? 'group' : 'short']

function asTable(table: Table): string {
  const at = places(table)
  const head = ['', ...at.map(place => wrapText(nameOf(table, place), place.length > 1 ? FACT : HEAD).join('\n'))]
  const rows = table.sections.flatMap(section => [
    ...(section.name === null ? [] : [[section.name]]),
    ...section.rows.map(({ label, note, cells }) => [
      [...wrapText(label, LABEL), ...(note ? [note] : [])].join('\n'),
      ...at.map(place => placeLines(table, cells, place).join('\n')),
    ]),
  ])
  const isLeft = (column: number) =>
    column === 0 || at[column - 1].length > 1 || table.columns[at[column - 1][0]].words === true
  return drawTable(head, rows, isLeft)
}

function asList(table: Table, columns: number): string {
  const at = places(table)
  const facts = (cells: readonly Cell[], place: Place) =>
    place.map(index =>
      onOneLine({ ...cells[index], text: table.columns[index].fact?.(cells[index].text) ?? cells[index].text }),
    )
  const blocks = table.sections.flatMap(section => [
    ...(section.name === null ? [] : [wrapText(section.name, columns).join('\n')]),
    ...section.rows.map(row =>
      [
        ...wrapText(nameOnOneLine(row), columns),
        ...at
          .filter(place => place.length === 1 || !isNone(row.cells, place))
          .flatMap(place => factLines(nameOf(table, place), facts(row.cells, place), columns)),
      ].join('\n'),
    ),
  ])
  return `\n${blocks.join('\n\n')}\n`
}

/** Lines below a table are no wider than the table. */
const wrapped = (lines: readonly string[], columns: number): string[] =>
  lines.flatMap(line => wrapText(line, Math.min(columns, TABLE_COLUMNS)))

/** Every table once, each with its notes; a protocol that was printed is not printed again. */
const tableLines = (tables: readonly (Table | null)[], columns: number): string[] =>
  [...notesBelow(tables.filter(table => table !== null))].flatMap(([table, notes]) => {
    const wide = asTable(table)
    return [
      '',
      ...wrapText(table.title, columns),
      widthOf(wide) <= columns ? wide : asList(table, columns),
      ...wrapped(notes, columns),
    ]
  })

const titleLines = (report: ReproductionReport, columns: number): string[] => [
  ...wrapText(`${report.study}${originMark(report.origin).toUpperCase()}`, columns),
  ...wrapped(statusSentences(report), columns),
]

const lastLines = (report: ReproductionReport, columns: number): string[] =>
  wrapped([volumesSentence(report), ...report.remarks, RESEARCH_ONLY], columns)

/** The headline tables of a demonstration, and the protocol of its numbers. */
export const demoText = (report: ReproductionReport, columns = 120): string =>
  [
    ...titleLines(report, columns),
    ...tableLines([tableOne(report), tableTwo(report)], columns),
    '',
    ...lastLines(report, columns),
  ].join('\n')

export function reportText(report: ReproductionReport, columns = 120): string {
  const tables = [
    tableOne(report),
    tableTwo(report),
    gainTable(report),
    networkTable(report),
    networkGainTable(report),
    scratchTable(report),
    milestoneTable(report),
    fewLabelsTable(report),
    pretextTable(report),
    originalTable(),
  ]
  return [
    ...titleLines(report, columns),
    ...tableLines(tables, columns),
    ...wrapped(FACTS_AND_INFERENCES, columns),
    '',
    ...wrapped(conclusions(report), columns),
    '',
    ...wrapped([...report.reductions.map(line => `Reduced: ${line}`), ...failureLines(report)], columns),
    ...lastLines(report, columns),
  ].join('\n')
}
