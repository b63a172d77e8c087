/** A report as one HTML file with its figures. The page has no script and loads nothing. */
import { FACTS_AND_INFERENCES } from '../../contract/original.ts'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { conclusions, statusSentences } from '../../presentation/findings.ts'
import { gainTable } from '../../presentation/gains.ts'
import { tableOne, tableTwo } from '../../presentation/headline-tables.ts'
import { networkGainTable, networkTable } from '../../presentation/networks.ts'
import { NONE } from '../../presentation/numbers.ts'
import { protocolParts, RESEARCH_ONLY, volumesSentence } from '../../presentation/protocol.ts'
import { originalTable, pretextTable } from '../../presentation/side-tables.ts'
import {
  beginsGroup,
  type Cell,
  columnGroups,
  hoverOf,
  type Row,
  smallLines,
  type Table,
} from '../../presentation/table.ts'
import { fewLabelsTable, milestoneTable, scratchTable } from '../../presentation/ways.ts'
import { colourOf } from './curves.ts'
import type { ReportFigure } from './figures.ts'
import { badge, checkpointTable, definitions, dot, groupHead, htmlDocument, paragraphs, splitLists } from './html.ts'
import { volumeDetails } from './volume-scores.ts'
import { escapeMarkup } from './words.ts'

type Column = Table['columns'][number]

function headRows({ columns, head }: Table): string {
  const classOf = ({ words }: Column, index: number) =>
    `${words ? 'words' : 'number'} ${beginsGroup(columns, index) ? 'start' : ''}`
  const names = columns.map(
    (column, index) => `<th scope="col" class="${classOf(column, index)}">${escapeMarkup(column.name)}</th>`,
  )
  const groups = columnGroups(columns)
  const spans = groups.map(({ name, span }) => groupHead(escapeMarkup(name), span))
  const grouped = groups.some(({ name }) => name !== '')
  return (
    (grouped ? `<tr><td></td>${spans.join('')}</tr>` : '') +
    `<tr><th scope="col">${escapeMarkup(head)}</th>${names.join('')}</tr>`
  )
}

function cellMarkup(cell: Cell, column: Column, start: boolean): string {
  const small = smallLines(cell).map(line => `<small>${escapeMarkup(line)}</small>`)
  const place = `${column.words ? 'words' : 'number'} ${start ? 'start' : ''}`
  const hover = escapeMarkup(hoverOf(cell, column))
  return `<td class="${place}" title="${hover}">${escapeMarkup(cell.text)}${small.join('')}</td>`
}

function rowMarkup({ label, note, method, cells }: Row, { columns }: Table): string {
  const mark = method === null ? '' : dot(label, colourOf(method))
  return (
    `<tr><th scope="row">${escapeMarkup(label)}${mark}${note ? `<small>${escapeMarkup(note)}</small>` : ''}</th>` +
    `${cells.map((cell, index) => cellMarkup(cell, columns[index], beginsGroup(columns, index))).join('')}</tr>`
  )
}

function tableMarkup(table: Table): string {
  const span = table.columns.length + 1
  const sections = table.sections.map(({ name, rows }) => {
    const head =
      name === null ? '' : `<tr class="section"><th scope="rowgroup" colspan="${span}">${escapeMarkup(name)}</th></tr>`
    return `<tbody>${head}${rows.map(row => rowMarkup(row, table)).join('')}</tbody>`
  })
  return (
    `<h2>${escapeMarkup(table.title)}</h2><div class="scroll">` +
    `<table><thead>${headRows(table)}</thead>${sections.join('')}</table></div>` +
    paragraphs([...table.notes, ...table.protocol], 'secondary')
  )
}

const list = (lines: readonly string[]): string =>
  lines.length === 0
    ? `<p>${NONE}</p>`
    : `<ul class="plain">${lines.map(line => `<li>${escapeMarkup(line)}</li>`).join('')}</ul>`

function checkpoints({ rows }: ReproductionReport): string {
  const all = rows.flatMap(({ label, methodLabel, pretraining, training }) => [
    ...(pretraining ? [{ head: escapeMarkup(`${methodLabel ?? label}, pre-training`), training: pretraining }] : []),
    ...(training ? [{ head: escapeMarkup(label), training }] : []),
  ])
  const once = new Map(all.map(one => [one.training.run, one]))
  return `<details><summary>${once.size} trainings</summary>${checkpointTable([...once.values()])}</details>`
}

export function reportPage(report: ReproductionReport, figures: readonly ReportFigure[]): string {
  const drawn = (number: number) =>
    figures
      .filter(({ name }) => name.startsWith(`figure-${number}-`))
      .map(({ svg }) => `<figure class="scroll">${svg}</figure>`)
      .join('\n')
  const table = (one: Table | null) => (one ? tableMarkup(one) : '')
  const isDemo = report.request.demo !== undefined
  const [status, ...warnings] = statusSentences(report)
  const badges = [
    ...(report.origin === 'measured' ? [] : [report.origin.toUpperCase()]),
    ...(report.complete ? [] : ['INCOMPLETE']),
  ]
  const folds = report.folds.map(
    fold => `<details><summary>${escapeMarkup(fold.name)}</summary>${splitLists(fold)}</details>`,
  )
  const scored = report.rows.map(({ label, networkLabel, seed, fold, volumes }) => {
    const place = report.folds[fold]?.name ?? `fold ${fold}`
    return volumeDetails({ label: [label, networkLabel, `seed ${seed}`, place].filter(Boolean).join(', '), volumes })
  })
  const parts = [
    `<h1>${escapeMarkup(report.study)}${badges.map(badge).join('')}</h1>`,
    `<p class="secondary">${escapeMarkup(status)} ${RESEARCH_ONLY}</p>`,
    paragraphs(warnings, 'warning'),
    isDemo ? drawn(3) : '',
    '<h2>What came out</h2>',
    list(conclusions(report)),
    table(tableOne(report)),
    table(originalTable()),
    list(FACTS_AND_INFERENCES),
    table(pretextTable(report)),
    drawn(1),
    drawn(2),
    isDemo ? '' : drawn(3),
    table(tableTwo(report)),
    table(gainTable(report)),
    drawn(4),
    table(networkTable(report)),
    table(networkGainTable(report)),
    drawn(7),
    table(scratchTable(report)),
    table(fewLabelsTable(report)),
    drawn(5),
    table(milestoneTable(report)),
    drawn(6),
    '<h2>Reductions from the original settings</h2>',
    list(report.reductions),
    '<h2>Failed rows</h2>',
    list(report.failures.map(({ key, reason }) => `${key}: ${reason}`)),
    '<h2>Protocol</h2>',
    definitions([...protocolParts(report.protocol), ['Device', report.device]]),
    `<p>${escapeMarkup(volumesSentence(report))}</p>`,
    '<h2>Patients</h2>',
    ...folds,
    '<h2>Scores of each test volume</h2>',
    ...scored,
    '<h2>Checkpoints</h2>',
    checkpoints(report),
  ]
  return htmlDocument(
    `${report.study}: reproduction of the original work`,
    parts.filter(Boolean).join('\n'),
    report.remarks,
  )
}
