/** The state of a job that goes on, in words. The command that starts a job folder can be copied. */
import { Button, CopyButton } from '@mantine/core'
import type { RunJob } from '../../contract/execution.ts'
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
          <CopyButton value={command}>
            {({ copied, copy }) => (
              <Button size="compact-xs" onClick={copy}>
                {copied ? 'Copied' : 'Copy command'}
              </Button>
            )}
          </CopyButton>
        </span>
      )}
    </div>
  )
}
