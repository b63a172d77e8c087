/** A study's tables for a terminal: wide tables where they fit, lists of the same numbers where it is narrow. */
import type { StudyReport } from '../../contract/study.ts'
import { FACTS_AND_INFERENCES } from '../../contract/the-report.ts'
import { conclusions, failureLines, statusSentences } from '../../presentation/findings.ts'
import { gainTable } from '../../presentation/gains.ts'
import { tableOne, tableTwo } from '../../presentation/headline-tables.ts'
import { NONE } from '../../presentation/numbers.ts'
import { RESEARCH_ONLY, volumesSentence } from '../../presentation/protocol.ts'
import { pretextTable, theirTable } from '../../presentation/side-tables.ts'
import type { Cell, StudyTable } from '../../presentation/table.ts'
import { fewLabelsTable, milestoneTable, scratchTable } from '../../presentation/ways.ts'
import { drawTable, factLines, TABLE_COLUMNS, widthOf } from './text-table.ts'
import { wrapText } from './words.ts'

const LABEL = 24
const HEAD = 12
const FACT = 21
const WORDS = 15

const cellLines = ({ value, spread, notes }: Cell): string[] => [value, ...(spread ? [spread] : []), ...(notes ?? [])]

const onOneLine = ({ value, spread, notes }: Cell): string =>
  [value, spread, notes?.length ? `(${notes.join(', ')})` : null].filter(Boolean).join(' ')

type Place = readonly number[]

/** Where columns stand: those that are facts of one group together. */
function places({ columns }: StudyTable): Place[] {
  const shown = columns.flatMap(({ aside }, index) => (aside ? [] : [index]))
  return shown.reduce<number[][]>((all, index) => {
    const before = all.at(-1)?.[0]
    const joined = before !== undefined && columns[index].fact && columns[before].fact
    if (joined && columns[before].group === columns[index].group) all.at(-1)?.push(index)
    else all.push([index])
    return all
  }, [])
}

const isNone = (cells: readonly Cell[], place: Place) => place.every(index => cells[index].value === NONE)

/** The lines of a place; facts are one line each, without which there is one dash. */
function placeLines({ columns }: StudyTable, cells: readonly Cell[], place: Place): string[] {
  if (place.length === 1) {
    const lines = cellLines(cells[place[0]])
    return columns[place[0]].words ? lines.flatMap(line => wrapText(line, WORDS)) : lines
  }
  if (isNone(cells, place)) return [NONE]
  return place.flatMap(index => {
    const { value, spread, notes } = cells[index]
    const fact = `${columns[index].fact?.(value)}${spread ? ` ${spread}` : ''}`
    return [...wrapText(fact, FACT), ...(notes ?? [])]
  })
}

const nameOf = ({ columns }: StudyTable, place: Place): string =>
  columns[place[0]][place.length > 1 ? 'group' : 'short']

function asTable(table: StudyTable): string {
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

function asList(table: StudyTable, columns: number): string {
  const at = places(table)
  const facts = (cells: readonly Cell[], place: Place) =>
    place.map(index =>
      onOneLine({ ...cells[index], value: table.columns[index].fact?.(cells[index].value) ?? cells[index].value }),
    )
  const blocks = table.sections.flatMap(section => [
    ...(section.name === null ? [] : [wrapText(section.name, columns).join('\n')]),
    ...section.rows.map(({ label, note, cells }) =>
      [
        ...wrapText(note ? `${label} (${note})` : label, columns),
        ...at
          .filter(place => place.length === 1 || !isNone(cells, place))
          .flatMap(place => factLines(nameOf(table, place), facts(cells, place), columns)),
      ].join('\n'),
    ),
  ])
  return `\n${blocks.join('\n\n')}\n`
}

/** Every table once, each with its notes; a protocol that was printed is not printed again. */
export function studyTableText(report: StudyReport, columns = 120): string {
  const notesWidth = Math.min(columns, TABLE_COLUMNS)
  const wrapped = (lines: readonly string[]) => lines.flatMap(line => wrapText(line, notesWidth))
  const tables = [
    tableOne(report),
    tableTwo(report),
    gainTable(report),
    scratchTable(report),
    milestoneTable(report),
    fewLabelsTable(report),
    pretextTable(report),
    theirTable(),
  ].filter(table => table !== null)
  const printed = new Set<string>()
  const drawn = tables.flatMap(table => {
    const protocol = table.protocol.filter(line => !printed.has(line))
    for (const line of protocol) printed.add(line)
    const wide = asTable(table)
    return [
      '',
      ...wrapText(table.title, columns),
      widthOf(wide) <= columns ? wide : asList(table, columns),
      ...wrapped([...table.notes, ...protocol]),
    ]
  })
  return [
    ...wrapText(`${report.study}${report.synthetic ? ' (SYNTHETIC)' : ''}`, columns),
    ...wrapped(statusSentences(report)),
    ...drawn,
    ...wrapped(FACTS_AND_INFERENCES),
    '',
    ...wrapped(conclusions(report)),
    '',
    ...wrapped([...report.reductions.map(line => `Reduced: ${line}`), ...failureLines(report)]),
    ...wrapped([volumesSentence(report), ...report.remarks, RESEARCH_ONLY]),
  ].join('\n')
}
