/** Importing a checkpoint of other origin: a safetensors file with fastMRI's U-Net names. */
import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import { importCheckpoint } from '../actions.ts'
import { HostPath } from '../host-path.tsx'
import { useInfo } from '../queries.ts'
import { useView } from '../view.ts'
import style from './runs.module.css'

export function CheckpointImport({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [path, setPath] = useState('')
  const study = useView(view => view.study)
  const { data: info } = useInfo()
  const start = async () => {
    await importCheckpoint(path, study ?? info!.demonstration)
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
        <div className={style.formEnd}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={!path.endsWith('.safetensors')}>
            Import
          </Button>
        </div>
      </form>
    </Modal>
  )
}
