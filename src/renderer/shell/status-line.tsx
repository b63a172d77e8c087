/** The bottom line: what computes, what it does, how long it still takes, and that this is for research. */
import { Button, Progress, Tooltip } from '@mantine/core'
import { useEffect, useState } from 'react'
import { runColour } from '../../presentation/colours.ts'
import { formatDone } from '../../presentation/numbers.ts'
import { gigabytes, runLabel } from '../app/format.ts'
import { useLive } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { clock, secondsLeft, secondsPerStep } from '../app/progress.ts'
import { useRuns } from '../app/queries.ts'
import { pauseRun } from '../app/run-actions.ts'
import { useWorks, workSecondsLeft } from '../app/works.ts'
import style from './status-line.module.css'

export function StatusLine() {
  return (
    <footer className={style.line}>
      <EngineText />
      <span className={style.middle}>
        <Works />
        <RunningRun />
      </span>
      <Tooltip label="Nothing here has been cleared for diagnosis or treatment.">
        <span className={style.notice}>Research use only. Not a medical device.</span>
      </Tooltip>
    </footer>
  )
}

function EngineText() {
  const { connected, engine } = useLive()
  const { data: runs } = useRuns()
  // Both have their own place.
  const working = useWorks(state => state.works.length > 0)
  const training = runs?.some(({ status }) => status === 'running')
  if (!connected)
    return (
      <span className={style.warning} role="status">
        {engine ? 'The host does not answer. Trying again …' : 'Connecting …'}
      </span>
    )
  if (!engine?.installed) {
    return (
      <span className={style.warning}>
        The engine is not installed.
        <Button size="compact-xs" ml={8} onClick={() => goToScreen('settings')}>
          Install engine
        </Button>
      </span>
    )
  }
  const { installed, device, threads, residentBytes, doing } = engine
  const where = device ?? (installed.variant === 'cuda' ? 'CUDA build' : 'CPU')
  return (
    <span className={style.engine}>
      TensorFlow {installed.tensorflow} · {where}, {threads} threads · {gigabytes(residentBytes)}
      {!training && !working && <span className="secondary"> · {doing ?? 'idle'}</span>}
    </span>
  )
}

function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

function Works() {
  const works = useWorks(state => state.works)
  const now = useNow(1000)
  return works.map(work => {
    const { id, title, unit, progress, cancelling, cancel } = work
    const left = workSecondsLeft(work, now)
    const share = progress && progress.total > 0 ? progress.done / progress.total : null
    return (
      <span key={id} className={style.work}>
        <span className="truncate" title={title}>
          {title}
        </span>
        {progress && progress.total > 0 && (
          <span className={style.figures}>
            {formatDone(progress, unit)}
            {left !== null && `, ${clock(left)} left`}
          </span>
        )}
        <Progress
          className={style.bar}
          size="xs"
          value={(share ?? 1) * 100}
          animated={share === null}
          aria-label={title}
        />
        <Button size="compact-xs" onClick={cancel} disabled={cancelling}>
          {cancelling ? 'Cancelling…' : 'Cancel'}
        </Button>
      </span>
    )
  })
}

function RunningRun() {
  const { data: runs } = useRuns()
  const progresses = useLive(state => state.progress)
  const stopping = useLive(state => state.stopping)
  const run = runs?.find(({ status }) => status === 'running')
  if (!run) return null
  const progress = progresses[run.id]
  const left = progress && secondsLeft(progress)
  const pace = progress && secondsPerStep(progress)
  const waiting = runs?.filter(({ status }) => status === 'queued').length ?? 0
  return (
    <span className={style.work}>
      <span className={style.swatch} style={{ background: runColour(run.id) }} />
      <button
        type="button"
        className={style.link}
        data-waiting={progress?.waiting ? '' : undefined}
        onClick={() => goToScreen('runs', run.id)}
      >
        Run {run.id}, {runLabel(run)}:{' '}
        {progress?.waiting
          ? progress.waiting
          : progress?.steps
            ? [
                `epoch ${Math.max(1, progress.epoch)}/${progress.epochs || run.epochs.planned}`,
                pace && `${pace.toFixed(2)} s/step`,
                left && `${clock(left)} left`,
              ]
                .filter(Boolean)
                .join(', ')
            : 'starting'}
        {waiting > 0 && `; ${waiting} waiting`}
      </button>
      <Progress
        className={style.bar}
        size="xs"
        value={progress?.steps ? (100 * progress.step) / progress.steps : 0}
        aria-label={`Run ${run.id}`}
      />
      {stopping[run.id] ? (
        <Button size="compact-xs" disabled>
          {stopping[run.id]}
        </Button>
      ) : (
        <Button size="compact-xs" onClick={() => pauseRun(run)}>
          Pause
        </Button>
      )}
    </span>
  )
}
