/** Tables and lists for a terminal. */
import Table from 'cli-table3'
import { wrapText } from './words.ts'

export const TABLE_COLUMNS = 112

/** Draws a table. Cells can have several lines. A row of one cell spans the table. */
export function drawTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  isLeft: (column: number) => boolean,
): string {
  const joint = { 'top-mid': '──', 'mid-mid': '──', 'bottom-mid': '──', middle: '  ' }
  const ends = ['top-left', 'top-right', 'left', 'left-mid', 'right', 'right-mid', 'bottom-left', 'bottom-right']
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (isLeft(column) ? 'left' : 'right')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: { ...joint, ...Object.fromEntries(ends.map(name => [name, ''])) },
  })
  for (const row of rows) table.push(row.length === 1 ? [{ content: row[0], colSpan: head.length }] : [...row])
  return table.toString().replace(/ +$/gm, '')
}

/** `  Name: fact, fact`, in lines of at most `columns` characters. */
export const factLines = (name: string, facts: readonly string[], columns: number): string[] =>
  wrapText(name === '' ? facts.join(', ') : `${name}: ${facts.join(', ')}`, columns - 2).map(line => `  ${line}`)

export const widthOf = (block: string): number => Math.max(...block.split('\n').map(line => line.length))
