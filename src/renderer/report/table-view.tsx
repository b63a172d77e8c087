/** Draws a table of a reproduction with the cells of the saved page. A row unfolds its trainings and opens its run. */
import { type ReactNode, useState } from 'react'
import { methodColour } from '../../presentation/colours.ts'
import { NONE } from '../../presentation/numbers.ts'
import {
  beginsGroup,
  type Cell,
  columnGroups,
  hoverOf,
  type Row,
  smallLines,
  type Table,
} from '../../presentation/table.ts'
import { Interval, scaleOf } from './interval.tsx'
import style from './table-view.module.css'

interface Props {
  readonly table: Table
  /** Paragraphs below the table. */
  readonly notes: readonly string[]
  /** Ids of all methods of the catalogue. A method's colour follows its place in this list. */
  readonly methods: readonly string[]
  readonly onRun: (run: string) => void
}

export function TableView({ table, notes, methods, onRun }: Props) {
  const { title, columns, sections } = table
  const scale = scaleOf(sections.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells)))
  const drawing: Drawing = { columns, methods, onRun, scale }
  return (
    <div className={style.stack}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls a table wider than the page */}
      <section className={style.wrapper} tabIndex={0} aria-label={title}>
        <table className={style.table}>
          <caption>{title}</caption>
          <Heads table={table} />
          {sections.map(({ name, rows }) => (
            <tbody key={name ?? ''}>
              {name !== null && (
                <tr className={style.network}>
                  <th scope="rowgroup" colSpan={columns.length + 1}>
                    {name}
                  </th>
                </tr>
              )}
              {rows.map((row, i) => (
                <Lines key={`${row.label} ${row.method} ${i}`} row={row} drawing={drawing} />
              ))}
            </tbody>
          ))}
        </table>
      </section>
      {notes.map(note => (
        <p key={note} className={style.note}>
          {note}
        </p>
      ))}
    </div>
  )
}

interface Drawing extends Pick<Table, 'columns'>, Pick<Props, 'methods' | 'onRun'> {
  readonly scale: (value: number) => number
}

function Heads({ table: { columns, head } }: { table: Table }) {
  const groups = columnGroups(columns)
  return (
    <thead>
      {groups.some(({ name }) => name !== '') && (
        <tr>
          <td />
          {groups.map(({ name, span }, i) => {
            const key = `${name} ${i}`
            if (name === '') return <td key={key} colSpan={span} />
            return (
              <th key={key} scope="colgroup" colSpan={span} className={style.group}>
                {name}
              </th>
            )
          })}
        </tr>
      )}
      <tr>
        <th scope="col">{head}</th>
        {columns.map((column, i) => (
          <th key={`${column.short} ${i}`} scope="col" className={placeOf(columns, i)} title={column.title}>
            {column.name}
          </th>
        ))}
      </tr>
    </thead>
  )
}

/** Words are left-aligned, numbers right-aligned. The first column of a group has more space at its left. */
const placeOf = (columns: Table['columns'], i: number): string =>
  [columns[i].words && style.words, beginsGroup(columns, i) && style.start].filter(Boolean).join(' ')

/** A row. When unfolded, the trainings whose mean the row shows. */
function Lines({ row, drawing }: { row: Row; drawing: Drawing }) {
  const [open, setOpen] = useState(false)
  const unfolds = row.parts !== null
  const name = (
    <>
      {row.label}
      <Swatch row={row} methods={drawing.methods} />
    </>
  )
  const label = unfolds ? (
    <button type="button" className={style.label} aria-expanded={open} onClick={() => setOpen(!open)}>
      <span className={style.chevron} aria-hidden />
      {name}
    </button>
  ) : (
    <RunLink run={row.run} onRun={drawing.onRun}>
      {name}
    </RunLink>
  )
  return (
    <>
      <tr>
        <th scope="row">
          {label}
          {row.note && <span className={style.second}>{row.note}</span>}
        </th>
        <Cells row={row} drawing={drawing} />
      </tr>
      {open &&
        row.parts?.().map(part => (
          <tr key={part.label} className={style.single}>
            <th scope="row">
              <RunLink run={part.run} onRun={drawing.onRun}>
                {part.label}
              </RunLink>
            </th>
            <Cells row={part} drawing={drawing} />
          </tr>
        ))}
    </>
  )
}

function Swatch({ row: { method }, methods }: { row: Row; methods: readonly string[] }) {
  const colour = method === null ? null : methodColour(method, methods)
  return colour && <span className={style.swatch} style={{ background: colour }} />
}

function RunLink(props: { run: string | null | undefined; onRun: (run: string) => void; children: ReactNode }) {
  const { run, onRun, children } = props
  if (!run) return <span className={style.label}>{children}</span>
  return (
    <button type="button" className={style.label} title={`Open run ${run}`} onClick={() => onRun(run)}>
      {children}
    </button>
  )
}

const Cells = ({ row: { cells }, drawing }: { row: Row; drawing: Drawing }) =>
  cells.map((cell, i) => (
    <td
      key={i}
      className={placeOf(drawing.columns, i)}
      title={hoverOf(cell, drawing.columns[i])}
      data-emphasis={cell.text === NONE ? 'weak' : cell.emphasis}
    >
      <Content cell={cell} drawing={drawing} />
    </td>
  ))

const Content = ({ cell, drawing: { onRun, scale } }: { cell: Cell; drawing: Drawing }) => (
  <>
    {cell.run ? (
      <RunLink run={cell.run} onRun={onRun}>
        {cell.text}
      </RunLink>
    ) : (
      cell.text
    )}
    {smallLines(cell).map(line => (
      <span key={line} className={style.second}>
        {line}
      </span>
    ))}
    {cell.range && <Interval {...cell.range} scale={scale} />}
  </>
)
