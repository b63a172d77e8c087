/** For a run that a process of another machine has: the button that says that this process no longer exists. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import type { RunView } from '../../contract/runs.ts'
import { markEndedThere } from '../app/run-actions.ts'
import { FormDialog } from '../widgets/form-dialog.tsx'

export function EndedThere({ run, process }: { run: RunView; process: string }) {
  const [asks, setAsks] = useState(false)
  const submit = async () => {
    setAsks(false)
    await markEndedThere(run)
  }
  return (
    <>
      <Button onClick={() => setAsks(true)}>Mark as interrupted</Button>
      <FormDialog
        title={`Mark run ${run.id} as interrupted`}
        opened={asks}
        onClose={() => setAsks(false)}
        action="Mark as interrupted"
        onSubmit={submit}
      >
        <p>
          The profile says that {process} trains this run. This machine cannot see that process. Check on that machine
          that the process has ended. Then mark the run here, and resume it from its last state.
        </p>
        <p>If the process still trains, two programs write into the run’s folder, and the run’s files are damaged.</p>
      </FormDialog>
    </>
  )
}
