/** Measures works, also if one of them fails. */
import { type Check, formatCheck, formatRows, type Row } from './report.ts'
import { type Bench, type Left, messageOf, type Outcome, type Work } from './works/work.ts'

/** Measures one work after another. */
export async function measureAll(works: readonly Work[], bench: Bench) {
  const { say } = bench
  const checks: Check[] = []
  const rows: Row[] = []
  const skipped: Left[] = []
  const failed: Left[] = []
  for (const work of works) {
    say(`${work.name} …`)
    const failure = (error: unknown): Outcome => ({
      checks: [],
      rows: [],
      failed: [{ work: work.label, reason: messageOf(error) }],
    })
    const outcome = await work.measure(bench).catch(failure)
    for (const check of outcome.checks) say(formatCheck(check))
    if (outcome.rows.length > 0) say(formatRows(outcome.rows)) // A whole bench is long, so each work shows its rows.
    checks.push(...outcome.checks)
    rows.push(...outcome.rows)
    if (outcome.skipped) skipped.push({ work: work.label, reason: outcome.skipped })
    for (const { work, reason } of outcome.failed ?? []) say(`This failed: ${work}: ${reason}`)
    failed.push(...(outcome.failed ?? []))
  }
  return { rows, checks, skipped, failed }
}
