/** Importing a checkpoint of other origin: a file of safetensors, PyTorch or Lightning. */
import { Select } from '@mantine/core'
import { useState } from 'react'
import { isCheckpointFile } from '../../contract/checkpoint-files.ts'
import { importCheckpoint } from '../app/run-actions.ts'
import { useTrainable } from '../viewer/open-study.ts'
import { FormDialog } from '../widgets/form-dialog.tsx'
import { HostPath } from '../widgets/host-path.tsx'

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
    <FormDialog
      title="Import a checkpoint"
      action="Import checkpoint"
      ready={study !== null && isCheckpointFile(path)}
      onSubmit={() => void start()}
      {...{ opened, onClose }}
    >
      <p className="secondary">
        A file of safetensors, PyTorch (.pt, .pth) or Lightning (.ckpt) with the weights of a network of the start form.
        No code in the file is run. The weights are copied. The patients of the training are unknown.
      </p>
      <HostPath label="File on the host" what="file" example="/data/unet.pt" value={path} onChange={setPath} />
      <Select
        label="Study"
        data={trainable.map(({ id, name }) => ({ value: String(id), label: name }))}
        value={study === null ? null : String(study)}
        onChange={value => value && setStudy(Number(value))}
        allowDeselect={false}
      />
    </FormDialog>
  )
}
