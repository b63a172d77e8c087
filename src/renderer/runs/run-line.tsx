/** A run in a list: colour, status as shape and word, what it is, how far. */

import type { RunStatus, RunView } from '../../contract/runs.ts'
import { runColour } from '../../presentation/colours.ts'
import { formatSsim } from '../../presentation/numbers.ts'
import { runLabel, STATUS_LABEL } from '../app/format.ts'
import { useLive } from '../app/live.ts'
import { clock, secondsLeft } from '../app/progress.ts'
import { jobWait, livingJob } from '../app/run-job.ts'
import { RUN_TYPE } from '../viewer/marks.ts'
import style from './run-line.module.css'

const SHAPE: Readonly<Record<RunStatus, string>> = {
  queued: '○',
  running: '▶',
  paused: '‖',
  finished: '✓',
  cancelled: '■',
  failed: '✕',
  interrupted: '⚠',
}

export const StatusMark = ({ status }: { status: RunStatus }) => (
  <span className={style.mark} data-status={status} title={STATUS_LABEL[status]} aria-hidden>
    {SHAPE[status]}
  </span>
)

/** It neither waits nor runs. */
export const ended = (run: RunView): boolean => run.status !== 'queued' && run.status !== 'running'

/** '42 %, 3:10 left', 'waits in Slurm', 'SSIM 0.716' (under a heading the number alone), or its status in words. */
export function RunState({ run, headed = false }: { run: RunView; headed?: boolean }) {
  const progress = useLive(state => state.progress[run.id])
  const stopping = useLive(state => state.stopping[run.id])
  if (stopping) return stopping
  if (run.elsewhere) return 'on another machine'
  const job = livingJob(run)
  const wait = job && jobWait(job)
  if (wait) return wait
  if (run.status === 'queued' && run.queuePosition) return `waiting, place ${run.queuePosition}`
  if (run.status === 'running') {
    if (progress?.waiting) return 'waiting'
    if (!progress?.steps) return 'starting'
    const left = secondsLeft(progress)
    return `${Math.floor((100 * progress.step) / progress.steps)} %${left === null ? '' : `, ${clock(left)} left`}`
  }
  if (run.status === 'finished' && run.metrics) return `${headed ? '' : 'SSIM '}${formatSsim(run.metrics.ssim)}`
  return STATUS_LABEL[run.status]
}

interface LineProps {
  readonly run: RunView
  readonly onOpen: () => void
  /** Onto a pane, once it has weights. */
  readonly draggable?: boolean
}

export function RunLine({ run, onOpen, draggable = false }: LineProps) {
  const drags = draggable && run.checkpoint !== null
  return (
    <button
      type="button"
      className={style.line}
      onClick={onOpen}
      title={run.reason ?? `${run.id} ${runLabel(run)}${drags ? '. Drag it onto a pane to show it there' : ''}`}
      draggable={drags}
      onDragStart={event => event.dataTransfer.setData(RUN_TYPE, run.id)}
    >
      <span className={style.swatch} style={{ background: runColour(run.id) }} />
      <StatusMark status={run.status} />
      <span className="truncate">
        {run.id} {runLabel(run)}
      </span>
      <span className={style.state}>
        <RunState run={run} headed />
      </span>
    </button>
  )
}
