/** Left of the panes: the study, its volumes, its runs. */
import { Button, Select } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useRef } from 'react'
import type { RunView } from '../../contract/runs.ts'
import type { Study, StudyVolume } from '../../contract/studies.ts'
import { ROLE_LABEL } from '../app/format.ts'
import { goToScreen } from '../app/navigation.ts'
import { useStudies } from '../app/queries.ts'
import { RunLine } from '../runs/run-line.tsx'
import { type Comparison, runsFor } from '../viewer/sources.ts'
import { Thumbnail } from '../viewer/thumbnail.tsx'
import { openStudy, openVolume } from '../viewer/view.ts'
import { FileName } from '../widgets/file-name.tsx'
import style from './navigation-panel.module.css'

/** Nothing of it depends on the slice. */
export const NavigationPanel = memo(function NavigationPanel({
  study,
  volume,
  runs,
}: Omit<Comparison, 'panes' | 'named'>) {
  const { data: studies } = useStudies()
  const own = study ? runsFor(study, runs).toReversed() : []
  return (
    <nav className={style.panel} aria-label="Study">
      <div className={style.head}>
        <Select
          aria-label="Study"
          data={(studies ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
          value={study ? String(study.id) : null}
          onChange={value => value && openStudy(Number(value))}
          allowDeselect={false}
        />
      </div>
      <VolumeList study={study} open={volume} />
      <section className={style.runs} aria-label="Runs of this study">
        <div className={style.heading}>
          <h2>Runs</h2>
          {own.some(run => run.metrics) && <span>SSIM in validation</span>}
        </div>
        <div className={style.runList}>
          {own.map(run => (
            <RunLine key={run.id} run={run} onOpen={() => showRun(run)} draggable />
          ))}
          {own.length === 0 && (
            <div className={style.none}>
              <p>No run on this study yet.</p>
              {study?.kind !== 'scans' && (
                <Button onClick={() => goToScreen('runs', 'pretrain')}>Pre-train a network</Button>
              )}
            </div>
          )}
        </div>
      </section>
    </nav>
  )
})

const showRun = (run: RunView) => goToScreen('runs', run.id)

const ROW = 44

function VolumeList({ study, open }: { study: Study | null; open: StudyVolume | null }) {
  const scroller = useRef<HTMLDivElement>(null)
  const volumes = study?.volumes ?? []
  const rows = useVirtualizer({
    count: volumes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 6,
  })
  return (
    <div ref={scroller} className={style.volumes}>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const volume = volumes[index]
          return (
            <button
              key={volume.id}
              type="button"
              className={style.volume}
              style={{ transform: `translateY(${start}px)` }}
              aria-current={volume.id === open?.id || undefined}
              onClick={() => openVolume(study!.id, volume)}
            >
              <Thumbnail volume={volume} size={36} />
              <span className={style.volumeText}>
                <span className={style.volumeFile} title={volume.file}>
                  <FileName name={volume.file} />
                </span>
                <span className="secondary truncate">
                  {study!.kind === 'scans' ? '' : `${ROLE_LABEL[volume.role]} · `}
                  {volume.slices} slices{volume.targetShape ? '' : ' · no ground truth'}
                </span>
              </span>
            </button>
          )
        })}
      </div>
      {study && volumes.length === 0 && <p className={style.none}>This study has no volume that can be used.</p>}
    </div>
  )
}
