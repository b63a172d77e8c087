/** A table of a reproduction before it is drawn: on screen, on a page, in Markdown, in a terminal. */

/** `loss` and `gain`: a verdict. `weak`: nothing was shown or reached. */
export type Emphasis = 'gain' | 'loss' | 'weak'

export interface Cell {
  readonly text: string
  /** Spread over trainings: '± 0.004'. */
  readonly spread?: string
  readonly notes?: readonly string[]
  readonly emphasis?: Emphasis
  /** What this cell adds to the hover note of its column. */
  readonly hover?: string
  /** The run behind the cell; the window opens it. */
  readonly run?: string
  /** A value with its interval, which the window draws beside the text. */
  readonly range?: { readonly mean: number; readonly interval: readonly [low: number, high: number] | null }
}

export interface Column<Item> {
  /** Heading over columns that stand side by side. */
  readonly group: string
  readonly name: string
  /** Names the column without its group. */
  readonly short: string
  /** Hover note: what the numbers depend on. */
  readonly title: string
  /** Words stand left, numbers right. */
  readonly words?: boolean
  /** In a terminal, columns of one group with this function stand below each other under the name of the group. */
  readonly fact?: (text: string) => string
  /** A terminal omits this column. */
  readonly aside?: boolean
  readonly cell: (item: Item) => Cell
}

export interface Row {
  readonly label: string
  readonly note: string | null
  /** The row is marked with the colour of this method. */
  readonly method: string | null
  /** The run behind the whole row, if there is one; the window opens it. */
  readonly run: string | null
  readonly cells: readonly Cell[]
  /** Makes one row for each training behind a mean, when the window asks; `null` for one training. */
  readonly parts: (() => readonly Row[]) | null
}

type Head = Omit<Column<never>, 'cell'>

export interface Table {
  readonly title: string
  /** Heading of the first column. */
  readonly head: string
  readonly columns: readonly Head[]
  readonly sections: readonly { readonly name: string | null; readonly rows: readonly Row[] }[]
  readonly notes: readonly string[]
  /** Protocol of the metrics, in words. */
  readonly protocol: readonly string[]
}

type Content<Item> = Pick<Table, 'title' | 'head' | 'notes' | 'protocol'> & {
  readonly columns: readonly Column<Item>[]
  readonly sections: readonly { readonly name: string | null; readonly items: readonly Item[] }[]
  readonly row: (item: Item) => Pick<Row, 'label' | 'note' | 'method'> & { readonly run?: string | null }
  readonly parts?: (item: Item) => readonly { readonly label: string; readonly item: Item }[]
}

/** `null` if no section has a row. */
export function tableOf<Item>({ sections, row, parts, ...rest }: Content<Item>): Table | null {
  const filled = sections.filter(({ items }) => items.length > 0)
  if (filled.length === 0) return null
  const bare = (item: Item): Row => ({
    run: null,
    ...row(item),
    cells: rest.columns.map(column => column.cell(item)),
    parts: null,
  })
  const whole = (item: Item): Row => {
    const some = parts?.(item) ?? []
    if (some.length === 0) return bare(item)
    return {
      ...bare(item),
      parts: () => some.map(part => ({ ...bare(part.item), label: part.label, note: null })),
    }
  }
  return { ...rest, sections: filled.map(({ name, items }) => ({ name, rows: items.map(whole) })) }
}

/** A column with one text per cell. */
export const plain = <Item>(
  name: string,
  title: string,
  text: (item: Item) => string,
  words = false,
): Column<Item> => ({
  group: '',
  name,
  short: name,
  title,
  words,
  cell: item => ({ text: text(item) }),
})

/** Columns side by side under one heading; a column without a heading is a group of one. */
export function columnGroups(columns: readonly Head[]): readonly { readonly name: string; readonly span: number }[] {
  return columns.reduce<{ name: string; span: number }[]>((groups, { group }) => {
    const last = groups.at(-1)
    if (group !== '' && last?.name === group) last.span++
    else groups.push({ name: group, span: 1 })
    return groups
  }, [])
}

/** Whether a column is the first under its heading. */
export const beginsGroup = (columns: readonly Head[], index: number): boolean =>
  columns[index].group === '' || columns[index].group !== columns[index - 1]?.group

export const hoverOf = (cell: Cell, { title }: Head): string => [title, cell.hover].filter(Boolean).join(' ')

/** The lines under a cell's text. */
export const smallLines = ({ spread, notes = [] }: Cell): readonly string[] => (spread ? [spread, ...notes] : notes)

/** '0.734 ± 0.004 (42 %, in 3 of 4)' */
export const onOneLine = ({ text, spread, notes }: Cell): string =>
  [text, spread, notes?.length ? `(${notes.join(', ')})` : null].filter(Boolean).join(' ')

/** 'Control (of SimCLR; n = 4)' */
export const nameOnOneLine = ({ label, note }: Row): string => (note ? `${label} (${note})` : label)

/** The notes below the tables of one page. A protocol is printed once, under the first table that has the protocol. */
export function notesBelow(tables: readonly Table[]): ReadonlyMap<Table, readonly string[]> {
  const printed = new Set<string>()
  return new Map(
    tables.map(table => {
      const protocol = table.protocol.filter(text => !printed.has(text))
      for (const text of protocol) printed.add(text)
      return [table, [...table.notes, ...protocol]]
    }),
  )
}
