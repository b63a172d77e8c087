/** A study's files beside what the study took of them: read, changed, missing; scanned again and found elsewhere. */
import { Button, Checkbox, Modal } from '@mantine/core'
import { useEffect, useState } from 'react'
import { create } from 'zustand'
import type { FileState, Findings, StudyView } from '../../contract/studies.ts'
import { some } from '../../contract/words.ts'
import { count } from '../../presentation/numbers.ts'
import { fileOf, ROLE_LABEL } from '../app/format.ts'
import { tellDone } from '../app/notify.tsx'
import { locateFiles, readStudy, scanStudy, takeFindings } from './actions.ts'
import { FolderDialog } from './folder-dialog.tsx'
import style from './studies.module.css'

const MARKS: Readonly<Record<FileState, { readonly label: string; readonly says: string } | null>> = {
  'as taken': null,
  unread: null,
  'written since': {
    label: 'written since',
    says: 'The file was written after it was read. “Scan again” reads it again.',
  },
  changed: {
    label: 'changed',
    says: 'The contents of the file differ from those that the study uses. Earlier results are of the old contents.',
  },
  missing: { label: 'missing', says: 'The file is no longer there. “Locate files” finds it by its contents.' },
}

export function StateMark({ state }: { state: FileState | undefined }) {
  const mark = state && MARKS[state]
  if (!mark) return null
  return (
    <span className={style.warning} title={mark.says}>
      {mark.label}
    </span>
  )
}

/** Readings by study. One that has ended, by itself or by the user, is not begun unasked again. */
const useReadings = create<{ readonly [study: number]: 'going on' | 'ended' }>(() => ({}))

async function read(study: StudyView): Promise<void> {
  if (useReadings.getState()[study.id] === 'going on') return
  useReadings.setState({ [study.id]: 'going on' })
  await readStudy(study).finally(() => useReadings.setState({ [study.id]: 'ended' }))
}

const filesIn = ({ volumes, states }: StudyView, ...of: FileState[]) =>
  volumes.filter(({ id }) => of.includes(states[id]))

/**
 * What the user must know of the files, and what to do. The contents are read in the background once a study is open.
 */
export function FilesNotice({ study }: { study: StudyView }) {
  const [locating, setLocating] = useState(false)
  const reading = useReadings(readings => readings[study.id])
  const unread = filesIn(study, 'unread').length
  const written = filesIn(study, 'written since')
  const toRead = unread + written.length
  useEffect(() => {
    if (toRead > 0 && !reading) void read(study)
  }, [study, toRead, reading])
  const changed = filesIn(study, 'changed')
  const missing = filesIn(study, 'missing')
  if (toRead + changed.length + missing.length === 0) return null
  const named = (files: typeof changed) =>
    some(
      files.map(({ file }) => file),
      4,
    )
  return (
    <ul className={style.notice} aria-label="State of the files">
      {unread > 0 && (
        <li>
          {unread} of {count(study.volumes.length, 'file')} not read to the end yet. Their sampling and missing slices
          are not known.
        </li>
      )}
      {written.length > 0 && (
        <li>Written since they were read: {named(written)}. Reading tells whether their contents changed.</li>
      )}
      {toRead > 0 && reading === 'ended' && (
        <li className={style.act}>
          <Button size="compact-xs" onClick={() => read(study)}>
            Read files
          </Button>
        </li>
      )}
      {changed.length > 0 && (
        <li className={style.warning}>
          Changed since they were added: {named(changed)}. Earlier results are of the old contents. These files are not
          used for training or scores until you scan again and accept them.
        </li>
      )}
      {missing.length > 0 && (
        <li>
          <span className={style.warning}>Missing: {named(missing)}.</span>{' '}
          <Button size="compact-xs" onClick={() => setLocating(true)}>
            Locate files…
          </Button>
          <Locate study={study} opened={locating} onClose={() => setLocating(false)} />
        </li>
      )}
    </ul>
  )
}

export function ScanButton({ study }: { study: StudyView }) {
  const [findings, setFindings] = useState<Findings | null>(null)
  const [shown, setShown] = useState(false)
  const scan = async () => {
    const found = await scanStudy(study)
    if (!found) return
    const lists = [found.added, found.changed, found.moved, found.missing, found.unusable]
    if (lists.every(list => list.length === 0)) tellDone('No file has changed.')
    else {
      setFindings(found)
      setShown(true)
    }
  }
  const close = () => setShown(false)
  return (
    <>
      <Button onClick={scan}>Scan again</Button>
      <Modal opened={shown} onClose={close} title={`Changes in “${study.name}”`} size={640}>
        {findings && <Take key={findings.token} study={study} findings={findings} onClose={close} />}
      </Modal>
    </>
  )
}

function Group({ title, items }: { title: string; items: readonly (readonly [file: string, what: string])[] }) {
  if (items.length === 0) return null
  return (
    <section className={style.findings}>
      <h3>
        {title} ({items.length})
      </h3>
      <ul>
        {items.map(([file, what]) => (
          <li key={file}>
            <span className="mono">{file}</span> {what}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Take({ study, findings, onClose }: { study: StudyView; findings: Findings; onClose: () => void }) {
  const [removeMissing, setRemoveMissing] = useState(false)
  const { added, changed, moved, missing, unusable } = findings
  const somethingToTake = added.length + changed.length + moved.length + unusable.length > 0 || removeMissing
  return (
    <div className={style.form}>
      <Group title="New" items={added.map(({ file, role }) => [file, `for ${ROLE_LABEL[role]}`])} />
      <Group title="Changed" items={changed.map(({ file, what }) => [file, what])} />
      <Group title="Moved" items={moved.map(({ path, from }) => [path, `was ${from}`])} />
      <Group title="Missing" items={missing.map(({ path }) => [path, ''])} />
      <Group title="Not usable" items={unusable.map(({ path, reason }) => [fileOf(path), reason])} />
      {missing.length > 0 && (
        <Checkbox
          label="Remove the missing files from the study"
          checked={removeMissing}
          onChange={event => setRemoveMissing(event.currentTarget.checked)}
        />
      )}
      <p className="secondary">
        Runs and scores of the old contents stay and are marked. Patients are checked again, because no patient may be
        in both training and test.
      </p>
      <div className={style.formEnd}>
        <Button onClick={onClose}>Keep the study as it is</Button>
        <Button
          variant="filled"
          disabled={!somethingToTake}
          onClick={() => {
            onClose()
            void takeFindings(study, findings, removeMissing)
          }}
        >
          Use these files
        </Button>
      </div>
    </div>
  )
}

function Locate({ study, opened, onClose }: { study: StudyView; opened: boolean; onClose: () => void }) {
  return (
    <FolderDialog
      title="Locate missing files"
      action="Locate files"
      opened={opened}
      onClose={onClose}
      onFolder={path => void locateFiles(study, path)}
    >
      The files in this folder are compared with the missing files by their contents. Their names do not matter.
    </FolderDialog>
  )
}
