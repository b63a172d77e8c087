/** Asks for a folder on the host. */
import { Button, Modal } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { HostPath } from '../widgets/host-path.tsx'
import style from './studies.module.css'

interface Props {
  readonly title: string
  /** The label of the button that takes the folder. */
  readonly action: string
  readonly opened: boolean
  readonly onClose: () => void
  readonly onFolder: (path: string) => void
  readonly children: ReactNode
}

export function FolderDialog({ title, action, opened, onClose, onFolder, children }: Props) {
  const [path, setPath] = useState('')
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={560}>
      <form
        className={style.form}
        onSubmit={event => {
          event.preventDefault()
          onClose()
          onFolder(path)
        }}
      >
        <p className="secondary">{children}</p>
        <HostPath
          label="Folder on the host"
          what="folder"
          example="/data/knee_singlecoil"
          value={path}
          onChange={setPath}
        />
        <div className={style.formEnd}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={path.trim() === ''}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
