/** The findings and tables of a reproduction, in the order of the saved page. */
import { Fragment } from 'react'
import { FACTS_AND_INFERENCES } from '../../contract/original.ts'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { conclusions } from '../../presentation/findings.ts'
import { gainTable } from '../../presentation/gains.ts'
import { tableOne, tableTwo } from '../../presentation/headline-tables.ts'
import { networkGainTable, networkTable } from '../../presentation/networks.ts'
import { originalTable, pretextTable } from '../../presentation/side-tables.ts'
import { notesBelow } from '../../presentation/table.ts'
import { fewLabelsTable, milestoneTable, scratchTable } from '../../presentation/ways.ts'
import { TableView } from './table-view.tsx'
import style from './tables.module.css'

interface Props {
  readonly report: ReproductionReport
  /** Ids of all methods of the catalogue. */
  readonly methods: readonly string[]
  readonly onRun: (run: string) => void
}

export function ReproductionTables({ report, methods, onRun }: Props) {
  const original = originalTable()
  const tables = [
    tableOne(report),
    original,
    pretextTable(report),
    tableTwo(report),
    gainTable(report),
    networkTable(report),
    networkGainTable(report),
    scratchTable(report),
    fewLabelsTable(report),
    milestoneTable(report),
  ].filter(table => table !== null)
  return (
    <>
      <section className={style.findings} aria-label="What came out">
        <h3>What came out</h3>
        <Lines lines={conclusions(report)} />
      </section>
      {[...notesBelow(tables)].map(([table, notes]) => (
        <Fragment key={table.title}>
          <TableView {...{ table, notes, methods, onRun }} />
          {table === original && (
            <details className={style.details}>
              <summary>What the original work states, and what we infer</summary>
              <Lines lines={FACTS_AND_INFERENCES} />
            </details>
          )}
        </Fragment>
      ))}
    </>
  )
}

const Lines = ({ lines }: { lines: readonly string[] }) => (
  <ul>
    {lines.map(line => (
      <li key={line}>{line}</li>
    ))}
  </ul>
)
