/** Dialogs that make a study: of a folder, or of drawn anatomy. */
import { NumberInput } from '@mantine/core'
import { useState } from 'react'
import { MOST_COILS } from '../../contract/studies.ts'
import { count } from '../../presentation/numbers.ts'
import { FormDialog } from '../widgets/form-dialog.tsx'
import { importFolder, synthesizeKnee } from './actions.ts'
import { FolderDialog } from './folder-dialog.tsx'
import style from './studies.module.css'

export function AddFolder({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <FolderDialog
      title="Add a folder of k-space files"
      action="Add study"
      opened={opened}
      onClose={onClose}
      onFolder={path => void importFolder(path)}
    >
      Folders named train, val and test keep their roles. Otherwise patients are split, never the slices of one patient.
      The files stay where they are. Patient IDs are stored as salted hashes only.
    </FolderDialog>
  )
}

export function SyntheticKnee({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [patients, setPatients] = useState(3)
  const [slices, setSlices] = useState(4)
  const [coils, setCoils] = useState(1)
  const [seed, setSeed] = useState(0)
  const others = Math.max(1, Math.round(patients / 3))
  // Three images, and for each coil k-space. Several coils add a map for each coil.
  const megabytesOfSlice = 1.2 + coils * (coils === 1 ? 1.9 : 2.7)
  const megabytes = (patients + 2 * others) * 2 * slices * megabytesOfSlice
  return (
    <FormDialog
      title="Make a synthetic knee study"
      action="Make study"
      size={440}
      onSubmit={() => {
        onClose()
        void synthesizeKnee({ patients, slices, coils, seed })
      }}
      {...{ opened, onClose }}
    >
      <p className="secondary">
        fastMRI files of drawn anatomy (640 × 372 → 320 × 320), with a PD and a PDFS volume for each patient. Results on
        drawn anatomy do not show how well a network images patients.
      </p>
      <div className={style.fields}>
        <Whole label="Patients for training" value={patients} most={200} onChange={setPatients} />
        <Whole label="Slices per volume" value={slices} most={64} onChange={setSlices} />
        <Whole label="Coils" value={coils} most={MOST_COILS} onChange={setCoils} />
        <Whole label="Seed" value={seed} least={0} onChange={setSeed} />
      </div>
      <p className="secondary">
        {count(others, 'more patient')} for validation, {others} for test. About {Math.ceil(megabytes / 10) * 10} MB in
        the profile.
      </p>
    </FormDialog>
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
