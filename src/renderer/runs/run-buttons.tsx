/** What can be done with a run. */
import { Button, Tooltip } from '@mantine/core'
import type { RunView } from '../../contract/runs.ts'
import { useLive } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { useStudies } from '../app/queries.ts'
import { cancelRun, fineTune, runAgain } from '../app/run-actions.ts'
import { jobName, livingJob } from '../app/run-job.ts'
import { openStudy, showSource } from '../viewer/view.ts'
import { PauseButton } from '../widgets/pause-button.tsx'
import style from './runs.module.css'

/** A run that waits without a job is only cancelled. */
export function StopButtons({ run }: { run: RunView }) {
  const stopping = useLive(state => state.stopping[run.id])
  if (stopping) return <Button disabled>{stopping}</Button>
  const job = livingJob(run)
  const cancel = <Button onClick={() => cancelRun(run)}>{job ? 'Cancel run and job' : 'Cancel run'}</Button>
  return (
    <>
      <PauseButton run={run}>Pause run</PauseButton>
      {job ? <Tooltip label={`The ${jobName(job)} is cancelled too.`}>{cancel}</Tooltip> : cancel}
    </>
  )
}

/** After it ran out of memory: the same step in smaller parts. */
export function SmallerBatch({ run, suggestion }: { run: RunView; suggestion: NonNullable<RunView['suggestion']> }) {
  const { batch, accumulate } = suggestion
  return (
    <Tooltip
      label={
        accumulate > 1
          ? 'Averages the gradients of smaller batches into one step, which needs less memory. With batch norm ' +
            '(U-Net++) the result can differ.'
          : 'A smaller batch needs less memory. The result can differ, because the method compares the samples ' +
            'of a batch.'
      }
    >
      <Button variant="filled" onClick={() => runAgain(run, suggestion)}>
        Try again with batch {batch}
        {accumulate > 1 && `, ${accumulate} gradients per step`}
      </Button>
    </Tooltip>
  )
}

/** Weights kept at epochs that the recipe names; fine-tuning may start from each. */
export function Milestones({ run }: { run: RunView }) {
  return (
    <p className={style.buttons}>
      <span className="secondary">Fine-tune from epoch</span>
      {run.milestones.map(epoch => (
        <Button key={epoch} size="compact-xs" onClick={() => fineTune(run, true, epoch)}>
          {epoch}
        </Button>
      ))}
      <span className="secondary">(with control)</span>
    </p>
  )
}

export function CompareButton({ run }: { run: RunView }) {
  const { data: studies } = useStudies()
  const study = studies?.find(({ name }) => name === run.study)
  if (!run.checkpoint || !study) return null
  const show = () => {
    openStudy(study.id)
    const slot = run.kind === 'finetune' ? 'fine-tuned' : run.kind === 'train' ? 'baseline' : 'pretrained'
    showSource(slot, `run:${run.id}`)
    goToScreen('compare')
  }
  return <Button onClick={show}>Compare images</Button>
}
