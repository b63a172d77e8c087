/** Importing a checkpoint of other origin: a safetensors file with fastMRI's U-Net names. */
import { Button, Modal, Select } from '@mantine/core'
import { useState } from 'react'
import { importCheckpoint } from '../app/run-actions.ts'
import { useTrainable } from '../viewer/open-study.ts'
import { HostPath } from '../widgets/host-path.tsx'
import style from './runs.module.css'

export function CheckpointImport({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [path, setPath] = useState('')
  const { trainable, first } = useTrainable()
  const [chosenStudy, setStudy] = useState<number | null>(null)
  const study = chosenStudy ?? first?.id ?? null
  const start = async () => {
    await importCheckpoint(path, study!)
    onClose()
  }
  return (
    <Modal opened={opened} onClose={onClose} title="Import a checkpoint" size={520}>
      <form
        className={style.form}
        onSubmit={event => {
          event.preventDefault()
          void start()
        }}
      >
        <p className="secondary">
          A safetensors file whose tensors carry fastMRI’s U-Net names. It is copied; which patients it was trained on
          is not known here.
        </p>
        <HostPath label="File on the host" what="file" value={path} onChange={setPath} />
        <Select
          label="Study that it is for"
          data={trainable.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={study === null ? null : String(study)}
          onChange={value => value && setStudy(Number(value))}
          allowDeselect={false}
        />
        <div className={style.formEnd}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={study === null || !path.endsWith('.safetensors')}>
            Import
          </Button>
        </div>
      </form>
    </Modal>
  )
}
