/** The bottom line: what computes, what it does, how long it still takes, and that this is for research. */
import { Button, Popover, Progress, Tooltip } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import type { EngineState } from '../../contract/engine.ts'
import { gigabytes } from '../../presentation/devices.ts'
import { formatDone } from '../../presentation/numbers.ts'
import { devicesInWords, hasDetails, jobsInWords } from '../app/devices.ts'
import { useLive } from '../app/live.ts'
import { goToScreen } from '../app/navigation.ts'
import { clock } from '../app/progress.ts'
import { useRuns } from '../app/queries.ts'
import { useWorks, workSecondsLeft } from '../app/works.ts'
import { DeviceTable } from './device-table.tsx'
import { RunningRuns } from './running-runs.tsx'
import style from './status-line.module.css'

export function StatusLine() {
  return (
    <footer className={style.line}>
      <EngineText />
      <span className={style.middle}>
        <Works />
        <RunningRuns />
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
  const where =
    devicesInWords(engine) ?? `${device ?? (installed.variant === 'cuda' ? 'CUDA build' : 'CPU')}, ${threads} threads`
  const jobs = jobsInWords(engine)
  return (
    <span className={style.engine}>
      <Details engine={engine}>
        TensorFlow {installed.tensorflow} · {where} · {gigabytes(residentBytes)}
        {jobs && ` · ${jobs}`}
      </Details>{' '}
      {!training && !working && !jobs && <span className="secondary">· {doing ?? 'idle'}</span>}
    </span>
  )
}

/** The words, which open the list of all devices if there is more to say. */
function Details({ engine, children }: { engine: EngineState; children: ReactNode }) {
  const [opened, setOpened] = useState(false)
  if (!hasDetails(engine)) return <span className="truncate">{children}</span>
  return (
    <Popover opened={opened} onChange={setOpened} position="top-start" trapFocus returnFocus shadow="md">
      <Popover.Target>
        <button type="button" className={`${style.details} truncate`} onClick={() => setOpened(!opened)}>
          {children}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <DeviceTable engine={engine} onLeave={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
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
