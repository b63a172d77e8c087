/** Pauses a run that trains. The tooltip says what happens to its job. */
import { Button, type ButtonProps, Tooltip } from '@mantine/core'
import type { RunView } from '../../contract/runs.ts'
import { pauseRun } from '../app/run-actions.ts'
import { pauseInWords } from '../app/run-job.ts'

interface PauseProps {
  readonly run: RunView
  readonly size?: ButtonProps['size']
  readonly children: string
}

/** Nothing if the run has nothing to pause: a run that waits is cancelled, or moved in the queue. */
export function PauseButton({ run, size, children }: PauseProps) {
  const words = pauseInWords(run)
  if (words === null) return null
  return (
    <Tooltip label={words} multiline maw={320}>
      <Button size={size} onClick={() => pauseRun(run)}>
        {children}
      </Button>
    </Tooltip>
  )
}
