/** Chooses a mask file on the host. */
import { useState } from 'react'
import type { MaskFile } from '../../contract/evaluation.ts'
import { client } from '../app/client.ts'
import { FormDialog } from '../widgets/form-dialog.tsx'
import { HostPath } from '../widgets/host-path.tsx'

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
    <FormDialog
      title="Open a mask file"
      action="Open mask"
      ready={/\.npy$/i.test(path)}
      onSubmit={() => void open()}
      {...{ opened, onClose }}
    >
      <p className="secondary">
        A NumPy file (.npy) of 0 and 1: [columns], [rows, columns] or [slices, rows, columns]. The file is copied.
      </p>
      <HostPath label="File on the host" what="file" example="/data/mask.npy" value={path} onChange={setPath} />
      {fault && <p role="alert">{fault}</p>}
    </FormDialog>
  )
}
