/** Reports as one page of Markdown: docs/study.md. */
import { originMark } from '../../contract/origin.ts'
import { FACTS_AND_INFERENCES } from '../../contract/original.ts'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { conclusions, statusSentences } from '../../presentation/findings.ts'
import { gainTable } from '../../presentation/gains.ts'
import { tableOne, tableTwo } from '../../presentation/headline-tables.ts'
import { networkGainTable, networkTable } from '../../presentation/networks.ts'
import { NONE } from '../../presentation/numbers.ts'
import { protocolParts, RESEARCH_ONLY, volumesSentence } from '../../presentation/protocol.ts'
import { originalTable, pretextTable } from '../../presentation/side-tables.ts'
import { nameOnOneLine, notesBelow, onOneLine, type Table } from '../../presentation/table.ts'
import { fewLabelsTable, milestoneTable, scratchTable } from '../../presentation/ways.ts'

/** Escapes a text, so that no character is read as Markdown or HTML. */
const escaped = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#&~]/g, character => (character === '&' ? '&amp;' : `\\${character}`))

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function tableLines({ head, columns, sections }: Table): string[] {
  const blanks = columns.map(() => '')
  return [
    line([head, ...columns.map(({ short }) => short)].map(escaped)),
    line(['---', ...columns.map(({ words }) => (words ? '---' : '---:'))]),
    ...sections.flatMap(({ name, rows }) => [
      ...(name === null ? [] : [line([`**${escaped(name)}**`, ...blanks])]),
      ...rows.map(row => line([nameOnOneLine(row), ...row.cells.map(onOneLine)].map(escaped))),
    ]),
  ]
}

const items = (lines: readonly string[]): string[] =>
  lines.length === 0 ? [NONE] : lines.map(text => `- ${escaped(text)}`)

function reportLines(report: ReproductionReport): string[] {
  const tables = [
    tableOne(report),
    gainTable(report),
    networkTable(report),
    networkGainTable(report),
    scratchTable(report),
    tableTwo(report),
    pretextTable(report),
    milestoneTable(report),
    fewLabelsTable(report),
  ].filter(table => table !== null)
  const [status, ...warnings] = statusSentences(report)
  return [
    `## ${escaped(report.study)}${originMark(report.origin).toUpperCase()}`,
    '',
    escaped(status),
    '',
    ...warnings.flatMap(text => [`**${escaped(text)}**`, '']),
    ...report.remarks.flatMap(text => [escaped(text), '']),
    '### What came out',
    '',
    ...items(conclusions(report)),
    '',
    ...[...notesBelow(tables)].flatMap(([table, notes]) => [
      `### ${escaped(table.title)}`,
      '',
      ...tableLines(table),
      '',
      ...notes.flatMap(text => [escaped(text), '']),
    ]),
    '### Reductions from the original settings',
    '',
    ...items(report.reductions),
    '',
    ...(report.failures.length > 0
      ? ['### Failed rows', '', ...items(report.failures.map(({ key, reason }) => `${key}: ${reason}`)), '']
      : []),
    '### Protocol',
    '',
    ...protocolParts(report.protocol).map(([name, value]) => `- ${name}: ${escaped(value)}`),
    '',
    escaped(volumesSentence(report)),
    '',
  ]
}

/** The page of one or several reports. `command` is the command that writes the page again. */
export function reportMarkdown(reports: ReproductionReport | readonly ReproductionReport[], command: string): string {
  const all = [reports].flat()
  const original = originalTable()
  return [
    '# The original work reproduced: what pre-training changes',
    '',
    'Self-MRI wrote this page from the JSON of its reports. All numbers and verdicts are computed from their rows. ' +
      'This command writes the page again:',
    '',
    '```sh',
    ...command.split('\n'),
    '```',
    '',
    'The verdict is gain or loss only if the 95 % interval (bootstrap over patients, then seeds) excludes zero. ' +
      RESEARCH_ONLY,
    '',
    ...all.flatMap(reportLines),
    `## ${escaped(original.title)}`,
    '',
    ...tableLines(original),
    '',
    ...original.notes.flatMap(text => [escaped(text), '']),
    ...items(FACTS_AND_INFERENCES),
    '',
  ].join('\n')
}
