/** The study browser: studies, their volumes with what is known of each, and the files that could not be used. */
import { Button, Menu, Modal, NumberInput } from '@mantine/core'
import { useFileDialog } from '@mantine/hooks'
import { IconChevronDown, IconFileImport, IconFolderPlus, IconShape } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, useState } from 'react'
import type { Study, StudySummary, StudyView, StudyVolume } from '../../contract/studies.ts'
import { samplingInWords } from '../../contract/volumes.ts'
import { count, NONE } from '../../presentation/numbers.ts'
import { desktop } from '../app/client.ts'
import { goToScreen } from '../app/navigation.ts'
import { tellError } from '../app/notify.tsx'
import { useStudies, useStudyNow } from '../app/queries.ts'
import { fileOf, matrix, ROLE_LABEL, withoutUpload } from '../format.ts'
import { SyntheticBadge } from '../viewer/badges.tsx'
import { useOpenStudy } from '../viewer/open-study.ts'
import { Thumbnail } from '../viewer/thumbnail.tsx'
import { openStudy, openVolume } from '../viewer/view.ts'
import { FileName } from '../widgets/file-name.tsx'
import { HostPath } from '../widgets/host-path.tsx'
import { hideStudy, importFolder, removeScan, synthesizeKnee } from './actions.ts'
import { openFiles } from './bring.ts'
import { FilesNotice, ScanButton, StateMark } from './files.tsx'
import style from './studies.module.css'

export function Studies() {
  const { data: studies } = useStudies()
  const open = useOpenStudy()
  const [adding, setAdding] = useState(false)
  const [drawing, setDrawing] = useState(false)
  const { data: study } = useStudyNow(open)
  const add = async () => {
    if (!desktop) return setAdding(true)
    const path = await desktop.openFolder()
    if (path) void importFolder(path)
  }
  const scans = useFileDialog({
    multiple: true,
    accept: '.h5,.hdf5',
    resetOnOpen: true,
    onChange: files =>
      openFiles(
        [...(files ?? [])].map(file => ({ file, path: file.name })),
        null,
      ).catch(error => tellError(error, 'The files could not be opened')),
  })
  return (
    <div className={style.screen}>
      <section className={style.list} aria-label="Studies">
        <header className={style.head}>
          <h1>Studies</h1>
          <span className={style.spacer} />
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="filled" rightSection={<IconChevronDown size={14} />}>
                Add a study
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconFolderPlus size={14} />} onClick={add}>
                A folder of fastMRI files…
              </Menu.Item>
              <Menu.Item leftSection={<IconShape size={14} />} onClick={() => setDrawing(true)}>
                A synthetic knee…
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item leftSection={<IconFileImport size={14} />} onClick={scans.open}>
                New scans to reconstruct…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </header>
        <div className={style.studies}>
          {studies?.map(each => (
            <StudyLine key={each.id} study={each} open={each.id === open} />
          ))}
        </div>
        <p className={style.hint}>Drop a folder to add a study, or single files to reconstruct them.</p>
      </section>
      {study && <StudyPage study={study} />}
      <AddFolder opened={adding} onClose={() => setAdding(false)} />
      <SyntheticKnee opened={drawing} onClose={() => setDrawing(false)} />
    </div>
  )
}

function StudyLine({ study, open }: { study: StudySummary; open: boolean }) {
  return (
    <button
      type="button"
      className={style.study}
      aria-current={open || undefined}
      data-study={study.id}
      onClick={() => openStudy(study.id)}
    >
      <span className="truncate" title={study.name}>
        {study.name}
      </span>
      <span className={style.studyFacts}>
        <span className="secondary">{count(study.volumes, 'volume')}</span>
        {study.skipped > 0 && <span className={style.warning}>{study.skipped} not usable</span>}
        {study.synthetic && <SyntheticBadge />}
      </span>
    </button>
  )
}

const COLUMNS = ['', 'File', 'Role', 'Acquisition', 'Slices', 'Matrix', 'Truth', 'Sampling'] as const

/** Said once, where it is true of every volume. */
const allSynthetic = ({ volumes }: Study) => volumes.length > 0 && volumes.every(({ synthetic }) => synthetic)

function StudyPage({ study }: { study: StudyView }) {
  return (
    <section className={style.page} aria-label={study.name}>
      <header className={style.head}>
        <h2 className="truncate">{study.name}</h2>
        {allSynthetic(study) && <SyntheticBadge />}
        <span className={style.volumeCount}>{count(study.volumes.length, 'volume')}</span>
        <span className={style.spacer} />
        <ScanButton key={study.id} study={study} />
        {study.kind !== 'demonstration' && <Button onClick={() => hideStudy(study)}>Take off the list</Button>}
        {study.kind !== 'scans' && <Button onClick={() => goToScreen('runs', 'pretrain')}>Pre-train on it</Button>}
      </header>
      <div className={style.scroll}>
        <div className={style.said}>
          <FilesNotice key={study.id} study={study} />
          {study.remarks.length > 0 && (
            <ul className={style.remarks}>
              {study.remarks.map(remark => (
                <li key={remark}>{remark}</li>
              ))}
            </ul>
          )}
          {study.skipped.length > 0 && (
            <details className={style.skipped} open>
              <summary>{count(study.skipped.length, 'file')} could not be used</summary>
              <ul>
                {study.skipped.map(({ path, reason }) => (
                  <li key={path}>
                    <span className="mono">{fileOf(path)}</span> {withoutUpload(reason)}
                  </li>
                ))}
              </ul>
            </details>
          )}
        </div>
        <Volumes study={study} />
      </div>
    </section>
  )
}

const ROW = 48

function Volumes({ study }: { study: StudyView }) {
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: study.volumes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  })
  if (study.volumes.length === 0) {
    return <p className={style.none}>No volume here yet. Drop fastMRI HDF5 files (.h5) on the window.</p>
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
        {volume.synthetic && !allSynthetic(study) && <SyntheticBadge />}
        <StateMark state={study.states[volume.id]} />
      </td>
      <td>{study.kind === 'scans' ? NONE : ROLE_LABEL[volume.role]}</td>
      <td className="truncate" title={volume.acquisition ?? undefined}>
        {volume.acquisition ?? NONE}
      </td>
      <td>{volume.slices}</td>
      <td className={style.matrix}>{matrix(volume)}</td>
      <td>{volume.targetShape ? 'yes' : 'no'}</td>
      <td className={style.sampling}>
        <span className={style.samplingWords} title={samplingInWords(volume)}>
          {samplingInWords(volume)}
        </span>
        {study.kind === 'scans' && (
          <Button size="compact-xs" onClick={() => removeScan(volume)} aria-label={`Take ${volume.file} off the list`}>
            Remove
          </Button>
        )}
      </td>
    </tr>
  )
}

function AddFolder({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [path, setPath] = useState('')
  return (
    <Modal opened={opened} onClose={onClose} title="Add a folder of fastMRI files" size={560}>
      <form
        className={style.form}
        onSubmit={event => {
          event.preventDefault()
          onClose()
          void importFolder(path)
        }}
      >
        <p className="secondary">
          Folders named train, val and test keep their roles; else patients are split, never slices. Files stay where
          they are; patient ids are kept as salted hashes only.
        </p>
        <HostPath label="Folder on the host" what="folder" value={path} onChange={setPath} />
        <div className={style.formEnd}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={path.trim() === ''}>
            Add
          </Button>
        </div>
      </form>
    </Modal>
  )
}

function SyntheticKnee({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [patients, setPatients] = useState(3)
  const [slices, setSlices] = useState(4)
  const [seed, setSeed] = useState(0)
  const others = Math.max(1, Math.ceil(patients / 3))
  const megabytes = (patients + 2 * others) * 2 * slices * 2.8
  return (
    <Modal opened={opened} onClose={onClose} title="Make a synthetic knee study" size={440}>
      <form
        className={style.form}
        onSubmit={event => {
          event.preventDefault()
          onClose()
          void synthesizeKnee({ patients, slices, seed })
        }}
      >
        <p className="secondary">
          fastMRI files of drawn anatomy (640 × 372 → 320 × 320), a PD and a PDFS volume a patient. Synthetic: nothing
          learned on it says how well anything images patients.
        </p>
        <div className={style.fields}>
          <Whole label="Patients for training" value={patients} most={200} onChange={setPatients} />
          <Whole label="Slices a volume" value={slices} most={64} onChange={setSlices} />
          <Whole label="Seed" value={seed} least={0} onChange={setSeed} />
        </div>
        <p className="secondary">
          {others} more {others === 1 ? 'patient validates' : 'patients validate'} and {others}{' '}
          {others === 1 ? 'tests' : 'test'}; about {Math.ceil(megabytes / 10) * 10} MB in the profile.
        </p>
        <div className={style.formEnd}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled">
            Make it
          </Button>
        </div>
      </form>
    </Modal>
  )
}

function Whole(props: {
  label: string
  value: number
  least?: number
  most?: number
  onChange: (value: number) => void
}) {
  const { label, value, least = 1, most, onChange } = props
  return (
    <NumberInput
      label={label}
      min={least}
      max={most}
      allowDecimal={false}
      value={value}
      onChange={next => typeof next === 'number' && next >= least && onChange(next)}
    />
  )
}
