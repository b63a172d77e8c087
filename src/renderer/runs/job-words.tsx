/** The state of a job that goes on, in words. The command that starts a job folder can be copied. */
import type { RunJob } from '../../contract/execution.ts'
import { CopyAction } from '../app/copy-action.tsx'
import { splitCommand } from '../app/run-job.ts'
import style from './runs.module.css'

export function JobWords({ job }: { job: RunJob }) {
  const { sentence, command } = splitCommand(job)
  return (
    <div className={`${style.job} secondary`} role="status">
      {sentence}
      {command !== null && (
        <span className={style.command}>
          <code className="mono">{command}</code>
          <CopyAction value={command} label="Copy command" size="compact-xs" />
        </span>
      )}
    </div>
  )
}
