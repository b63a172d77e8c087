/** The study browser: studies, their volumes with what is known of each, and the files that could not be used. */
import { Button, Menu } from '@mantine/core'
import { useFileDialog } from '@mantine/hooks'
import { IconChevronDown, IconFileImport, IconFolderPlus, IconShape } from '@tabler/icons-react'
import { useState } from 'react'
import { BESIDE_ENDINGS, VOLUME_ENDINGS } from '../../contract/file-endings.ts'
import type { StudySummary, StudyView } from '../../contract/studies.ts'
import { coilsInWords } from '../../contract/volumes.ts'
import { count } from '../../presentation/numbers.ts'
import { desktop } from '../app/client.ts'
import { fileOf, withoutUpload } from '../app/format.ts'
import { goToScreen } from '../app/navigation.ts'
import { tellError } from '../app/notify.tsx'
import { useStudies, useStudyNow } from '../app/queries.ts'
import { OriginBadge } from '../viewer/badges.tsx'
import { useOpenStudy } from '../viewer/open-study.ts'
import { openStudy } from '../viewer/view.ts'
import { demonstrateCoils, hideStudy, importFolder } from './actions.ts'
import { AddFolder, SyntheticKnee } from './add-study.tsx'
import { openFiles } from './bring.ts'
import { FilesNotice, ScanButton } from './files.tsx'
import { FlagsNotice } from './flags.tsx'
import style from './studies.module.css'
import { isOfOneOrigin, Volumes } from './volumes.tsx'

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
    accept: [...VOLUME_ENDINGS, ...BESIDE_ENDINGS].join(),
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
                A folder of k-space files…
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
        <footer className={style.foot}>
          {studies?.every(({ coils }) => coils === 1) && (
            <Button onClick={demonstrateCoils} title="A small synthetic study with 8 coils, drawn on this computer">
              Make multi-coil study
            </Button>
          )}
          <p>Drop a folder to add a study, or single files to reconstruct them.</p>
        </footer>
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
        <span className="secondary">
          {count(study.volumes, 'volume')}
          {study.coils > 1 && `, ${study.coils} coils`}
        </span>
        {study.skipped > 0 && <span className={style.warning}>{study.skipped} not usable</span>}
        <OriginBadge origin={study.origin} />
      </span>
    </button>
  )
}

function StudyPage({ study }: { study: StudyView }) {
  return (
    <section className={style.page} aria-label={study.name}>
      <header className={style.head}>
        <h2 className="truncate">{study.name}</h2>
        {isOfOneOrigin(study) && <OriginBadge origin={study.volumes[0].origin} />}
        <span className={style.volumeCount}>
          {count(study.volumes.length, 'volume')}
          {study.volumes.length > 0 && <span className={style.coils}>, {coilsInWords(study.volumes)}</span>}
        </span>
        <span className={style.spacer} />
        <ScanButton key={study.id} study={study} />
        {study.kind !== 'demonstration' && <Button onClick={() => hideStudy(study)}>Remove from list</Button>}
        {study.kind !== 'scans' && (
          <Button onClick={() => goToScreen('runs', 'pretrain')}>Pre-train on this study</Button>
        )}
      </header>
      <div className={style.scroll}>
        <div className={style.said}>
          <FilesNotice key={study.id} study={study} />
          <FlagsNotice study={study} />
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
