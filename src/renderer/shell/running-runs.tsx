/** The running trainings in the bottom line: one with its pace, several with their shares. */
import { Button, Progress } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { RunView } from '../../contract/runs.ts'
import { runColour } from '../../presentation/colours.ts'
import { runLabel } from '../app/format.ts'
import { useLive } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { clock, longestLeft, type RunProgress, secondsLeft, secondsPerStep } from '../app/progress.ts'
import { useRuns } from '../app/queries.ts'
import { jobWait, livingJob } from '../app/run-job.ts'
import { PauseButton } from '../widgets/pause-button.tsx'
import style from './status-line.module.css'

/** The run waits in the queue of the window. A job that waits in Slurm is not counted here. */
const waitsHere = (run: RunView) => run.status === 'queued' && livingJob(run) === null && !run.elsewhere

export function RunningRuns() {
  const { data: runs = [] } = useRuns()
  const running = runs.filter(({ status, elsewhere }) => status === 'running' && !elsewhere)
  const waiting = runs.filter(waitsHere).length
  if (running.length === 0) return null
  return running.length === 1 ? (
    <OneRun run={running[0]} waiting={waiting} />
  ) : (
    <SeveralRuns {...{ running, waiting }} />
  )
}

/** 'epoch 3/10, 0.12 s/step, 3:10 left', or what the training waits for */
function inWords(run: RunView, progress: RunProgress | undefined): string {
  const job = livingJob(run)
  const waits = progress?.waiting ?? (job && jobWait(job))
  if (waits) return waits
  if (!progress?.steps) return 'starting'
  const left = secondsLeft(progress)
  const pace = secondsPerStep(progress)
  return [
    `epoch ${Math.max(1, progress.epoch)}/${progress.epochs || run.epochs.planned}`,
    pace && `${pace.toFixed(2)} s/step`,
    left && `${clock(left)} left`,
  ]
    .filter(Boolean)
    .join(', ')
}

const shareOf = (progress: RunProgress | undefined) => (progress?.steps ? progress.step / progress.steps : 0)

const Swatch = ({ run }: { run: string }) => <span className={style.swatch} style={{ background: runColour(run) }} />

function OneRun({ run, waiting }: { run: RunView; waiting: number }) {
  const progress = useLive(state => state.progress[run.id])
  const stopping = useLive(state => state.stopping[run.id])
  return (
    <span className={style.work}>
      <Swatch run={run.id} />
      <button
        type="button"
        className={style.link}
        data-waiting={progress?.waiting ? '' : undefined}
        onClick={() => goToScreen('runs', run.id)}
      >
        Run {run.id}, {runLabel(run)}: {inWords(run, progress)}
        {waiting > 0 && `; ${waiting} waiting`}
      </button>
      <Progress className={style.bar} size="xs" value={100 * shareOf(progress)} aria-label={`Run ${run.id}`} />
      {stopping ? (
        <Button size="compact-xs" disabled>
          {stopping}
        </Button>
      ) : (
        <PauseButton run={run} size="compact-xs">
          Pause
        </PauseButton>
      )}
    </span>
  )
}

const NARROW = '(max-width: 1199px)'

function SeveralRuns({ running, waiting }: { running: readonly RunView[]; waiting: number }) {
  const progresses = useLive(state => state.progress)
  const left = longestLeft(
    running.map(({ id }) => id),
    progresses,
  )
  /** Runs that have their own place in the line. The other runs are counted. */
  const shown = useMediaQuery(NARROW, matchMedia(NARROW).matches) ? 1 : 3
  const more = running.length - shown
  return (
    <span className={style.several}>
      {running.slice(0, shown).map(run => {
        const progress = progresses[run.id]
        const share = 100 * shareOf(progress)
        const text = `Run ${run.id}: ${progress?.steps ? `${Math.floor(share)} %` : 'starting'}`
        const title = `${text}, ${runLabel(run)}, ${inWords(run, progress)}`
        return (
          <button
            key={run.id}
            type="button"
            className={style.shared}
            title={title}
            aria-label={title}
            data-waiting={progress?.waiting ? '' : undefined}
            onClick={() => goToScreen('runs', run.id)}
          >
            <Swatch run={run.id} />
            {text}
            <Progress className={style.shortBar} size="xs" value={share} aria-hidden />
          </button>
        )
      })}
      <button type="button" className={style.link} onClick={() => goToScreen('runs')}>
        {[
          more > 0 ? `${more} more` : `${running.length} trainings`,
          left !== null && `${clock(left)} left`,
          waiting > 0 && `${waiting} waiting`,
        ]
          .filter(Boolean)
          .join(', ')}
      </button>
    </span>
  )
}
