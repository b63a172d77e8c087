/** The trainings and rows of a reproduction that go on at present, if there are several. */
import { Progress } from '@mantine/core'
import type { Reproduction, ReproductionPart } from '../../contract/reproduction.ts'
import type { RunView } from '../../contract/runs.ts'
import { goToScreen } from '../app/navigation.ts'
import { useRuns } from '../app/queries.ts'
import { jobWait, livingJob } from '../app/run-job.ts'
import style from './parts.module.css'

/** A list with a line for each part. With many jobs the list scrolls. */
export function SeveralParts({ parts }: { parts: Reproduction['current'] }) {
  const { data: runs = [] } = useRuns()
  if (parts.length < 2) return null
  return (
    <ul className={style.parts} aria-label="What goes on">
      {parts.map((part, i) => (
        <Part key={part.run ?? `${part.label} ${i}`} part={part} run={runs.find(({ id }) => id === part.run)} />
      ))}
    </ul>
  )
}

function Part({ part: { label, run: id, share, waits }, run }: { part: ReproductionPart; run: RunView | undefined }) {
  const job = run && livingJob(run)
  const wait = job && jobWait(job)
  return (
    <li className={style.part}>
      <span className="truncate" title={label}>
        {label}
      </span>
      <Progress size="xs" value={100 * (share ?? 0)} aria-label={label} />
      <span className={style.share}>
        {wait ?? (waits ? 'waits' : share === null ? '' : `${Math.floor(100 * share)} %`)}
      </span>
      {id !== null && (
        <button type="button" className={style.link} onClick={() => goToScreen('runs', id)}>
          Run {id}
        </button>
      )}
    </li>
  )
}
