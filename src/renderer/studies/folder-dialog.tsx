/** Asks for a folder on the host. */
import { type ReactNode, useState } from 'react'
import { FormDialog } from '../widgets/form-dialog.tsx'
import { HostPath } from '../widgets/host-path.tsx'

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
    <FormDialog
      size={560}
      ready={path.trim() !== ''}
      onSubmit={() => {
        onClose()
        onFolder(path)
      }}
      {...{ title, action, opened, onClose }}
    >
      <p className="secondary">{children}</p>
      <HostPath
        label="Folder on the host"
        what="folder"
        example="/data/knee_singlecoil"
        value={path}
        onChange={setPath}
      />
    </FormDialog>
  )
}
