/** One run: what it is, what can be done with it, its validation slice after each epoch, what made it. */
import { Button, Tooltip } from '@mantine/core'
import { useEffect, useMemo } from 'react'
import type { RunView } from '../../contract/runs.ts'
import { runLabel, STATUS_LABEL } from '../app/format.ts'
import { takeProgress, useLive } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { showFeatures } from '../app/open-features.ts'
import { useRun } from '../app/queries.ts'
import { hideRun, resumeRun, runAgain } from '../app/run-actions.ts'
import { livingJob, placeOf } from '../app/run-job.ts'
import { FineTuneButton } from '../widgets/fine-tune.tsx'
import { EndedThere } from './ended-there.tsx'
import { Health } from './health.tsx'
import { JobWords } from './job-words.tsx'
import { Previews } from './previews.tsx'
import { CompareButton, Milestones, SmallerBatch, StopButtons } from './run-buttons.tsx'
import { RunFacts } from './run-facts.tsx'
import { ended, RunState, StatusMark } from './run-line.tsx'
import style from './runs.module.css'

/** What is to be known of the data that it was trained on. */
const CONTENTS: Readonly<Record<NonNullable<RunView['contents']>, string | null>> = {
  current: null,
  changed:
    'Files of the study have changed since this run was trained. The numbers of this run are of the old contents.',
  'not recorded':
    'The contents were not recorded, and files of the study were written after this run began. ' +
    'New reports do not use the numbers of this run.',
}

const resumptionInWords = ({ stateStep }: RunView): string =>
  `Continues ${stateStep === null ? 'from the start' : `after step ${stateStep}`}. ` +
  'The result is the same as without the stop. If the kernels have changed, last digits may differ, and a note says so.'

export function RunPage({ run }: { run: RunView }) {
  const { data: detail } = useRun(run.id)
  const job = livingJob(run)
  const device = useLive(({ engine }) => placeOf(run, engine))
  const progress = useLive(state => state.progress[run.id])
  const heard = progress !== undefined
  useEffect(() => {
    if (detail && run.status === 'running' && !heard) takeProgress(run.id, detail.events)
  }, [detail, run.status, run.id, heard])
  const previews = useMemo(
    () => (detail?.events ?? []).flatMap(({ event }) => (event.type === 'preview' ? [event] : [])),
    [detail],
  )
  return (
    <article className={style.page} aria-label={`Run ${run.id}`}>
      <header className={style.pageHead}>
        <h2>
          <StatusMark status={run.status} /> Run {run.id}, {runLabel(run)}:{' '}
          {ended(run) ? STATUS_LABEL[run.status] : <RunState run={run} />}
          {device !== null && !job && `, on ${device}`}
        </h2>
        {CONTENTS[run.contents ?? 'current'] && <p className={style.reason}>{CONTENTS[run.contents ?? 'current']}</p>}
        {run.reason && run.status !== 'finished' && <p className={style.reason}>{run.reason}</p>}
        {run.elsewhere && (
          <p className={style.reason}>
            This run belongs to {run.elsewhere}, which this machine cannot stop. Press Ctrl+C in that program.
          </p>
        )}
        {job && <JobWords job={job} />}
        {progress?.waiting && !ended(run) && (
          <p className={style.reason} role="status">
            {progress.waiting}
          </p>
        )}
        {detail?.notes
          .filter(({ level }) => run.kind !== 'pretrain' || level !== 'warning') // warnings are beside the figures
          .map(({ text }) => (
            <p key={text} className="secondary">
              {text}
            </p>
          ))}
        <div className={style.buttons}>
          <FineTuneButton run={run} />
          {run.elsewhere && <EndedThere run={run} process={run.elsewhere} />}
          {!ended(run) && !run.elsewhere && <StopButtons run={run} />}
          {run.resumable && (
            <Tooltip label={resumptionInWords(run)}>
              <Button
                variant={run.status === 'paused' || run.status === 'interrupted' ? 'filled' : 'default'}
                onClick={() => resumeRun(run)}
              >
                Resume run
              </Button>
            </Tooltip>
          )}
          {run.job && run.status !== 'finished' && (
            <Button onClick={() => goToScreen('settings', 'execution')}>Choose where trainings run</Button>
          )}
          {run.suggestion && <SmallerBatch run={run} suggestion={run.suggestion} />}
          <CompareButton run={run} />
          {run.checkpoint && <Button onClick={() => showFeatures(run.id)}>Show feature maps</Button>}
          {ended(run) && run.kind !== 'import' && <Button onClick={() => runAgain(run)}>Run again</Button>}
          {ended(run) && <Button onClick={() => hideRun(run)}>Remove from list</Button>}
        </div>
        {run.milestones.length > 0 && <Milestones run={run} />}
      </header>
      {detail && run.kind === 'pretrain' && <Health run={run} detail={detail} />}
      <Previews run={run} previews={previews} />
      <RunFacts run={run} environment={detail?.environment ?? {}} />
    </article>
  )
}
