/** Measures works, also if one of them fails. */
import { type Check, formatCheck, formatRows, type Row } from './report.ts'
import type { Bench, Outcome, Work } from './works/work.ts'

/** A work that was not measured. */
interface Left {
  readonly work: string
  readonly reason: string
}

/** The outcome of a work that threw. The other works are still measured. */
const failure = (error: unknown): Outcome => ({
  checks: [],
  rows: [],
  failed: error instanceof Error ? error.message : String(error),
})

/** Measures one work after another. */
export async function measureAll(works: readonly Work[], bench: Bench) {
  const { say } = bench
  const checks: Check[] = []
  const rows: Row[] = []
  const skipped: Left[] = []
  const failed: Left[] = []
  for (const work of works) {
    say(`${work.name} …`)
    const outcome = await work.measure(bench).catch(failure)
    for (const check of outcome.checks) say(formatCheck(check))
    if (outcome.rows.length > 0) say(formatRows(outcome.rows)) // A whole bench is long, so each work shows its rows.
    checks.push(...outcome.checks)
    rows.push(...outcome.rows)
    if (outcome.skipped) skipped.push({ work: work.label, reason: outcome.skipped })
    if (outcome.failed) {
      say(`This failed: ${outcome.failed}`)
      failed.push({ work: work.label, reason: outcome.failed })
    }
  }
  return { rows, checks, skipped, failed }
}
