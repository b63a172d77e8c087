/** Runs: the list, several runs' curves overlaid, what differs between them, and one run's page. */
import { ActionIcon, Button, Checkbox, Menu, Tooltip } from '@mantine/core'
import { IconChevronDown, IconChevronUp, IconPlus, IconUpload } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import type { RunView } from '../../contract/runs.ts'
import { runColour } from '../../presentation/colours.ts'
import { runLabel } from '../app/format.ts'
import { useLive } from '../app/live.ts'
import { goToScreen, useScreen } from '../app/navigation.ts'
import { useRuns } from '../app/queries.ts'
import { moveRun } from '../app/run-actions.ts'
import { placeOf } from '../app/run-job.ts'
import { CheckpointImport } from './checkpoint-import.tsx'
import { CurvesPanel } from './curves-panel.tsx'
import { RunState, StatusMark } from './run-line.tsx'
import { RunPage } from './run-page.tsx'
import style from './runs.module.css'
import { StartForm } from './start-form.tsx'

export function Runs() {
  const { data: runs } = useRuns()
  const detail = useScreen(state => state.detail)
  const [overlaid, setOverlaid] = useState<ReadonlySet<string>>(new Set())
  const [importing, setImporting] = useState(false)
  const form = detail === 'baseline' || detail === 'pretrain' ? detail : null
  const open = runs?.find(({ id }) => id === detail) ?? (form ? null : (runs?.at(-1) ?? null))
  const shown = [...new Set([...(open ? [open.id] : []), ...overlaid])]
  const toggle = (run: string) =>
    setOverlaid(before => {
      const next = new Set(before)
      if (!next.delete(run)) next.add(run)
      return next
    })

  return (
    <div className={style.screen}>
      <section className={style.list} aria-label="Runs">
        <header className={style.head}>
          <h1>Runs</h1>
          <span className={style.spacer} />
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="filled" rightSection={<IconChevronDown size={14} />}>
                New run
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPlus size={14} />} onClick={() => goToScreen('runs', 'pretrain')}>
                Pre-training…
              </Menu.Item>
              <Menu.Item leftSection={<IconPlus size={14} />} onClick={() => goToScreen('runs', 'baseline')}>
                Baseline from scratch…
              </Menu.Item>
              <Menu.Item leftSection={<IconUpload size={14} />} onClick={() => setImporting(true)}>
                Import a checkpoint…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </header>
        <div className={style.rows}>
          {runs?.toReversed().map(run => (
            <Row
              key={run.id}
              run={run}
              // The run that waits one place before it.
              ahead={runs.find(other => other.queuePosition === (run.queuePosition ?? 0) - 1)?.id ?? null}
              open={run.id === open?.id}
              overlaid={shown.includes(run.id)}
              onToggle={() => toggle(run.id)}
            />
          ))}
          {runs?.length === 0 && <p className={style.none}>No run yet.</p>}
        </div>
      </section>
      <section className={style.main}>
        {runs && runs.length > 0 && <CurvesPanel shown={shown} runs={runs} />}
        {open && <RunPage key={open.id} run={open} />}
        {runs?.length === 0 && <FirstRun />}
      </section>
      <StartForm kind={form} onClose={() => goToScreen('runs')} />
      <CheckpointImport opened={importing} onClose={() => setImporting(false)} />
    </div>
  )
}

function FirstRun() {
  return (
    <div className={style.empty}>
      <h2>From sub-sampled images to a reconstruction</h2>
      <ol>
        <li>Pre-train a network on the sub-sampled images alone. No ground truth is needed.</li>
        <li>Fine-tune it with one click, together with a control without pre-training.</li>
        <li>Compare their images with a baseline from scratch, on patients that none of them was trained on.</li>
      </ol>
      <div className={style.buttons}>
        <Button onClick={() => goToScreen('runs', 'pretrain')}>Pre-train a network</Button>
        <Button onClick={() => goToScreen('runs', 'baseline')}>Train a baseline</Button>
      </div>
    </div>
  )
}

function Row(props: { run: RunView; ahead: string | null; open: boolean; overlaid: boolean; onToggle: () => void }) {
  const { run, ahead, open, overlaid, onToggle } = props
  const row = useRef<HTMLDivElement>(null)
  const place = useLive(({ engine }) => placeOf(run, engine))
  useEffect(() => {
    if (open) row.current?.scrollIntoView({ block: 'nearest' })
  }, [open])
  return (
    <div ref={row} className={style.row} data-open={open || undefined} data-run={run.id} data-status={run.status}>
      <Checkbox
        aria-label={`Overlay run ${run.id}`}
        checked={overlaid}
        disabled={open}
        onChange={onToggle}
        color={runColour(run.id)}
      />
      <button type="button" className={style.rowButton} onClick={() => goToScreen('runs', run.id)}>
        <span className={style.swatch} style={{ background: runColour(run.id) }} />
        <span className={style.rowTitle}>
          <StatusMark status={run.status} />
          <span className="truncate">
            {run.id} · {runLabel(run)}
          </span>
          {place !== null && <span className={style.rowPlace}>{place}</span>}
        </span>
        <span className={`${style.rowStudy} truncate`} title={run.study}>
          {run.study}
          {run.contents === 'changed' && ', old contents'}
        </span>
        <span className={style.rowState}>
          <RunState run={run} />
        </span>
      </button>
      {run.queuePosition !== null && run.queuePosition > 1 && ahead && (
        <Tooltip label="Move ahead in the queue">
          <ActionIcon aria-label={`Move run ${run.id} ahead`} onClick={() => moveRun(run, ahead)}>
            <IconChevronUp size={14} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  )
}
