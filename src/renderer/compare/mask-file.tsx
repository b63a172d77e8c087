/** Chooses a mask file on the host. */
import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import type { MaskFile } from '../../contract/evaluation.ts'
import { client } from '../app/client.ts'
import { HostPath } from '../widgets/host-path.tsx'
import style from './side-panel.module.css'

interface Props {
  readonly opened: boolean
  readonly onClose: () => void
  readonly onFile: (file: MaskFile) => void
}

export function MaskFileDialog({ opened, onClose, onFile }: Props) {
  const [path, setPath] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const open = async () => {
    try {
      onFile(await client.app.maskFile({ path }))
      setFault(null)
      onClose()
    } catch (error) {
      setFault((error as Error).message)
    }
  }
  return (
    <Modal opened={opened} onClose={onClose} title="Open a mask file" size={520}>
      <form
        className={style.form}
        onSubmit={event => {
          event.preventDefault()
          void open()
        }}
      >
        <p className="secondary">
          A NumPy file (.npy) of 0 and 1: [columns], [rows, columns] or [slices, rows, columns].
        </p>
        <HostPath label="File on the host" what="file" example="/data/mask.npy" value={path} onChange={setPath} />
        {fault && <p role="alert">{fault}</p>}
        <div className={style.formEnd}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={!/\.npy$/i.test(path)}>
            Open mask
          </Button>
        </div>
      </form>
    </Modal>
  )
}
