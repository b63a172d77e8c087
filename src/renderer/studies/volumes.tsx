/** The volumes of a study: each with what is known of it. */

import { Button } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { originsOf } from '../../contract/origin.ts'
import type { Study, StudyView, StudyVolume } from '../../contract/studies.ts'
import { samplingInWords, truthInWords } from '../../contract/volumes.ts'
import { NONE } from '../../presentation/numbers.ts'
import { matrix, ROLE_LABEL } from '../app/format.ts'
import { goToScreen } from '../app/navigation.ts'
import { OriginBadge } from '../viewer/badges.tsx'
import { Thumbnail } from '../viewer/thumbnail.tsx'
import { openVolume } from '../viewer/view.ts'
import { FileName } from '../widgets/file-name.tsx'
import { removeScan } from './actions.ts'
import { StateMark } from './files.tsx'
import { Flags } from './flags.tsx'
import style from './studies.module.css'

const COLUMNS = ['', 'File', 'Role', 'Acquisition', 'Slices', 'Coils', 'Matrix', 'Truth', 'Flags', 'Sampling'] as const

/** The origin is said once, if every volume has the same. */
export const isOfOneOrigin = ({ volumes }: Study) => originsOf(volumes).length === 1

const ROW = 48

export function Volumes({ study }: { study: StudyView }) {
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: study.volumes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  })
  if (study.volumes.length === 0) {
    return <p className={style.none}>No volume here yet. Drop files of k-space on the window.</p>
  }
  return (
    <div ref={scroller} className={style.volumes}>
      <table className={style.table} aria-rowcount={study.volumes.length} aria-label="Volumes">
        <thead className={style.columns}>
          <tr className={style.columnsRow}>
            {COLUMNS.map(column => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => (
            <VolumeRow key={study.volumes[index].id} study={study} volume={study.volumes[index]} start={start} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function VolumeRow({ study, volume, start }: { study: StudyView; volume: StudyVolume; start: number }) {
  const open = () => {
    openVolume(study.id, volume)
    goToScreen('compare')
  }
  return (
    <tr className={style.volume} style={{ transform: `translateY(${start}px)` }}>
      <td>
        <Thumbnail volume={volume} size={40} />
      </td>
      <td className={style.file}>
        <button type="button" className={style.open} onClick={open} title={volume.path}>
          <FileName name={volume.file} />
        </button>
        {!isOfOneOrigin(study) && <OriginBadge origin={volume.origin} />}
        <StateMark state={study.states[volume.id]} />
      </td>
      <td>{study.kind === 'scans' ? NONE : ROLE_LABEL[volume.role]}</td>
      <td className="truncate" title={volume.acquisition ?? undefined}>
        {volume.acquisition ?? NONE}
      </td>
      <td>{volume.slices}</td>
      <td>{volume.coils}</td>
      <td className={style.matrix}>{matrix(volume)}</td>
      <td>{truthInWords(volume)}</td>
      <td>
        <Flags volume={volume} />
      </td>
      <td className={style.sampling}>
        <span className={style.samplingWords} title={samplingInWords(volume)}>
          {samplingInWords(volume)}
        </span>
        {study.kind === 'scans' && (
          <Button size="compact-xs" onClick={() => removeScan(volume)} aria-label={`Remove ${volume.file} from list`}>
            Remove
          </Button>
        )}
      </td>
    </tr>
  )
}
